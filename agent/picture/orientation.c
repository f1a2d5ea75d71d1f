// The eight ways to lay a rectangle down, as a group: mirrored left to right or not, then turned
// clockwise by quarters. Pure.
#include "picture/orientation.h"

#include <assert.h>

struct turn {
    bool mirrored;
    unsigned quarters;
};

static const struct turn turns[] = {
    [1] = {false, 0}, [2] = {true, 0},  [3] = {false, 2}, [4] = {true, 2},
    [5] = {true, 3},  [6] = {false, 1}, [7] = {true, 1},  [8] = {false, 3},
};

static unsigned number_of(struct turn turn)
{
    unsigned number = 1;
    while (turns[number].mirrored != turn.mirrored || turns[number].quarters != turn.quarters % 4) {
        number++;
    }
    return number;
}

unsigned orientation_of(unsigned degrees, bool hflip, bool vflip)
{
    // upside down is mirrored and half a turn
    return number_of((struct turn){hflip != vflip, degrees / 90 + (vflip ? 2 : 0)});
}

unsigned orientation_left(unsigned wanted, unsigned done)
{
    assert(wanted >= 1 && wanted <= 8 && done >= 1 && done <= 8);
    struct turn want = turns[wanted];
    struct turn did = turns[done];
    bool mirrored = want.mirrored != did.mirrored;
    // a mirror turns what comes before it the other way round
    unsigned quarters = mirrored ? want.quarters + did.quarters : want.quarters + 4 - did.quarters;
    return number_of((struct turn){mirrored, quarters});
}
