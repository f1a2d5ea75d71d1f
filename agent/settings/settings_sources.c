// A name and a line for each row. One thread at a time.
#include "settings/settings_sources.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void settings_sources_init(struct settings_sources *sources)
{
    *sources = (struct settings_sources){.rows = {{.name = NULL}}};
}

void settings_sources_fini(struct settings_sources *sources)
{
    for (size_t i = 0; i < SETTINGS_ROWS_MAX; i++) {
        free(sources->rows[i].name);
    }
    settings_sources_init(sources);
}

static size_t row_of(const struct setting *setting)
{
    assert(settings_table_count <= SETTINGS_ROWS_MAX);
    return (size_t)(setting - settings_table);
}

void settings_sources_set(struct settings_sources *sources, const struct setting *setting,
                          const char *name, unsigned line)
{
    struct settings_source *source = &sources->rows[row_of(setting)];
    free(source->name);
    *source = (struct settings_source){strdup(name), line};
    if (source->name != NULL) {
        text_clean(source->name); // it is shown in a comment of one line
    }
}

bool settings_sources_text(const struct settings_sources *sources, const struct setting *setting,
                           char text[static SETTINGS_SOURCE_TEXT_SIZE])
{
    const struct settings_source *source = &sources->rows[row_of(setting)];
    if (source->name == NULL) {
        return false;
    }
    // the end of a long path tells more than its beginning
    const size_t room = SETTINGS_SOURCE_TEXT_SIZE - 16;
    size_t len = strlen(source->name);
    const char *name = source->name + (len > room ? len - room : 0);
    if (source->line == 0) {
        snprintf(text, SETTINGS_SOURCE_TEXT_SIZE, "%s", name);
    } else {
        snprintf(text, SETTINGS_SOURCE_TEXT_SIZE, "%s:%u", name, source->line);
    }
    return true;
}
