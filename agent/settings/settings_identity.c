// The device's own name. Reads two small files; never writes.
#include "settings/settings_identity.h"

#include "base/seed.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The letters and digits at the beginning of the file; "" where it cannot be read.
static void read_word(const char *path, char word[static SETTINGS_ID_SIZE])
{
    word[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    ssize_t got = read(fd, word, SETTINGS_ID_SIZE - 1);
    close(fd);
    size_t len = 0;
    while ((ssize_t)len < got && isalnum((unsigned char)word[len])) {
        len++;
    }
    word[len] = '\0';
}

bool settings_identity(const char *serial_path, const char *machine_id_path,
                       char id[static SETTINGS_ID_SIZE], struct fault *fault)
{
    char word[SETTINGS_ID_SIZE];
    read_word(serial_path, word);
    if (strspn(word, "0") < strlen(word)) { // a board without a number says 0000000000000000
        memcpy(id, word, sizeof word);
        return true;
    }
    // a machine that has not booted yet says "uninitialized"
    read_word(machine_id_path, word);
    if (strlen(word) == 32 && strspn(word, "0123456789abcdef") == 32 && strspn(word, "0") < 32) {
        // which hides nothing from someone who guesses 128 bits, which nobody does
        snprintf(id, SETTINGS_ID_SIZE, "%012" PRIx64, seed_of(word) >> 16);
        return true;
    }
    return fault_set(fault, FAULT_CONFIG, 0,
                     "this machine has neither a board serial number nor a machine id to make one "
                     "of: set device.id");
}
