// Prints the test card of one state as a PPM, for tests that hold a picture against it:
//     render_card WIDTH HEIGHT COUNTER MONOTONIC_MS WALL_MS
#include "camera/drivers/test_card.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: %s WIDTH HEIGHT COUNTER MONOTONIC_MS WALL_MS\n", argv[0]);
        return 64;
    }
    uint32_t width = (uint32_t)strtoul(argv[1], NULL, 10);
    uint32_t height = (uint32_t)strtoul(argv[2], NULL, 10);
    struct test_card_state state = {
        .counter = strtoull(argv[3], NULL, 10),
        .monotonic_ms = strtoll(argv[4], NULL, 10),
        .wall_ms = strtoll(argv[5], NULL, 10),
    };
    struct test_card card;
    test_card_init(&card, width, height);
    uint8_t *row = malloc((size_t)width * 3);
    printf("P6\n%u %u\n255\n", width, height);
    for (uint32_t y = 0; y < height; y++) {
        test_card_rgb(&card, &state, y, 0, width, row);
        fwrite(row, 3, width, stdout);
    }
    free(row);
    return fflush(stdout) == 0 ? 0 : 74;
}
