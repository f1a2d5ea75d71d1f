// The gate between a start and the first picture. Pure.
#include "camera/drivers/gate.h"

#include "base/timing.h"

void gate_begin(struct gate *gate, int64_t now_ns, uint32_t patience_ms)
{
    *gate = (struct gate){.begun_ns = now_ns, .patience_ns = TIMING_MS(patience_ms)};
}

bool gate_pass(struct gate *gate, const struct frame_facts *facts, int64_t now_ns)
{
    if (gate->is_open) {
        return true;
    }
    const uint32_t states[] = {facts->ae, facts->awb, facts->af};
    bool is_any_told = false;
    bool is_any_searching = false;
    for (int i = 0; i < 3; i++) { // what is not told is not waited for while something is
        is_any_told = is_any_told || states[i] != CONVERGENCE_UNKNOWN;
        is_any_searching = is_any_searching || states[i] == CONVERGENCE_SEARCHING;
    }
    bool is_settled = is_any_told && !is_any_searching;
    if (!is_settled && now_ns - gate->begun_ns < gate->patience_ns) {
        return false;
    }
    gate->is_open = true;
    gate->settle_ms = (uint32_t)((now_ns - gate->begun_ns) / 1000000);
    gate->settling = is_settled    ? SETTLING_CONVERGED
                     : is_any_told ? SETTLING_TIMED_OUT
                                   : SETTLING_NOT_REPORTED;
    return true;
}
