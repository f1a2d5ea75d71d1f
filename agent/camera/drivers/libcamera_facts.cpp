// One frame's metadata in the protocol's words. No state; what libcamera leaves out stays unknown.
#include "camera/drivers/libcamera_parts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <libcamera/version.h>
#include <optional>

#define LIBCAMERA_AT_LEAST(major, minor, patch)                                                   \
    (LIBCAMERA_VERSION_MAJOR * 10000 + LIBCAMERA_VERSION_MINOR * 100 + LIBCAMERA_VERSION_PATCH >= \
     (major)*10000 + (minor)*100 + (patch))

namespace controls = libcamera::controls;

static int64_t clock_ns(clockid_t clock)
{
    timespec now = {};
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t monotonic_now_ns()
{
    return clock_ns(CLOCK_MONOTONIC);
}

template <typename Value>
static double number(const libcamera::ControlList &metadata,
                     const libcamera::Control<Value> &control)
{
    auto value = metadata.get(control);
    return value ? static_cast<double>(*value) : NAN;
}

static convergence ae_state(const libcamera::ControlList &metadata)
{
#if LIBCAMERA_AT_LEAST(0, 5, 0)
    auto state = metadata.get(controls::AeState);
    if (state && *state == controls::AeStateIdle) {
        return CONVERGENCE_LOCKED; // nothing is left to AE
    }
    if (state && *state == controls::AeStateSearching) {
        return CONVERGENCE_SEARCHING;
    }
    if (state && *state == controls::AeStateConverged) {
        return CONVERGENCE_SETTLED;
    }
#else
    auto state = metadata.get(controls::draft::AeState);
    if (state && *state == controls::draft::AeStateSearching) {
        return CONVERGENCE_SEARCHING;
    }
    if (state && *state == controls::draft::AeStateConverged) {
        return CONVERGENCE_SETTLED;
    }
    if (state && *state == controls::draft::AeStateLocked) {
        return CONVERGENCE_LOCKED;
    }
    // what the pipelines of that time say instead: "locked" is their word for converged
    auto locked = metadata.get(controls::AeLocked);
    if (locked) {
        return *locked ? CONVERGENCE_SETTLED : CONVERGENCE_SEARCHING;
    }
#endif
    return CONVERGENCE_UNKNOWN;
}

static convergence awb_state(const libcamera::ControlList &metadata)
{
    auto state = metadata.get(controls::draft::AwbState);
    if (state && *state == controls::draft::AwbStateSearching) {
        return CONVERGENCE_SEARCHING;
    }
    if (state && *state == controls::draft::AwbConverged) {
        return CONVERGENCE_SETTLED;
    }
    if (state && *state == controls::draft::AwbLocked) {
        return CONVERGENCE_LOCKED;
    }
    auto locked = metadata.get(controls::AwbLocked);
    return locked && *locked ? CONVERGENCE_LOCKED : CONVERGENCE_UNKNOWN;
}

static convergence af_state(const libcamera::ControlList &metadata)
{
    auto state = metadata.get(controls::AfState);
    if (state && *state == controls::AfStateScanning) {
        return CONVERGENCE_SEARCHING;
    }
    if (state && *state == controls::AfStateFocused) {
        return CONVERGENCE_SETTLED;
    }
    if (state && *state == controls::AfStateFailed) {
        return CONVERGENCE_FAILED;
    }
    return CONVERGENCE_UNKNOWN;
}

frame_facts facts_read(const libcamera::ControlList &metadata)
{
    frame_facts facts = {};
    facts.exposure_us = number(metadata, controls::ExposureTime);
    facts.analogue_gain = number(metadata, controls::AnalogueGain);
    facts.digital_gain = number(metadata, controls::DigitalGain);
    facts.color_temperature_k = number(metadata, controls::ColourTemperature);
    facts.lux = number(metadata, controls::Lux);
    facts.sensor_temperature_c = number(metadata, controls::SensorTemperature);
    facts.lens_position = number(metadata, controls::LensPosition);
    facts.ae = ae_state(metadata);
    facts.awb = awb_state(metadata);
    facts.af = af_state(metadata);
    return facts;
}

// The documentation says CLOCK_BOOTTIME, the kernel's video devices say CLOCK_MONOTONIC; the two
// differ by the time the machine has slept. The one under which the frame is of just now is meant.
static bool timestamp_to_monotonic(int64_t timestamp_ns, int64_t completed_ns, int64_t *time_ns)
{
    constexpr int64_t EARLY_MAX_NS = 50 * INT64_C(1000000); // clocks read one after the other
    constexpr int64_t AGE_MAX_NS = 10 * INT64_C(1000000000);
    const int64_t slept_ns = clock_ns(CLOCK_BOOTTIME) - monotonic_now_ns();
    if (timestamp_ns <= 0) {
        return false;
    }
    for (int64_t candidate_ns : {timestamp_ns, timestamp_ns - slept_ns}) {
        if (candidate_ns > 0 && candidate_ns <= completed_ns + EARLY_MAX_NS &&
            candidate_ns >= completed_ns - AGE_MAX_NS) {
            *time_ns = std::min(candidate_ns, completed_ns);
            return true;
        }
    }
    return false;
}

// SensorTimestamp is documented as the time at which the first row is exposed, which leaves open
// whether that begins or ends then. The Raspberry Pi's pipelines take it when the first row is read
// out, that is when its exposure ends. So the exposure time, where the frame names it, is taken
// off: exact there, and elsewhere early by that much, so that a frame is never called fresher than
// it is.
bool exposure_begin(const libcamera::ControlList &metadata, int64_t completed_ns,
                    int64_t *captured_ns)
{
    int64_t time_ns = 0;
    auto timestamp = metadata.get(controls::SensorTimestamp);
    if (!timestamp || !timestamp_to_monotonic(*timestamp, completed_ns, &time_ns)) {
        return false;
    }
    auto exposure_us = metadata.get(controls::ExposureTime);
    if (exposure_us && *exposure_us > 0) {
        time_ns -= std::min<int64_t>(*exposure_us * INT64_C(1000), time_ns - 1);
    }
    *captured_ns = time_ns;
    return true;
}

bool frame_is_usable(const libcamera::Request &request, const libcamera::FrameBuffer &buffer)
{
    if (request.status() != libcamera::Request::RequestComplete) {
        return false;
    }
    // 0.4.0's virtual pipeline leaves the status uninitialised: what is no status is no error. It
    // is read as the integer that it is, since a value outside the enumeration has no meaning in
    // C++.
    int status = 0;
    static_assert(sizeof status == sizeof buffer.metadata().status,
                  "an enumeration is an int here");
    std::memcpy(&status, &buffer.metadata().status, sizeof status);
    bool is_bad = status == libcamera::FrameMetadata::FrameError ||
                  status == libcamera::FrameMetadata::FrameCancelled;
#if LIBCAMERA_AT_LEAST(0, 5, 2)
    is_bad = is_bad || status == libcamera::FrameMetadata::FrameStartup; // AE has not settled
#endif
    return !is_bad;
}
