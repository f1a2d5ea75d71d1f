// What somebody probably meant who wrote a key that does not exist. Pure.
#pragma once

// The path of the nearest key (or the name of the nearest group, where `group` is NULL), or NULL
// when nothing is near. `group` is the known group that the key stood in.
const char *settings_suggest(const char *group, const char *key);
