// What the documents have in common. Within control only.
#pragma once

#include <jansson.h>

// The text of the document, which is let go; NULL where there is none, or no memory. jansson's pack
// and set functions pass NULL on, so that one look at the end is enough.
char *document_json_text(json_t *document);

// Sets a member, unless the text is NULL or "".
void document_json_set_text(json_t *object, const char *key, const char *text);
