// The gate between a start and the first picture, with scripted metadata.
#include "camera/drivers/gate.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    PATIENCE_MS = 1000,
    FRAME_MS = 33,
};

// One letter a frame: what AE, AWB and AF say. '?' nothing, '.' searching, 's' settled, 'l' locked,
// 'f' failed.
static enum convergence state_of(char letter)
{
    switch (letter) {
    case '.':
        return CONVERGENCE_SEARCHING;
    case 's':
        return CONVERGENCE_SETTLED;
    case 'l':
        return CONVERGENCE_LOCKED;
    case 'f':
        return CONVERGENCE_FAILED;
    default:
        return CONVERGENCE_UNKNOWN;
    }
}

struct script {
    const char *ae;
    const char *awb;
    const char *af;
    int opens_at; // the frame, from 1; 0: with the patience
    enum settling settling;
};

static const struct script scripts[] = {
    {"...s", "????", "????", 4, SETTLING_CONVERGED},
    {"s", "?", "?", 1, SETTLING_CONVERGED},
    {"l", "l", "?", 1, SETTLING_CONVERGED}, // exposure and gains are fixed
    {".ssss", "...ss", "?????", 4, SETTLING_CONVERGED},
    {".sssss", "..ssss", ".....s", 6, SETTLING_CONVERGED},
    {"sss", "sss", "..f", 3, SETTLING_CONVERGED}, // there is nothing to wait for any more
    {"?..s", "????", "????", 4, SETTLING_CONVERGED},
    {"s.ss", "..ss", "????", 3, SETTLING_CONVERGED}, // all at once
    {".", ".", ".", 0, SETTLING_TIMED_OUT},
    {"s", "s", ".", 0, SETTLING_TIMED_OUT}, // a lens that hunts for ever
    {"?", "?", "?", 0, SETTLING_NOT_REPORTED},
};

static char letter_at(const char *letters, int frame)
{
    int last = 0;
    while (letters[last] != '\0' && last < frame) {
        last++;
    }
    return letters[last] != '\0' ? letters[last] : letters[last - 1]; // the last one goes on
}

static void scripted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        const struct script *script = &scripts[i];
        struct gate gate;
        int64_t begun_ns = 123456789;
        gate_begin(&gate, begun_ns, PATIENCE_MS);
        int frame = 0;
        bool is_open = false;
        while (!is_open) {
            struct frame_facts facts = {
                .ae = state_of(letter_at(script->ae, frame)),
                .awb = state_of(letter_at(script->awb, frame)),
                .af = state_of(letter_at(script->af, frame)),
            };
            frame++;
            is_open = gate_pass(&gate, &facts, begun_ns + TIMING_MS(frame) * FRAME_MS);
            assert_in_range(frame, 1, PATIENCE_MS / FRAME_MS + 1);
        }
        assert_int_equal(frame,
                         script->opens_at != 0 ? script->opens_at : PATIENCE_MS / FRAME_MS + 1);
        assert_int_equal(gate.settling, script->settling);
        assert_int_equal(gate.settle_ms, frame * FRAME_MS);
    }
}

static void once_open_it_stays_open(void **state)
{
    (void)state;
    struct gate gate;
    gate_begin(&gate, 1000, PATIENCE_MS);
    struct frame_facts facts = {.ae = CONVERGENCE_SETTLED};
    assert_true(gate_pass(&gate, &facts, 1000 + TIMING_MS(5)));
    facts.ae = CONVERGENCE_SEARCHING; // the light changes: no reason to wait
    assert_true(gate_pass(&gate, &facts, 1000 + TIMING_MS(6)));
    assert_int_equal(gate.settle_ms, 5);
    gate_begin(&gate, 2000, PATIENCE_MS);
    assert_false(gate_pass(&gate, &facts, 2000 + TIMING_MS(6)));
}

static void without_patience_the_first_frame_passes(void **state)
{
    (void)state;
    static const enum settling settlings[] = {
        [CONVERGENCE_UNKNOWN] = SETTLING_NOT_REPORTED,
        [CONVERGENCE_SEARCHING] = SETTLING_TIMED_OUT,
        [CONVERGENCE_SETTLED] = SETTLING_CONVERGED,
    };
    for (uint32_t ae = CONVERGENCE_UNKNOWN; ae <= CONVERGENCE_SETTLED; ae++) {
        struct gate gate;
        gate_begin(&gate, 1000, 0);
        struct frame_facts facts = {.ae = ae};
        assert_true(gate_pass(&gate, &facts, 1001));
        assert_int_equal(gate.settling, settlings[ae]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripted),
        cmocka_unit_test(once_open_it_stays_open),
        cmocka_unit_test(without_patience_the_first_frame_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
