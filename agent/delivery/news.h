// Makes the mail that publisher.h describes. Any thread, no state; NULL without memory.
#pragma once

#include "delivery/link.h"
#include "delivery/publisher.h"

struct news_picture *news_picture_create(const struct picture *picture, bool late, bool refused,
                                         const struct fault *why); // NULL: none

struct news_link *news_link_create(const char *url, const char *version, uint32_t backlog,
                                   const struct fault *why, uint32_t retry_ms); // NULL: none

struct news_spool *news_spool_create(const struct fault *why);

// Offers NEWS_COMMAND for a message off the wire; a payload that is too long is left out. False:
// the box is full, or there is no memory. A topic that is not for this device is nobody's.
bool news_offer_command(struct mailbox *news, const struct settings *settings,
                        const struct link_arrival *arrival);
