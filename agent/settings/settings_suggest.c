// The nearest name of the tables. Any thread, no state.
#include "settings/settings_suggest.h"

#include "base/nearness.h"
#include "settings/settings_list.h"

#include <stdint.h>
#include <string.h>

struct search {
    const char *group; // that the name stood in; NULL: in none
    const char *key;
    const char *nearest;
    size_t least;
};

// Of two that are as near, one of the same group is meant.
static void consider(struct search *search, const char *path, const char *name, bool is_at_home)
{
    size_t steps = nearness_steps(search->key, name);
    size_t score = 2 * steps + (is_at_home ? 0 : 1);
    if (nearness_is_near(steps, name) && score < search->least) {
        search->nearest = path;
        search->least = score;
    }
}

static void consider_row(struct search *search, const struct setting *setting)
{
    consider(search, setting->path, setting_key(setting),
             search->group != NULL && setting_in_group(setting, search->group));
}

static void consider_list(struct search *search, const struct setting_list *list)
{
    consider(search, list->path, setting_list_key(list),
             search->group != NULL && setting_list_in_group(list, search->group));
    for (size_t i = 0; i < list->row_count; i++) {
        consider_row(search, &list->rows[i]);
    }
}

const char *settings_suggest(const char *group, const char *key)
{
    struct search search = {group, key, NULL, SIZE_MAX};
    for (size_t i = 0; i < settings_groups_count && group == NULL; i++) {
        consider(&search, settings_groups[i].name, settings_groups[i].name, true);
    }
    for (size_t i = 0; i < settings_table_count; i++) {
        consider_row(&search, &settings_table[i]);
    }
    for (size_t i = 0; i < settings_lists_count; i++) {
        consider_list(&search, &settings_lists[i]);
    }
    return search.nearest;
}
