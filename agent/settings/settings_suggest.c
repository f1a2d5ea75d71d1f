// Edit distance over the table. Any thread, no state.
#include "settings/settings_suggest.h"

#include "settings/settings_table.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { NAME_MAX_LEN = 31 }; // longer than any key of ours; a longer word is near to none

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

// How many letters must be changed, put in, left out or swapped with their neighbour.
static size_t distance(const char *a, const char *b)
{
    size_t rows = strnlen(a, NAME_MAX_LEN + 1);
    size_t columns = strnlen(b, NAME_MAX_LEN + 1);
    if (rows > NAME_MAX_LEN || columns > NAME_MAX_LEN) {
        return NAME_MAX_LEN;
    }
    size_t cost[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1] = {{0}};
    for (size_t j = 0; j <= columns; j++) {
        cost[0][j] = j;
    }
    for (size_t i = 1; i <= rows; i++) {
        cost[i][0] = i;
        for (size_t j = 1; j <= columns; j++) {
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            size_t best = smaller(cost[i - 1][j], cost[i][j - 1]) + 1;
            best = smaller(best, cost[i - 1][j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = smaller(best, cost[i - 2][j - 2] + 1);
            }
            cost[i][j] = best;
        }
    }
    return cost[rows][columns];
}

static bool is_near(size_t steps, const char *name)
{
    size_t allowed = strlen(name) / 3;
    return steps <= (allowed < 1 ? 1 : allowed);
}

const char *settings_suggest(const char *group, const char *key)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < settings_groups_count && group == NULL; i++) {
        size_t steps = distance(key, settings_groups[i].name);
        if (is_near(steps, settings_groups[i].name) && 2 * steps < least) {
            nearest = settings_groups[i].name;
            least = 2 * steps;
        }
    }
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        size_t steps = distance(key, setting_key(setting));
        // a key of another group must be nearer than one of this group
        bool here = group != NULL && setting_in_group(setting, group);
        size_t score = 2 * steps + (here ? 0 : 1);
        if (is_near(steps, setting_key(setting)) && score < least) {
            nearest = setting->path;
            least = score;
        }
    }
    return nearest;
}
