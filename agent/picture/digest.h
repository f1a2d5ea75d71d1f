// The digest that names a JPEG's bytes: SHA-256 in hexadecimal. Any thread.
#pragma once

#include "picture/picture.h"

__attribute__((warn_unused_result)) bool digest_sha256(const uint8_t *data, size_t len,
                                                       char sha256[static PICTURE_SHA256_SIZE],
                                                       struct fault *fault);
