// Turns of a rectangle, proven by turning one.
#include "picture/orientation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct sheet {
    int width;
    int height;
    char cells[6];
};

static char *cell(struct sheet *sheet, int x, int y)
{
    return &sheet->cells[y * sheet->width + x];
}

static struct sheet flipped(struct sheet sheet, bool across)
{
    struct sheet out = sheet;
    for (int y = 0; y < sheet.height; y++) {
        for (int x = 0; x < sheet.width; x++) {
            *cell(&out, across ? sheet.width - 1 - x : x, across ? y : sheet.height - 1 - y) =
                *cell(&sheet, x, y);
        }
    }
    return out;
}

static struct sheet turned(struct sheet sheet, unsigned degrees)
{
    for (; degrees > 0; degrees -= 90) {
        struct sheet out = {.width = sheet.height, .height = sheet.width};
        for (int y = 0; y < sheet.height; y++) {
            for (int x = 0; x < sheet.width; x++) {
                *cell(&out, sheet.height - 1 - y, x) = *cell(&sheet, x, y);
            }
        }
        sheet = out;
    }
    return sheet;
}

// What a viewer shows, by the words of the EXIF standard: where row 0 and column 0 are seen.
static struct sheet shown(struct sheet sheet, unsigned orientation)
{
    switch (orientation) {
    case 1: // top, left
        return sheet;
    case 2: // top, right
        return flipped(sheet, true);
    case 3: // bottom, right
        return turned(sheet, 180);
    case 4: // bottom, left
        return flipped(sheet, false);
    case 5: // left, top
        return turned(flipped(sheet, true), 270);
    case 6: // right, top
        return turned(sheet, 90);
    case 7: // right, bottom
        return turned(flipped(sheet, true), 90);
    case 8: // left, bottom
        return turned(sheet, 270);
    default:
        fail_msg("orientation %u", orientation);
        return sheet;
    }
}

static const struct sheet original = {3, 2, {'a', 'b', 'c', 'd', 'e', 'f'}};

static void assert_same(struct sheet a, struct sheet b)
{
    assert_int_equal(a.width, b.width);
    assert_memory_equal(a.cells, b.cells, sizeof a.cells);
}

static void settings_become_an_orientation(void **state)
{
    (void)state;
    for (unsigned degrees = 0; degrees < 360; degrees += 90) {
        for (int flips = 0; flips < 4; flips++) {
            struct sheet expected = original;
            expected = flips & 1 ? flipped(expected, true) : expected;
            expected = flips & 2 ? flipped(expected, false) : expected;
            expected = turned(expected, degrees);
            assert_same(shown(original, orientation_of(degrees, flips & 1, flips & 2)), expected);
        }
    }
}

static void what_the_camera_did_is_left_out(void **state)
{
    (void)state;
    for (unsigned wanted = 1; wanted <= 8; wanted++) {
        for (unsigned done = 1; done <= 8; done++) {
            struct sheet stored = shown(original, done);
            assert_same(shown(stored, orientation_left(wanted, done)), shown(original, wanted));
        }
        assert_int_equal(orientation_left(wanted, wanted), 1);
        assert_int_equal(orientation_left(wanted, 1), wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_become_an_orientation),
        cmocka_unit_test(what_the_camera_did_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
