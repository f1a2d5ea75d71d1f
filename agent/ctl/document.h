// The agent's JSON as the tool reads it: believing nothing, cleaned for a terminal. Pure.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// NULL: the payload is no JSON object.
json_t *document_read(const uint8_t *payload, size_t len);

// Copies the text at `key`, without control characters and cut to `size`; "" where there is none.
void document_text(const json_t *object, const char *key, char *text, size_t size);

// Whether the text at `key` is this one.
bool document_says(const json_t *object, const char *key, const char *text);

// Prints and frees it: on one line, or for people on several. False: standard output fails.
bool document_print(json_t *document, bool is_line);

// Seconds from the RFC 3339 time at `key` until `now_s` (seconds since 1970); NAN: no such time.
double document_age_s(const json_t *object, const char *key, double now_s);
