// The record format of the spool. The publisher's thread; whatever is in a file may be wrong.
#include "delivery/spool_file.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    VERSION = 1,
    SUM_SIZE = 32, // of SHA-256
    META_MAX = 64 * 1024,
    EVENT_MAX = 64 * 1024,
    JPEG_MAX = 1024 * 1024 * 1024,
};

static const char magic[8] = "s2mspool"; // without its end

// No padding anywhere, so that every byte of the file is accounted for.
struct header {
    char magic[sizeof magic];
    uint32_t version;
    uint32_t trigger;
    uint8_t sum[SUM_SIZE]; // of header, meta and event, with zeros in this place
    uint64_t seq;
    int64_t captured_ns;
    uint32_t width;
    uint32_t height;
    uint32_t meta_len;
    uint32_t event_len;
    uint64_t jpeg_len;
    char id[64];
    char request_id[72];
    char captured_at[32];
    char sha256[72];
};
static_assert(sizeof(struct header) == 328, "the layout of version 1");
static_assert(sizeof((struct header){0}.id) >= PICTURE_ID_SIZE, "");
static_assert(sizeof((struct header){0}.request_id) >= PICTURE_REQUEST_ID_SIZE, "");
static_assert(sizeof((struct header){0}.sha256) >= PICTURE_SHA256_SIZE, "");

static size_t event_len(const struct picture *picture)
{
    return picture->captured_event != NULL ? strlen(picture->captured_event) : 0;
}

uint64_t spool_file_size(const struct picture *picture)
{
    return sizeof(struct header) + picture->meta.len + event_len(picture) + picture->jpeg.len;
}

static bool sum(const void *data, size_t len, uint8_t digest[static SUM_SIZE], struct fault *fault)
{
    if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "libcrypto has no SHA-256");
    }
    return true;
}

static struct header header_of(const struct picture *picture)
{
    struct header header = {
        .version = VERSION,
        .trigger = picture->trigger,
        .seq = picture->seq,
        .captured_ns = picture->captured_ns,
        .width = picture->width,
        .height = picture->height,
        .meta_len = (uint32_t)picture->meta.len,
        .event_len = (uint32_t)event_len(picture),
        .jpeg_len = picture->jpeg.len,
    };
    memcpy(header.magic, magic, sizeof magic);
    memcpy(header.id, picture->id, sizeof picture->id);
    memcpy(header.request_id, picture->request_id, sizeof picture->request_id);
    memcpy(header.captured_at, picture->captured_at, sizeof picture->captured_at);
    memcpy(header.sha256, picture->sha256, sizeof picture->sha256);
    return header;
}

// Header, meta and event.
static bool make_head(const struct picture *picture, struct bytes *head, struct fault *fault)
{
    struct header header = header_of(picture);
    if (!bytes_append(head, &header, sizeof header, fault) ||
        !bytes_append(head, picture->meta.data, picture->meta.len, fault) ||
        !bytes_append(head, picture->captured_event, event_len(picture), fault) ||
        !sum(head->data, head->len, header.sum, fault)) {
        return false;
    }
    memcpy(head->data, &header, sizeof header);
    return true;
}

static bool write_part(int fd, const struct bytes *part, struct fault *fault)
{
    return file_write_all(fd, part->data, part->len) ||
           fault_set(fault, FAULT_SYSTEM, errno, "cannot write: %s", strerror(errno));
}

bool spool_file_write(int fd, const struct picture *picture, struct fault *fault)
{
    assert(strlen(picture->sha256) == PICTURE_SHA256_SIZE - 1);
    if (picture->meta.len > META_MAX || event_len(picture) > EVENT_MAX ||
        picture->jpeg.len > JPEG_MAX) {
        return fault_set(fault, FAULT_SYSTEM, EFBIG, "the picture is too large for a file");
    }
    struct bytes head;
    bytes_init(&head);
    bool done = make_head(picture, &head, fault) && write_part(fd, &head, fault) &&
                write_part(fd, &picture->jpeg, fault);
    bytes_fini(&head);
    return done;
}

static bool damaged(struct fault *fault, const char *what)
{
    return fault_set(fault, FAULT_PICTURE, 0, "%s", what);
}

