// How a stored picture is to be turned for the eye, as EXIF counts: 1 (as it is) to 8. Pure.
#pragma once

#include <stdbool.h>

// What the settings ask for: flipped first, then turned clockwise by 0, 90, 180 or 270 degrees.
unsigned orientation_of(unsigned degrees, bool hflip, bool vflip);

// What is left of `wanted` once the camera has done `done`; both 1 to 8.
unsigned orientation_left(unsigned wanted, unsigned done);
