// A clock and a zone for tests of times: moments as people write them.
#pragma once

#include <stdint.h>

// Of real zones: "Europe/Berlin", "Australia/Lord_Howe". Fails where the machine has no such zone.
void zone_set(const char *name);

// "2026-03-29 01:30:00" of UTC.
int64_t utc_ns(const char *text);

// "Sun 03-29 03:00:00 +0200": local time, in a static buffer.
const char *local_text(int64_t wall_ns);
