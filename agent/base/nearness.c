// Edit distance. Any thread, no state.
#include "base/nearness.h"

#include <ctype.h>
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearness_steps(const char *a, const char *b)
{
    size_t rows = strnlen(a, NEARNESS_NAME_MAX + 1);
    size_t columns = strnlen(b, NEARNESS_NAME_MAX + 1);
    if (rows > NEARNESS_NAME_MAX || columns > NEARNESS_NAME_MAX) {
        return NEARNESS_NAME_MAX;
    }
    size_t cost[NEARNESS_NAME_MAX + 1][NEARNESS_NAME_MAX + 1];
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

bool nearness_is_near(size_t steps, const char *name)
{
    size_t allowed = strlen(name) / 3;
    return steps <= (allowed < 1 ? 1 : allowed);
}
