// Ids from outside. Any thread, no state.
#include "control/request_id.h"

bool request_id_is_valid(const char *text, size_t len)
{
    if (len == 0 || len >= PICTURE_REQUEST_ID_SIZE) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool is_wildcard = text[i] == '+' || text[i] == '#';
        if (text[i] < 0x21 || text[i] > 0x7E || is_wildcard) {
            return false;
        }
    }
    return true;
}
