// A LED of the board: taken from whatever drives it, and given back. Pure but for sysfs.
#pragma once

#include <stdbool.h>

struct led {
    char folder[160];    // "": there is none
    char trigger[64];    // what drove it before
    char brightness[16]; // likewise
};

// Takes the LED named ACT or led0 of `leds` (/sys/class/leds); false: there is none that we may
// write to.
bool led_take(struct led *led, const char *leds);
void led_light(const struct led *led, bool on);
void led_give_back(struct led *led);
