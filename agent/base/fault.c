// Failure as a value. Any thread; touches nothing but the caller's struct.
#include "base/fault.h"

#include <stdio.h>
#include <string.h>

// A sentence cut in the middle of a UTF-8 sequence would poison the JSON that it travels in.
static void cut_at_character(char *text, size_t size)
{
    size_t len = strlen(text);
    if (len + 1 < size) {
        return;
    }
    while (len > 0 && ((unsigned char)text[len - 1] & 0xC0) == 0x80) {
        len--;
    }
    if (len > 0 && ((unsigned char)text[len - 1] & 0x80) != 0) {
        len--;
    }
    text[len] = '\0';
}

bool fault_vset(struct fault *fault, enum fault_kind kind, int code, const char *format,
                va_list arguments)
{
    fault->kind = kind;
    fault->code = code;
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    cut_at_character(fault->text, sizeof fault->text);
    return false;
}

bool fault_set(struct fault *fault, enum fault_kind kind, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fault_vset(fault, kind, code, format, arguments);
    va_end(arguments);
    return false;
}

bool fault_prefix(struct fault *fault, const char *format, ...)
{
    char tail[sizeof fault->text];
    memcpy(tail, fault->text, sizeof tail);

    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);

    size_t len = strlen(fault->text);
    snprintf(fault->text + len, sizeof fault->text - len, ": %s", tail);
    cut_at_character(fault->text, sizeof fault->text);
    return false;
}
