// What becomes of a picture that came, or did not: files, lines, the sum. Main thread.
#include "ctl/snap.h"

#include "base/file.h"
#include "base/text.h"
#include "ctl/document.h"
#include "ctl/outcome.h"
#include "ctl/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static bool is_folder(const char *path)
{
    struct stat there;
    size_t len = strlen(path);
    return path[len - 1] == '/' || (stat(path, &there) == 0 && S_ISDIR(there.st_mode));
}

static char *path_of(const struct snap *snap, const struct snap_request *request)
{
    const char *output = snap->ctl->options->output;
    bool is_file = output != NULL && !is_folder(output);
    char *path = NULL;
    int len;
    if (is_file) {
        len = asprintf(&path, "%s", output);
    } else {
        const char *slash = output == NULL || output[strlen(output) - 1] == '/' ? "" : "/";
        len = asprintf(&path, "%s%s%s.jpg", output != NULL ? output : "", slash, request->id);
    }
    return len < 0 ? NULL : path;
}

static void print(const struct snap *snap, const struct snap_request *request, char *path)
{
    const struct catch *catch = &request->catch;
    if (snap->ctl->options->json) {
        text_clean(path); // what is no UTF-8 has no place in JSON
        document_print(json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:s}", "id", request->id,
                                 "path", path, "picture_id", catch->meta.id, "captured_at",
                                 catch->meta.captured_at, "width", (int)catch->width, "height",
                                 (int)catch->height, "bytes", (json_int_t) catch->jpeg.len,
                                 "sha256", catch->meta.sha256),
                       true);
    } else if (strcmp(path, "-") != 0) {
        puts(path);
        fflush(stdout);
    }
}

void snap_keep(const struct snap *snap, struct snap_request *request)
{
    struct fault fault;
    char *path = path_of(snap, request);
    progress_clear();
    if (path == NULL) {
        fault_set(&fault, FAULT_SYSTEM, 0, "no memory for a file name");
        snap_give_up(snap, request, &fault);
        return;
    }
    if (file_replace(path, &request->catch.jpeg, &fault)) {
        request->is_settled = request->is_good = true;
        print(snap, request, path);
    } else {
        struct fault why;
        outcome_set(&why, EX_CANTCREAT, "%s", fault.text);
        snap_give_up(snap, request, &why);
    }
    free(path);
}

void snap_give_up(const struct snap *snap, struct snap_request *request, const struct fault *why)
{
    request->is_settled = true;
    request->why = *why;
    if (snap->ctl->options->json) {
        progress_clear();
        document_print(json_pack("{s:s, s:s, s:i}", "id", request->id, "error", why->text, "status",
                                 outcome_status(why)),
                       true);
    } else if (snap->count > 1) {
        progress_note("still2mqtt-ctl: %s: %s", request->id, why->text);
    }
}

bool snap_conclude(const struct snap *snap, struct fault *fault)
{
    const struct snap_request *first = NULL;
    size_t failed = 0;
    char names[240] = "";
    for (size_t i = 0; i < snap->count; i++) {
        const struct snap_request *request = &snap->requests[i];
        if (request->is_good) {
            continue;
        }
        failed++;
        first = first != NULL ? first : request;
        size_t len = strlen(names);
        bool fits = len + strlen(request->id) + 8 < sizeof names;
        snprintf(names + len, sizeof names - len, "%s%s", len > 0 ? ", " : "",
                 fits ? request->id : "…");
        if (!fits) {
            break;
        }
    }
    if (first == NULL) {
        return true;
    }
    *fault = first->why;
    if (snap->count == 1) {
        return fault_prefix(fault, "%s", first->id);
    }
    return outcome_set(fault, outcome_status(&first->why), "%zu of %zu pictures did not come: %s",
                       snap->count - snap->good, snap->count, names);
}
