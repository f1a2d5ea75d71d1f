// SHA-256 in hexadecimal, as a picture carries it.
#pragma once

#include "picture/picture.h"

void digest(const struct bytes *bytes, char hex[static PICTURE_SHA256_SIZE]);
