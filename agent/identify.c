// A LED that blinks for a while. Main thread; never waits.
#include "identify.h"

#include "base/timing.h"

enum { IDENTIFY_S = 10, BLINK_MS = 200 };

static void end(struct identify *identify)
{
    led_give_back(&identify->led);
    loop_timer_clear(identify->loop, identify->timer);
    identify->until_ns = 0;
}

static void on_timer(void *context)
{
    struct identify *identify = context;
    int64_t now_ns = timing_now_ns();
    if (now_ns >= identify->until_ns) {
        end(identify);
        identify->reporter->is_identifying = false;
        reporter_state(identify->reporter);
        return;
    }
    identify->is_lit = !identify->is_lit;
    led_light(&identify->led, identify->is_lit);
    loop_timer_set(identify->loop, identify->timer, now_ns + TIMING_MS(BLINK_MS));
}

void identify_init(struct identify *identify, struct loop *loop, struct reporter *reporter,
                   const char *leds)
{
    *identify = (struct identify){.loop = loop, .reporter = reporter, .leds = leds};
    identify->timer = loop_timer_add(loop, on_timer, identify);
}

void identify_fini(struct identify *identify)
{
    led_give_back(&identify->led);
}

void identify_begin(struct identify *identify)
{
    bool is_news = identify->until_ns == 0;
    identify->until_ns = timing_now_ns() + TIMING_S(IDENTIFY_S);
    if (is_news) {
        led_take(&identify->led, identify->leds); // where there is none, `state` alone tells
        identify->reporter->is_identifying = true;
        reporter_state(identify->reporter);
        on_timer(identify);
    }
}
