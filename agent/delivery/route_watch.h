// Tells that the network of this machine has changed for the better: a cable, an address, a route.
// What could not be reached may be reached now, long before the next try would be due.
#pragma once

#include "base/fault.h"

struct route_watch;

struct route_watch *route_watch_create(struct fault *fault);
void route_watch_destroy(struct route_watch *watch); // NULL is fine

// Readable while there may be news; owned by the watch.
int route_watch_fd(const struct route_watch *watch);

// Whether there was such news since the last call; ten times a minute at the most.
bool route_watch_take(struct route_watch *watch);
