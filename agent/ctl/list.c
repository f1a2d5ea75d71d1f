// still2mqtt-ctl list: a table of who is there. Main thread.
#include "ctl/ctl.h"

#include "base/timing.h"
#include "ctl/document.h"
#include "ctl/gather.h"
#include "ctl/outcome.h"
#include "ctl/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { COLUMNS = 6, CELL_SIZE = SETTINGS_TEXT_SIZE };

struct row {
    char cells[COLUMNS][CELL_SIZE];
};

static double age_s(const struct device *device)
{
    return document_age_s(device->meta, "captured_at", (double)timing_wall_ns() / 1e9);
}

// "17 s", "4 min"; with a mark where one of the clocks is known to be wrong.
static void tell_age(const struct device *device, char text[CELL_SIZE])
{
    static const struct {
        double seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    double age = age_s(device);
    if (isnan(age)) {
        snprintf(text, CELL_SIZE, "-");
        return;
    }
    bool is_guess = age < -2 || json_is_false(json_object_get(device->meta, "clock_synced"));
    size_t unit = 0;
    while (unit < 3 && age < 2 * units[unit].seconds) {
        unit++;
    }
    snprintf(text, CELL_SIZE, "%.0f %s%s", age < 0 ? 0 : floor(age / units[unit].seconds),
             units[unit].unit, is_guess ? "?" : "");
}

static void fill(const struct device *device, struct row *row)
{
    snprintf(row->cells[0], CELL_SIZE, "%s", device->id);
    device_name(device, row->cells[1], CELL_SIZE);
    snprintf(row->cells[2], CELL_SIZE, "%s", presence_name(device->status));
    snprintf(row->cells[3], CELL_SIZE, "%s", presence_name(device->camera));
    tell_age(device, row->cells[4]);
    device_version(device, row->cells[5], CELL_SIZE);
}

// Characters, not bytes.
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static bool print_rows(const struct row *rows, size_t count)
{
    size_t widths[COLUMNS] = {0};
    for (size_t i = 0; i < count; i++) {
        for (size_t column = 0; column < COLUMNS; column++) {
            size_t width = width_of(rows[i].cells[column]);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t column = 0; column < COLUMNS; column++) {
            const char *cell = rows[i].cells[column];
            bool is_last = column + 1 == COLUMNS;
            printf("%s%*s%s", cell, is_last ? 0 : (int)(widths[column] - width_of(cell)), "",
                   is_last ? "\n" : "  ");
        }
    }
    return fflush(stdout) == 0;
}

static bool print_table(const struct roster *roster, struct fault *fault)
{
    static const struct row head = {{"ID", "NAME", "STATUS", "CAMERA", "PICTURE", "VERSION"}};
    struct row *rows = calloc(roster->count + 1, sizeof *rows);
    if (rows == NULL) {
        return fault_set(fault, FAULT_SYSTEM, 0, "no memory for the list");
    }
    rows[0] = head;
    for (size_t i = 0; i < roster->count; i++) {
        fill(&roster->devices[i], &rows[i + 1]);
    }
    bool good = print_rows(rows, roster->count + 1);
    free(rows);
    return good || outcome_set(fault, EX_IOERR, "cannot write to standard output");
}

static json_t *describe(const struct device *device)
{
    struct row row;
    fill(device, &row);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", device->id, "name", row.cells[1], "status",
                  row.cells[2], "camera", row.cells[3], "version", row.cells[5]);
    double age = age_s(device);
    if (!isnan(age)) {
        json_object_set_new(object, "picture_age_s", json_real(round(age * 1000) / 1000));
    }
    json_t *picture = json_object_get(device->meta, "captured_at");
    json_object_set(object, "captured_at", picture);
    json_object_set(object, "clock_synced", json_object_get(device->meta, "clock_synced"));
    json_object_set(object, "groups",
                    json_object_get(json_object_get(device->state, "device"), "groups"));
    return object;
}

static bool print_json(const struct roster *roster, struct fault *fault)
{
    json_t *list = json_array();
    for (size_t i = 0; i < roster->count; i++) {
        json_array_append_new(list, describe(&roster->devices[i]));
    }
    return document_print(list, false) ||
           outcome_set(fault, EX_IOERR, "cannot write to standard output");
}

static bool print(const struct ctl *ctl, const struct roster *roster, struct fault *fault)
{
    if (roster->left_out > 0) {
        progress_note("there are more than %d cameras; not all are shown", ROSTER_MAX);
    }
    if (ctl->options->json) {
        return print_json(roster, fault);
    }
    if (roster->count == 0) {
        return outcome_set(fault, EX_NOUSER, "no camera is there under %s/: is --prefix right?",
                           ctl->mqtt->prefix);
    }
    return print_table(roster, fault);
}

bool ctl_list(const struct ctl *ctl, struct fault *fault)
{
    static const char *const suffixes[] = {"status", "camera", "state", "health", "meta", NULL};
    struct session *session = session_open(ctl->mqtt, ctl->password, fault);
    if (session == NULL) {
        return false;
    }
    struct roster roster;
    roster_init(&roster);
    progress_show("asking the broker who is there…");
    bool good = gather(session, "+", suffixes, &roster, ctl_deadline_ns(ctl), fault);
    progress_clear();
    good = good && print(ctl, &roster, fault);
    roster_fini(&roster);
    session_close(session);
    return good;
}
