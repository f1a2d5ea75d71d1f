// Cleaning of texts in place. Any thread, no state.
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The length of the UTF-8 character at `text`, 0 if there is none. Overlong forms, surrogates and
// what lies beyond Unicode are none. Reads no further than the end of the text.
static size_t character_length(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    size_t form = 0;
    while (form < 4 && (text[0] & forms[form].mask) != forms[form].lead) {
        form++;
    }
    if (form == 4) {
        return 0;
    }
    uint32_t code = text[0] & (unsigned char)~forms[form].mask;
    for (size_t i = 1; i <= form; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (text[i] & 0x3F);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code >= forms[form].least && code <= 0x10FFFF && !surrogate ? form + 1 : 0;
}

// Those of Latin-1 (U+0080 to U+009F) too: some terminals obey them.
static bool is_control(const unsigned char *character)
{
    return character[0] < 0x20 || character[0] == 0x7F ||
           (character[0] == 0xC2 && character[1] < 0xA0);
}

static void clean(char *text, char kept)
{
    for (unsigned char *at = (unsigned char *)text; *at != '\0';) {
        size_t len = character_length(at);
        if (len == 0 || (is_control(at) && *at != kept)) {
            *at++ = '?';
        } else {
            at += len;
        }
    }
}

void text_clean(char *text)
{
    clean(text, '\0');
}

void text_clean_lines(char *text)
{
    clean(text, '\n');
}

void text_cut(char *text)
{
    size_t len = strlen(text);
    size_t last = len;
    while (last > 0 && len - last < 3 && ((unsigned char)text[last - 1] & 0xC0) == 0x80) {
        last--;
    }
    if (last > 0 && (unsigned char)text[last - 1] >= 0xC0 &&
        character_length((unsigned char *)&text[last - 1]) == 0) {
        text[last - 1] = '\0';
    }
}
