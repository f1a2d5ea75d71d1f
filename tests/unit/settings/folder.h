// A folder of a test's own, for files that it writes; and what the loader says of them.
#pragma once

#include "base/bytes.h"
#include "settings/settings.h"

#include <stddef.h>

// cmocka group fixtures: make the folder and go there, so that file names stay short.
int folder_enter(void **state);
int folder_leave(void **state); // removes it with what is in it

void folder_write(const char *name, const void *data, size_t len);
void folder_write_text(const char *name, const char *text);

// Loads a file of the folder. Returns the findings, terminated, until the next call; "" for none.
const char *folder_load(const char *name, struct settings *settings);

// The same of a file "t.conf" with this text.
const char *folder_load_text(const char *text, struct settings *settings);
