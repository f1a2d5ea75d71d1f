// The file of changed settings alone, for a test that kills it:
//
//   changes_writer FOLDER FROM TO   writes the quality FROM, FROM + 1, … TO, one after the other.
//       Says "put N" before it begins and "kept N" once N is to outlive anything.
//   changes_writer FOLDER           says "found N" of what is there, "found 0" of nothing, or what
//       is wrong with it
#include "settings/settings_overlay.h"
#include "settings/settings_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// One write(2) a line: what was said stays said, whatever happens next.
static void say(const char *word, unsigned number)
{
    char line[64];
    int len = snprintf(line, sizeof line, "%s %u\n", word, number);
    if (write(STDOUT_FILENO, line, (size_t)len) != len) {
        _exit(3);
    }
}

static int look(const struct settings *base)
{
    struct settings_overlay changes;
    struct settings applied;
    struct bytes findings;
    bytes_init(&findings);
    settings_overlay_load(base, &changes, &findings);
    settings_overlay_apply(&changes, base, &applied);
    say("found", settings_overlay_is_empty(&changes) ? 0 : applied.picture.quality);
    bool is_whole = findings.len == 0;
    if (!is_whole) {
        fwrite(findings.data, 1, findings.len, stderr);
    }
    bytes_fini(&findings);
    return is_whole ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct settings base;
    static struct settings_overlay changes;
    if (argc != 2 && argc != 4) {
        return 2;
    }
    settings_default(&base);
    snprintf(base.device.id, sizeof base.device.id, "a");
    snprintf(base.device.state_path, sizeof base.device.state_path, "%s", argv[1]);
    if (argc == 2) {
        return look(&base);
    }
    const struct setting *row = settings_table_find("picture", "quality");
    unsigned last = (unsigned)strtoul(argv[3], NULL, 10);
    for (unsigned i = (unsigned)strtoul(argv[2], NULL, 10); i <= last; i++) {
        struct settings with = base;
        struct fault fault;
        with.picture.quality = i;
        settings_overlay_take(&changes, row, &with);
        say("put", i);
        if (!settings_overlay_save(&changes, &base, &fault)) {
            fprintf(stderr, "%s\n", fault.text);
            return 1;
        }
        say("kept", i);
    }
    return 0;
}
