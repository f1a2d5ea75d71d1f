// Takes the place of agent/delivery/paho_pacing.c: Paho at its own pace, for comparison.
#include "delivery/paho_pacing.h"

bool paho_pacing_init(struct fault *fault)
{
    (void)fault;
    return true;
}

void paho_pacing_busy(bool busy)
{
    (void)busy;
}

bool paho_pacing_take_error(void)
{
    return false;
}

uint64_t paho_pacing_count(void)
{
    return 0;
}
