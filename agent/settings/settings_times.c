// Small grammars, read from left to right. Any thread, no state.
#include "settings/settings_times.h"

#include "settings/settings_check.h"

#include <string.h>

enum { SUN_OFFSET_MAX_S = 12 * 3600 };

static const char *after_spaces(const char *text)
{
    return text + strspn(text, " ");
}

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

// "8:00", "18:30", "24:00"
static bool read_clock(const char **text, int32_t *seconds)
{
    const char *at = *text;
    int32_t hours = 0;
    for (int i = 0; i < 2 && is_digit(*at); i++) {
        hours = hours * 10 + (*at++ - '0');
    }
    if (at == *text || *at++ != ':' || !is_digit(at[0]) || !is_digit(at[1])) {
        return false;
    }
    int32_t minutes = (at[0] - '0') * 10 + (at[1] - '0');
    *seconds = (hours * 60 + minutes) * 60;
    *text = at + 2;
    return minutes < 60 && *seconds <= 86400;
}

static bool read_word(const char **text, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(*text, word, len) != 0) {
        return false;
    }
    *text += len;
    return true;
}

// `may_be_earlier`: whether a "-" behind the sun's event belongs to it.
static bool read_edge(const char **text, bool may_be_earlier, struct day_edge *edge)
{
    *text = after_spaces(*text);
    edge->seconds = 0;
    edge->kind = read_word(text, "sunrise")  ? DAY_EDGE_SUNRISE
                 : read_word(text, "sunset") ? DAY_EDGE_SUNSET
                                             : DAY_EDGE_CLOCK;
    if (edge->kind == DAY_EDGE_CLOCK) {
        return read_clock(text, &edge->seconds);
    }
    char sign = **text;
    if (sign != '+' && (sign != '-' || !may_be_earlier)) {
        return true;
    }
    (*text)++;
    bool good = read_clock(text, &edge->seconds) && edge->seconds <= SUN_OFFSET_MAX_S;
    edge->seconds = sign == '-' ? -edge->seconds : edge->seconds;
    return good;
}

// "sunset-1:00-6:00" and "sunset-6:00" differ only by what comes behind.
static bool read_window(const char *text, bool begins_earlier, struct day_window *window)
{
    if (!read_edge(&text, begins_earlier, &window->begin)) {
        return false;
    }
    text = after_spaces(text);
    return *text++ == '-' && read_edge(&text, true, &window->end) && *after_spaces(text) == '\0';
}

bool settings_window(const char *text, struct day_window *window)
{
    *window = (struct day_window){.end.seconds = 86400};
    return text[0] == '\0' || read_window(text, false, window) || read_window(text, true, window);
}

static bool read_weekday(const char **text, int *day)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    *text = after_spaces(*text);
    for (*day = 0; *day < 7; (*day)++) {
        if (read_word(text, names[*day])) {
            *text = after_spaces(*text);
            return true;
        }
    }
    return false;
}

static uint8_t days_between(int first, int last)
{
    unsigned days = 1U << last;
    for (int day = first; day != last; day = (day + 1) % 7) {
        days |= 1U << day;
    }
    return (uint8_t)days;
}

bool settings_weekdays(const char *text, uint8_t *weekdays)
{
    *weekdays = text[0] == '\0' ? WEEKDAYS_ALL : 0;
    while (text[0] != '\0') {
        int first;
        int last;
        if (!read_weekday(&text, &first)) {
            return false;
        }
        last = first;
        if (*text == '-' && (text++, !read_weekday(&text, &last))) {
            return false;
        }
        *weekdays |= days_between(first, last);
        if (*text != '\0' && (*text++ != ',' || *after_spaces(text) == '\0')) {
            return false;
        }
    }
    return true;
}

bool settings_place(const char *text, double *latitude, double *longitude)
{
    double numbers[2];
    if (text[0] == '\0') {
        return true;
    }
    if (!settings_numbers(text, 2, numbers) || numbers[0] < -90 || numbers[0] > 90 ||
        numbers[1] < -180 || numbers[1] > 180) {
        return false;
    }
    *latitude = numbers[0];
    *longitude = numbers[1];
    return true;
}

bool settings_window_has_sun(const char *text)
{
    struct day_window window;
    return settings_window(text, &window) &&
           (window.begin.kind != DAY_EDGE_CLOCK || window.end.kind != DAY_EDGE_CLOCK);
}

bool settings_check_window(const char *text, struct fault *fault)
{
    struct day_window window;
    return settings_window(text, &window) ||
           fault_set(fault, FAULT_CONFIG, 0,
                     "\"FROM-TO\" is expected, such as \"08:00-18:00\", \"sunset-sunrise\" or "
                     "\"sunrise-0:30 - 20:00\"");
}

bool settings_check_weekdays(const char *text, struct fault *fault)
{
    uint8_t weekdays;
    return settings_weekdays(text, &weekdays) ||
           fault_set(fault, FAULT_CONFIG, 0,
                     "days are expected, such as \"mon-fri\" or \"sat, sun\"");
}

bool settings_check_place(const char *text, struct fault *fault)
{
    double ignored[2];
    return settings_place(text, &ignored[0], &ignored[1]) ||
           fault_set(fault, FAULT_CONFIG, 0,
                     "latitude and longitude in degrees are expected, such as \"-33.87, 151.21\"");
}
