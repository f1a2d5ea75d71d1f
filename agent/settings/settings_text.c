// Files into one text, token by token. Main thread; reads files, decides nothing about settings.
#include "settings/settings_text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// One file on its way into the whole.
struct reader {
    struct settings_text *out;
    const char *path;
    unsigned file;
    unsigned depth;
    const char *begin;
    const char *at;
    const char *end;
    unsigned line; // of this file, at `at`
};

static bool read_file(struct settings_text *text, const char *path, unsigned depth,
                      struct fault *fault);

void settings_text_init(struct settings_text *text)
{
    *text = (struct settings_text){.line = 1};
}

void settings_text_fini(struct settings_text *text)
{
    bytes_fini(&text->text);
    bytes_fini(&text->spans);
    for (unsigned i = 0; i < text->file_count; i++) {
        free(text->files[i]);
    }
    settings_text_init(text);
}

// From here on, the lines of the whole are lines of this file.
static bool begin_span(struct reader *reader, struct fault *fault)
{
    struct settings_span span = {reader->out->line, reader->line, reader->file};
    return bytes_append(&reader->out->spans, &span, sizeof span, fault);
}

static bool copy_to(struct reader *reader, const char *to, struct fault *fault)
{
    unsigned lines = 0;
    for (const char *at = reader->at; at < to; at++) {
        lines += *at == '\n' ? 1 : 0;
    }
    size_t len = (size_t)(to - reader->at);
    if (!bytes_append(&reader->out->text, reader->at, len, fault)) {
        return false;
    }
    reader->out->line += lines;
    reader->line += lines;
    reader->at = to;
    return true;
}

static const char *run_of(const struct reader *reader, bool (*belongs)(char))
{
    const char *at = reader->at;
    while (at < reader->end && belongs(*at)) {
        at++;
    }
    return at;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

static bool is_number(char c)
{
    return isalnum((unsigned char)c) || c == '.';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *line_end(const struct reader *reader, const char *from)
{
    const char *feed = memchr(from, '\n', (size_t)(reader->end - from));
    return feed != NULL ? feed : reader->end;
}

static bool starts_with(const struct reader *reader, const char *at, const char *head)
{
    size_t len = strlen(head);
    return (size_t)(reader->end - at) >= len && memcmp(at, head, len) == 0;
}

static bool copy_string(struct reader *reader, struct fault *fault)
{
    const char *at = reader->at + 1;
    while (at < reader->end && *at != '"') {
        if (starts_with(reader, at, "\\x00") || starts_with(reader, at, "\\X00")) {
            return fault_set(fault, FAULT_CONFIG, 0, "%s:%u: \\x00 would end the text early",
                             reader->path, reader->line);
        }
        at += *at == '\\' ? 2 : 1;
    }
    if (at >= reader->end) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "%s:%u: the text that begins here has no closing quote", reader->path,
                         reader->line);
    }
    return copy_to(reader, at + 1, fault);
}

static bool copy_block_comment(struct reader *reader, struct fault *fault)
{
    const char *from = reader->at + 2;
    const char *close = memmem(from, (size_t)(reader->end - from), "*/", 2);
    if (close == NULL) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "%s:%u: the comment that begins here has no closing */", reader->path,
                         reader->line);
    }
    return copy_to(reader, close + 2, fault);
}

// libconfig 1.5 reads 3000000000 as -1294967296 and 4294967297 as 1; with an L it reads what it
// says, up to 64 bits.
static bool copy_number(struct reader *reader, struct fault *fault)
{
    const char *end = run_of(reader, is_number);
    char digits[24] = "";
    size_t len = (size_t)(end - reader->at);
    if (len >= sizeof digits) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s:%u: a number of %zu digits: none is that long",
                         reader->path, reader->line, len);
    }
    memcpy(digits, reader->at, len);
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *rest;
    errno = 0;
    unsigned long long value = strtoull(digits, &rest, hex ? 16 : 10);
    if (errno == ERANGE || (value > INT64_MAX && (*rest == '\0' || *rest == 'L'))) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s:%u: %s is too large a number", reader->path,
                         reader->line, digits);
    }
    bool widen = *rest == '\0' && value > INT32_MAX;
    return copy_to(reader, end, fault) &&
           (!widen || bytes_append_text(&reader->out->text, "L", fault));
}

// @include counts where libconfig would see it: alone at the beginning of a line.
static bool is_include(const struct reader *reader)
{
    if (!starts_with(reader, reader->at, "@include")) {
        return false;
    }
    const char *at = reader->at;
    while (at > reader->begin && is_blank(at[-1])) {
        at--;
    }
    return at == reader->begin || at[-1] == '\n';
}

// The path in the quotes, from the folder of the file that names it; malloc'ed. Moves to the end of
// the line, where nothing but a comment may stand.
static char *take_include_path(struct reader *reader, struct fault *fault)
{
    const char *end = line_end(reader, reader->at);
    const char *open = reader->at + strlen("@include");
    while (open < end && is_blank(*open)) {
        open++;
    }
    const char *close = NULL;
    if (open < end && *open == '"') {
        close = memchr(open + 1, '"', (size_t)(end - open - 1));
    }
    const char *after = close != NULL ? close + 1 : end;
    while (after < end && is_blank(*after)) {
        after++;
    }
    bool alone = after == end || *after == '#' || starts_with(reader, after, "//");
    if (close == NULL || close == open + 1 || !alone) {
        fault_set(fault, FAULT_CONFIG, 0,
                  "%s:%u: @include \"other.conf\" is expected, alone on its line", reader->path,
                  reader->line);
        return NULL;
    }
    const char *slash = strrchr(reader->path, '/');
    size_t folder = open[1] != '/' && slash != NULL ? (size_t)(slash + 1 - reader->path) : 0;
    char *path = NULL;
    if (asprintf(&path, "%.*s%.*s", (int)folder, reader->path, (int)(close - open - 1), open + 1) <
        0) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for a path");
        return NULL;
    }
    reader->at = end;
    return path;
}

