// FNV-1a and the last steps of splitmix64.
#include "base/seed.h"

uint64_t seed_of(const char *text)
{
    uint64_t seed = 0xCBF29CE484222325U;
    for (; *text != '\0'; text++) {
        seed = (seed ^ (unsigned char)*text) * 0x100000001B3U;
    }
    return seed;
}

uint64_t seed_mix(uint64_t seed)
{
    seed = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9U;
    seed = (seed ^ seed >> 27) * 0x94D049BB133111EBU;
    return seed ^ seed >> 31;
}

double seed_share(uint64_t seed)
{
    return (double)(seed_mix(seed) >> 11) / 9007199254740992.0; // 2^53
}
