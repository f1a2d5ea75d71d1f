// What the fuzz targets share. A target never judges by a crash alone: it says what must hold.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// libFuzzer calls it with every input, on one thread; 0: the input is as good as any other.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What must hold, in every build; libFuzzer keeps the input that broke it.
#define MUST(holds)                                                                    \
    do {                                                                               \
        if (!(holds)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
            abort();                                                                   \
        }                                                                              \
    } while (0)
