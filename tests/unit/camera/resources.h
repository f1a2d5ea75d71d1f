// What a test may not leave behind.
#pragma once

#include <stdbool.h>

// How many descriptors this process has open.
int resources_open_fds(void);

// Whether this process has a child that runs or waits to be collected.
bool resources_have_child(void);
