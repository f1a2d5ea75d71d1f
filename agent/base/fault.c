// Failure as a value. Any thread; touches nothing but the caller's struct.
#include "base/fault.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

// `len` is what the sentence would have had. Sentences repeat what came from outside, and travel in
// JSON, which one byte that is not UTF-8 would poison.
static void finish(struct fault *fault, size_t len)
{
    if (len >= sizeof fault->text) {
        text_cut(fault->text);
    }
    text_clean(fault->text);
}

bool fault_vset(struct fault *fault, enum fault_kind kind, int code, const char *format,
                va_list arguments)
{
    fault->kind = kind;
    fault->code = code;
    int len = vsnprintf(fault->text, sizeof fault->text, format, arguments);
    finish(fault, (size_t)len);
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
    int more = snprintf(fault->text + len, sizeof fault->text - len, ": %s", tail);
    finish(fault, len + (size_t)more);
    return false;
}
