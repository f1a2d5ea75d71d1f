// A JSON document as a test reads it; fails the test where it is none.
#pragma once

#include <jansson.h>

json_t *read_back(char *text);                                // parses and frees it
void assert_keys(const json_t *object, const char *expected); // in their order, a blank after each
const char *text_of(const json_t *object, const char *key);   // "(none)" where there is none
json_int_t number_of(const json_t *object, const char *key);
