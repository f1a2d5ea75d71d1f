// Chance that is no chance: the same device has the same share of a time whenever it is asked, and
// a fleet's devices have different ones. Pure; nothing here is secret.
#pragma once

#include <stdint.h>

uint64_t seed_of(const char *text);

// Similar seeds, dissimilar numbers.
uint64_t seed_mix(uint64_t seed);

// From 0 up to, but not, 1.
double seed_share(uint64_t seed);