static bool include(struct reader *reader, struct fault *fault)
{
    char *path = take_include_path(reader, fault);
    if (path == NULL) {
        return false;
    }
    bool good = read_file(reader->out, path, reader->depth + 1, fault);
    free(path);
    if (!good && fault->code != 0) { // a file that cannot be read has no line but ours
        fault->code = 0;
        fault_prefix(fault, "%s:%u", reader->path, reader->line);
    }
    if (!good) {
        return false;
    }
    reader->out->line++; // the included file may end without a line feed
    return bytes_append_text(&reader->out->text, "\n", fault) && begin_span(reader, fault);
}

static bool copy_token(struct reader *reader, struct fault *fault)
{
    char c = *reader->at;
    if (c == '"') {
        return copy_string(reader, fault);
    }
    if (c == '#' || starts_with(reader, reader->at, "//")) {
        return copy_to(reader, line_end(reader, reader->at), fault);
    }
    if (starts_with(reader, reader->at, "/*")) {
        return copy_block_comment(reader, fault);
    }
    if (isalpha((unsigned char)c) || c == '*') {
        return copy_to(reader, run_of(reader, is_name), fault);
    }
    if (isdigit((unsigned char)c)) {
        return copy_number(reader, fault);
    }
    if (is_include(reader)) {
        return include(reader, fault);
    }
    return copy_to(reader, reader->at + 1, fault);
}

static bool copy_file(struct reader *reader, struct fault *fault)
{
    if (starts_with(reader, reader->at, "\xEF\xBB\xBF")) { // a byte order mark
        reader->at += 3;
        reader->begin += 3;
    }
    if (!begin_span(reader, fault)) {
        return false;
    }
    while (reader->at < reader->end) {
        if (!copy_token(reader, fault)) {
            return false;
        }
        if (reader->out->text.len > SETTINGS_FILE_MAX) {
            return fault_set(fault, FAULT_CONFIG, 0, "%s:%u: more than %d bytes in all",
                             reader->path, reader->line, SETTINGS_FILE_MAX);
        }
    }
    return true;
}

static bool load_bytes(const char *path, struct bytes *content, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && content->len <= SETTINGS_FILE_MAX) {
        if (!bytes_reserve(content, 65536, fault)) {
            close(fd);
            return false;
        }
        got = read(fd, content->data + content->len, content->room - content->len);
        content->len += got > 0 ? (size_t)got : 0;
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (got < 0) {
        return fault_set(fault, FAULT_CONFIG, error, "cannot read %s: %s%s", path, strerror(error),
                         error == ENOENT   ? " (is the path right?)"
                         : error == EACCES ? " (may this user read it, and enter its folders?)"
                                           : "");
    }
    if (content->len > SETTINGS_FILE_MAX) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s:1: more than %d bytes: no settings file", path,
                         SETTINGS_FILE_MAX);
    }
    const uint8_t *nul = content->len > 0 ? memchr(content->data, '\0', content->len) : NULL;
    if (nul != NULL) {
        unsigned line = 1;
        for (const uint8_t *at = content->data; at < nul; at++) {
            line += *at == '\n' ? 1 : 0;
        }
        return fault_set(fault, FAULT_CONFIG, 0, "%s:%u: a NUL byte: this is no text file", path,
                         line);
    }
    return true;
}

static bool read_file(struct settings_text *text, const char *path, unsigned depth,
                      struct fault *fault)
{
    if (depth > SETTINGS_INCLUDE_DEPTH_MAX || text->file_count == SETTINGS_FILES_MAX) {
        return fault_set(fault, FAULT_CONFIG, ELOOP,
                         "cannot include %s: more than %d files, or %d deep", path,
                         SETTINGS_FILES_MAX, SETTINGS_INCLUDE_DEPTH_MAX);
    }
    struct bytes content;
    bytes_init(&content);
    bool good = load_bytes(path, &content, fault);
    char *name = good ? strdup(path) : NULL;
    if (good && name == NULL) {
        good = fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for a path");
    }
    if (good) {
        text->files[text->file_count] = name;
        const char *begin = content.data != NULL ? (const char *)content.data : "";
        struct reader reader = {
            .out = text,
            .path = name,
            .file = text->file_count++,
            .depth = depth,
            .begin = begin,
            .at = begin,
            .end = begin + content.len,
            .line = 1,
        };
        good = copy_file(&reader, fault);
    }
    bytes_fini(&content);
    return good;
}

bool settings_text_read(struct settings_text *text, const char *path, struct fault *fault)
{
    if (!read_file(text, path, 0, fault)) {
        return false;
    }
    // to libconfig, a comment without a line feed behind it is a syntax error
    struct bytes *whole = &text->text;
    bool complete = whole->len > 0 && whole->data[whole->len - 1] == '\n';
    return bytes_append(whole, complete ? "" : "\n", complete ? 1 : 2, fault);
}

struct settings_place settings_text_place(const struct settings_text *text, unsigned line)
{
    struct settings_place place = {text->file_count > 0 ? text->files[0] : "", line};
    for (size_t at = 0; at + sizeof(struct settings_span) <= text->spans.len;) {
        struct settings_span span;
        memcpy(&span, text->spans.data + at, sizeof span);
        if (span.from > line) {
            break;
        }
        place = (struct settings_place){text->files[span.file], span.line + (line - span.from)};
        at += sizeof span;
    }
    return place;
}
