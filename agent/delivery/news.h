// Makes the mail that publisher.h describes. Any thread, no state; NULL without memory.
#pragma once

#include "delivery/publisher.h"

struct news_picture *news_picture_create(const struct picture *picture, bool late, bool refused,
                                         const struct fault *why); // NULL: none

struct news_link *news_link_create(const char *url, const char *version, uint32_t backlog,
                                   const struct fault *why, uint32_t retry_ms); // NULL: none

// `topic` is below P/ID/; a payload that is too long is left out.
struct news_command *news_command_create(const char *topic, const void *payload, size_t len,
                                         bool retained, int64_t arrived_ns);
