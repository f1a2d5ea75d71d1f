// The picture's words: the meta object of P/ID/meta, keys as the wire spells them. Pure.
//
// Keys, in this order; those marked * only where there is something to say:
//   id seq captured_at monotonic_ms boot_id clock_synced trigger request_id* width height bytes
//   quality* (or "passthrough": true, where the camera made the JPEG) sha256
//   orientation* (2 to 8, as EXIF counts: how a viewer has to turn the picture)
//   encodes* (where it took more than one)
//   reduced*: what a bound on the bytes cost: from_quality* from_width* from_height* from_bytes*
//   (of the camera's own JPEG) budget_bytes exposure_us* gain* digital_gain* color_temperature_k*
//   lux* sensor_temperature_c* lens_position* ae_state* awb_state* af_state* ("searching",
//   "settled", "locked", "failed") settling ("converged", "timed_out", "not_reported": what ended
//   the camera's time to settle when its stream began) settle_ms (how long that was)
//   exposed_after_trigger captured_is_estimate* (only true)
//   latency_ms: exposure (trigger to start of exposure, negative for a frame from before it),
//   frame (exposure to arrival), encode (making the JPEG), total (trigger to finished picture)
//
// The object has at most PICTURE_META_MAX bytes (budget.h), which every budget counts with.
#pragma once

#include "picture/picture.h"

// What meta tells beyond shot and picture.
struct envelope_facts {
    int quality; // 0: passed through
    int best_quality;
    uint64_t budget;     // bytes of JPEG; 0: no bound
    uint32_t from_width; // of the frame, or of the camera's JPEG; 0: as the picture
    uint32_t from_height;
    uint64_t from_bytes; // of the camera's JPEG; 0: it was none
    unsigned encodes;
    bool clock_synced;
    const char *boot_id;
    int64_t encode_ns;
    int64_t finished_ns; // monotonic
};

// Appends the object to `meta`. Of `picture` everything but meta must be there; `shot` has its
// frame.
__attribute__((warn_unused_result)) bool envelope_meta(const struct shot *shot,
                                                       const struct picture *picture,
                                                       const struct envelope_facts *facts,
                                                       struct bytes *meta, struct fault *fault);
