// What no virtual camera shows: metadata as real sensors give it. Run by test_libcamera.py against
// each libcamera; prints what is wrong and fails.
#include "camera/drivers/libcamera_parts.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <libcamera/version.h>

namespace controls = libcamera::controls;

static int failures = 0;

static void check(bool is_right, const char *what)
{
    if (!is_right) {
        std::printf("wrong: %s\n", what);
        failures++;
    }
}

static int64_t boottime_now_ns()
{
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static libcamera::ControlList metadata_at(int64_t timestamp_ns)
{
    libcamera::ControlList metadata(controls::controls);
    metadata.set(controls::SensorTimestamp, timestamp_ns);
    return metadata;
}

static void check_time()
{
    constexpr int64_t MS = 1000000;
    const int64_t now_ns = monotonic_now_ns();
    const int64_t slept_ns = boottime_now_ns() - monotonic_now_ns();
    int64_t captured_ns = 0;

    check(exposure_begin(metadata_at(now_ns - 40 * MS), now_ns, &captured_ns) &&
              captured_ns == now_ns - 40 * MS,
          "a monotonic timestamp is taken as it is");
    check(exposure_begin(metadata_at(now_ns - 40 * MS + slept_ns), now_ns, &captured_ns) &&
              std::llabs(captured_ns - (now_ns - 40 * MS)) < MS,
          "a boot time is brought to the monotonic clock");
    check(exposure_begin(metadata_at(now_ns + 20 * MS), now_ns, &captured_ns) &&
              captured_ns == now_ns,
          "a frame is not of the future");

    captured_ns = -1;
    check(!exposure_begin(libcamera::ControlList(controls::controls), now_ns, &captured_ns),
          "no timestamp is no time");
    for (int64_t nonsense_ns : {INT64_C(0), INT64_C(-1), INT64_MAX, INT64_MIN + 1,
                                now_ns + 3600000 * MS + 17 * slept_ns, now_ns - 11000 * MS}) {
        check(!exposure_begin(metadata_at(nonsense_ns), now_ns, &captured_ns),
              "nonsense is no time");
    }
    check(captured_ns == -1, "nothing is written without success");

    libcamera::ControlList exposed = metadata_at(now_ns - 40 * MS);
    exposed.set(controls::ExposureTime, 30000);
    check(exposure_begin(exposed, now_ns, &captured_ns) && captured_ns == now_ns - 70 * MS,
          "the exposure is over by the timestamp");
    exposed.set(controls::ExposureTime, INT32_MAX);
    check(exposure_begin(exposed, now_ns, &captured_ns) && captured_ns > 0,
          "an absurd exposure leaves a time that is one");
}

static void check_facts()
{
    libcamera::ControlList metadata(controls::controls);
    frame_facts facts = facts_read(metadata);
    check(std::isnan(facts.exposure_us) && std::isnan(facts.lux) && std::isnan(facts.lens_position),
          "what is not said is unknown");
    check(facts.ae == CONVERGENCE_UNKNOWN && facts.awb == CONVERGENCE_UNKNOWN &&
              facts.af == CONVERGENCE_UNKNOWN,
          "states that are not said are unknown");

    metadata.set(controls::ExposureTime, 8000);
    metadata.set(controls::AnalogueGain, 1.5F);
    metadata.set(controls::DigitalGain, 1.25F);
    metadata.set(controls::ColourTemperature, 4800);
    metadata.set(controls::Lux, 300.0F);
    metadata.set(controls::SensorTemperature, 41.0F);
    metadata.set(controls::LensPosition, 0.5F);
    metadata.set(controls::AfState, static_cast<int32_t>(controls::AfStateFailed));
    metadata.set(controls::AwbLocked, true);
#if LIBCAMERA_VERSION_MAJOR == 0 && LIBCAMERA_VERSION_MINOR < 5
    metadata.set(controls::AeLocked, true);
#else
    metadata.set(controls::AeState, static_cast<int32_t>(controls::AeStateConverged));
#endif
    facts = facts_read(metadata);
    check(facts.exposure_us == 8000 && facts.analogue_gain == 1.5 && facts.digital_gain == 1.25,
          "exposure and gains");
    check(facts.color_temperature_k == 4800 && facts.lux == 300 &&
              facts.sensor_temperature_c == 41 && facts.lens_position == 0.5,
          "light, temperature, lens");
    check(facts.ae == CONVERGENCE_SETTLED && facts.awb == CONVERGENCE_LOCKED &&
              facts.af == CONVERGENCE_FAILED,
          "states");
}

int main()
{
    check_time();
    check_facts();
    return failures == 0 ? 0 : 1;
}
