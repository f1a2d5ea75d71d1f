// Pairing and proof. No state but the caller's.
#include "ctl/catch.h"

#include "ctl/document.h"
#include "picture/digest.h"
#include "picture/jpeg_decode.h"
#include "picture/unwrap.h"

#include <stdio.h>
#include <string.h>

void catch_init(struct catch *catch, const char *request_id, bool takes_old)
{
    *catch = (struct catch){.takes_old = takes_old};
    snprintf(catch->request_id, sizeof catch->request_id, "%s", request_id);
}

void catch_fini(struct catch *catch)
{
    bytes_fini(&catch->payload);
    bytes_fini(&catch->jpeg);
}

static void take_meta(struct catch *catch, const uint8_t *payload, size_t len)
{
    json_t *meta = document_read(payload, len);
    struct catch_meta *into = &catch->meta;
    document_text(meta, "id", into->id, sizeof into->id);
    document_text(meta, "request_id", into->request_id, sizeof into->request_id);
    document_text(meta, "sha256", into->sha256, sizeof into->sha256);
    document_text(meta, "captured_at", into->captured_at, sizeof into->captured_at);
    into->is_fresh = json_is_true(json_object_get(meta, "exposed_after_trigger"));
    json_decref(meta);
    bytes_clear(&catch->payload);
}

static bool is_answer(const struct catch *catch)
{
    const struct catch_meta *meta = &catch->meta;
    return strcmp(meta->request_id, catch->request_id) == 0 ||
           (catch->wanted_id[0] != '\0' && strcmp(meta->id, catch->wanted_id) == 0);
}

// Whether the payload is the picture that meta speaks of.
static bool is_the_one(struct catch *catch, struct fault *why)
{
    bytes_clear(&catch->jpeg);
    char sha256[PICTURE_SHA256_SIZE];
    if (!picture_unwrap(catch->payload.data, catch->payload.len, &catch->jpeg, why) ||
        !digest_sha256(catch->jpeg.data, catch->jpeg.len, sha256, why)) {
        return false;
    }
    return strcmp(sha256, catch->meta.sha256) == 0 ||
           fault_set(why, FAULT_PICTURE, 0,
                     "what came is not the picture that meta speaks of (its sha256 differs)");
}

static bool is_good(struct catch *catch, struct fault *why)
{
    const struct bytes *jpeg = &catch->jpeg;
    if (!jpeg_decode_size(jpeg->data, jpeg->len, &catch->width, &catch->height, why)) {
        return false;
    }
    if ((uint64_t) catch->width * catch->height > JPEG_DECODE_PIXELS_MAX) {
        return fault_set(why, FAULT_PICTURE, 0, "the JPEG claims to have %ux%u pixels",
                         catch->width, catch->height);
    }
    if (!jpeg_decode_check(jpeg->data, jpeg->len, why)) {
        return false;
    }
    return catch->meta.is_fresh || catch->takes_old ||
           fault_set(why, FAULT_PICTURE, 0,
                     "the picture was exposed before the command came: set camera.freshness to "
                     "\"after-trigger\" there, or take it with --allow-old");
}

// A picture that is not meta's is let pass, with a note of it: the right one may follow.
static void conclude(struct catch *catch)
{
    if (catch->payload.len == 0 || !is_answer(catch) || !is_the_one(catch, &catch->why)) {
        return;
    }
    if (is_good(catch, &catch->why)) {
        catch->why = (struct fault){0};
        catch->end = CATCH_DONE;
    } else {
        catch->end = CATCH_BROKEN;
    }
}

static bool take_image(struct catch *catch, const uint8_t *payload, size_t len, struct fault *fault)
{
    bytes_clear(&catch->payload);
    return bytes_append(&catch->payload, payload, len, fault);
}

static bool is_refusal(const json_t *event)
{
    static const char *const types[] = {"failed", "refused", "skipped", "dropped"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (document_says(event, "event_type", types[i])) {
            return true;
        }
    }
    return false;
}

// An event, or a reply.
static void take_answer(struct catch *catch, const uint8_t *payload, size_t len)
{
    json_t *answer = document_read(payload, len);
    if (document_says(answer, "request_id", catch->request_id)) {
        char reason[200];
        document_text(answer, "reason", reason, sizeof reason);
        if (is_refusal(answer)) {
            catch->end = CATCH_REFUSED;
            fault_set(&catch->why, FAULT_PICTURE, 0, "%s",
                      reason[0] != '\0' ? reason : "it took no picture, and does not say why");
        } else {
            document_text(answer, "id", catch->wanted_id, sizeof catch->wanted_id);
        }
    }
    json_decref(answer);
}

bool catch_take(struct catch *catch, const char *suffix, const uint8_t *payload, size_t len,
                struct fault *fault)
{
    if (catch->end != CATCH_WAITING) {
        return true;
    }
    if (strcmp(suffix, "meta") == 0) {
        take_meta(catch, payload, len);
    } else if (strcmp(suffix, "image") == 0) {
        if (!take_image(catch, payload, len, fault)) {
            return false;
        }
    } else if (strcmp(suffix, "event") == 0 || strcmp(suffix, "reply") == 0) {
        take_answer(catch, payload, len);
    } else if (strcmp(suffix, "status") == 0 && len == 7 && memcmp(payload, "offline", 7) == 0) {
        catch->end = CATCH_GONE;
        fault_set(&catch->why, FAULT_LINK, 0, "the agent is offline");
    }
    if (catch->end == CATCH_WAITING) {
        conclude(catch);
    }
    return true;
}
