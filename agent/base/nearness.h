// How near two names are: for "did you mean". Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { NEARNESS_NAME_MAX = 64 }; // bytes; a longer name is near to none

// How many letters must be changed, put in, left out or swapped with their neighbour; case does not
// count.
size_t nearness_steps(const char *a, const char *b);

// Whether so many steps are few for a name that is as long as `name`.
bool nearness_is_near(size_t steps, const char *name);