// Reads up to `len` bytes to the end of `bytes`. A disk that cannot read a file will not be able to
// later: the picture is lost, and must not hold up the others.
static bool read_all(int fd, size_t len, struct bytes *bytes, struct fault *fault)
{
    if (!bytes_reserve(bytes, len, fault)) {
        return false;
    }
    while (len > 0) {
        ssize_t got = read(fd, bytes->data + bytes->len, len);
        if (got == 0) {
            return damaged(fault, "it is cut short");
        }
        if (got < 0 && errno != EINTR) {
            return fault_set(fault, FAULT_PICTURE, errno, "cannot read: %s", strerror(errno));
        }
        bytes->len += got > 0 ? (size_t)got : 0;
        len -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

// Whether the header can be believed so far as to read what it says follows.
static bool check_frame(const struct header *header, uint64_t file_size, struct fault *fault)
{
    if (memcmp(header->magic, magic, sizeof magic) != 0) {
        return damaged(fault, "it does not begin as a picture of the spool");
    }
    if (header->version != VERSION) {
        return fault_set(fault, FAULT_PICTURE, 0, "its version is %u, not %d", header->version,
                         VERSION);
    }
    if (header->meta_len > META_MAX || header->event_len > EVENT_MAX ||
        header->jpeg_len > JPEG_MAX ||
        sizeof *header + header->meta_len + header->event_len + header->jpeg_len != file_size) {
        return damaged(fault, "its lengths are not those of the file");
    }
    return true;
}

static bool is_text(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool check_head(struct header *header, struct bytes *head, struct fault *fault)
{
    uint8_t expected[SUM_SIZE];
    uint8_t got[SUM_SIZE];
    memcpy(expected, header->sum, sizeof expected);
    memset(head->data + offsetof(struct header, sum), 0, SUM_SIZE);
    if (!sum(head->data, head->len, got, fault)) {
        return false;
    }
    if (memcmp(got, expected, sizeof got) != 0 || !is_text(header->id, PICTURE_ID_SIZE) ||
        !is_text(header->request_id, PICTURE_REQUEST_ID_SIZE) ||
        !is_text(header->captured_at, sizeof((struct picture){0}.captured_at)) ||
        !is_text(header->sha256, PICTURE_SHA256_SIZE)) {
        return damaged(fault, "its header is damaged");
    }
    return true;
}

static bool check_jpeg(const struct picture *picture, struct fault *fault)
{
    uint8_t got[SUM_SIZE];
    if (!sum(picture->jpeg.data, picture->jpeg.len, got, fault)) {
        return false;
    }
    char hex[PICTURE_SHA256_SIZE];
    for (size_t i = 0; i < sizeof got; i++) {
        snprintf(hex + 2 * i, 3, "%02x", got[i]);
    }
    return strcmp(hex, picture->sha256) == 0 || damaged(fault, "its JPEG is damaged");
}

static bool take_head(const struct header *header, const struct bytes *head,
                      struct picture *picture, struct fault *fault)
{
    memcpy(picture->id, header->id, sizeof picture->id);
    memcpy(picture->request_id, header->request_id, sizeof picture->request_id);
    memcpy(picture->captured_at, header->captured_at, sizeof picture->captured_at);
    memcpy(picture->sha256, header->sha256, sizeof picture->sha256);
    picture->seq = header->seq;
    picture->trigger = (enum trigger)header->trigger;
    picture->captured_ns = header->captured_ns;
    picture->width = header->width;
    picture->height = header->height;
    const uint8_t *meta = head->data + sizeof *header;
    if (!bytes_append(&picture->meta, meta, header->meta_len, fault)) {
        return false;
    }
    if (header->event_len > 0) {
        picture->captured_event = malloc(header->event_len + 1U);
        if (picture->captured_event == NULL) {
            return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for an event");
        }
        memcpy(picture->captured_event, meta + header->meta_len, header->event_len);
        picture->captured_event[header->event_len] = '\0';
    }
    return true;
}

static bool read_picture(int fd, bool with_jpeg, struct bytes *head, struct picture *picture,
                         struct fault *fault)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0) {
        return fault_set(fault, FAULT_PICTURE, errno, "%s", strerror(errno));
    }
    if (!S_ISREG(stat.st_mode)) {
        return damaged(fault, "it is no file");
    }
    struct header header;
    if (!read_all(fd, sizeof header, head, fault)) {
        return false;
    }
    memcpy(&header, head->data, sizeof header);
    return check_frame(&header, (uint64_t)stat.st_size, fault) &&
           read_all(fd, header.meta_len + header.event_len, head, fault) &&
           check_head(&header, head, fault) && take_head(&header, head, picture, fault) &&
           (!with_jpeg ||
            (read_all(fd, header.jpeg_len, &picture->jpeg, fault) && check_jpeg(picture, fault)));
}

bool spool_file_read(int fd, bool with_jpeg, struct picture *picture, struct fault *fault)
{
    struct bytes head;
    bytes_init(&head);
    bool done = read_picture(fd, with_jpeg, &head, picture, fault);
    bytes_fini(&head);
    if (!done) {
        picture_fini(picture);
    }
    return done;
}
