// Text that came from outside, made fit for JSON, MQTT and the log: UTF-8 without control
// characters. Pure.
#pragma once

// Replaces every byte of what is not UTF-8, and of control characters, by '?'.
void text_clean(char *text);

// The same, but line feeds stay.
void text_clean_lines(char *text);

// Takes away the beginning of a character at the end of a text that was cut for want of room.
void text_cut(char *text);
