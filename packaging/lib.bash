# shellcheck shell=bash
# What the scripts of this repository share: messages, apt packages, ports, processes.
# Sourced; expects `set -euo pipefail` and never changes the caller's directory.

note() { printf '%s\n' "$*" >&2; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# --- apt packages -------------------------------------------------------------------------------
# A want is a package name, "a|b" (any of them serves), or "?a" (only where apt knows it).

package_is_installed() {
    [[ " $(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null) " == *' installed '* ]]
}

package_is_known() {
    [[ $(apt-cache policy "$1" 2>/dev/null) == *$'\n  Candidate: '[!\(]* ]]
}

# want_is_met WANT
want_is_met() {
    local name names
    IFS='|' read -ra names <<<"${1#\?}"
    for name in "${names[@]}"; do
        package_is_installed "$name" && return 0
    done
    return 1
}

# want_choose WANT: prints the package to install; nothing where an optional one is unknown.
want_choose() {
    local name names
    IFS='|' read -ra names <<<"${1#\?}"
    for name in "${names[@]}"; do
        if package_is_known "$name"; then
            printf '%s\n' "$name"
            return 0
        fi
    done
    [[ $1 == \?* ]]
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and there is no sudo here; as root: $*"
    fi
}

# apt_get LOG ARGUMENT…
apt_get() {
    local log=$1
    shift
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" \
        >>"$log" 2>&1 </dev/null
}

# packages_install LOG WANT…: installs what is missing, having said so; says nothing otherwise.
packages_install() {
    local log=$1 want chosen updated=0
    local -a missing=() names=()
    shift
    for want in "$@"; do
        want_is_met "$want" || missing+=("$want")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null ||
        fail "there is no apt here; install these yourself: ${missing[*]}"

    for want in "${missing[@]}"; do
        if ((!updated)) && [[ -z $(want_choose "$want") ]]; then
            note "  apt       apt-get update (its lists are missing or old)"
            apt_get "$log" update || note "  apt       apt-get update had trouble, see $log"
            updated=1
        fi
        chosen=$(want_choose "$want") || fail "apt knows no package ${want#\?} here"
        [[ -z $chosen ]] || names+=("$chosen")
    done
    ((${#names[@]})) || return 0

    note "  apt       installing ${names[*]}"
    if ! apt_get "$log" install -y --no-install-recommends "${names[@]}"; then
        # lists older than the mirror name files that are gone
        note "  apt       that failed; once more after apt-get update"
        apt_get "$log" update || true
        apt_get "$log" install -y --no-install-recommends "${names[@]}" ||
            fail "apt-get install failed; its own words are at the end of $log"
    fi
}

# What a build needs. A cmake that is new enough, and an npm, may also come from elsewhere.
build_packages() {
    local have
    printf '%s\n' gcc g++ ninja-build pkg-config libpaho-mqtt-dev \
        'libjpeg62-turbo-dev|libjpeg-turbo8-dev|libjpeg-dev' libexif-dev libconfig-dev libjansson-dev libsystemd-dev \
        libssl-dev '?libcamera-dev'
    have=$(cmake --version 2>/dev/null | sed -n '1s/.* //p') || have=0
    version_is_at_least "$have" 3.25 || printf '%s\n' cmake
    command -v npm >/dev/null || printf '%s\n' nodejs npm
}

# version_is_at_least VERSION FLOOR
version_is_at_least() {
    [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]
}

# Debian's python3, which its python3-* packages belong to, even where another one is first in PATH.
system_python() {
    if [[ -x /usr/bin/python3 ]]; then
        printf '/usr/bin/python3\n'
    else
        command -v python3
    fi
}

# --- ports and processes ------------------------------------------------------------------------

port_is_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# port_free FIRST [TAKEN…]: prints the first free loopback port from FIRST on that is not in TAKEN.
port_free() {
    local port=$1 last=$(($1 + 200)) taken=" ${*:2} "
    for (( ; port < last; port++)); do
        if [[ $taken != *" $port "* ]] && ! port_is_taken "$port"; then
            printf '%s\n' "$port"
            return 0
        fi
    done
    fail "no free port on 127.0.0.1 from $1 on"
}

# within SECONDS COMMAND…: runs the command again and again until it succeeds or the time is up.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

# process_stop PID: TERM, up to five seconds of patience, KILL; then reaps it.
process_stop() {
    kill "$1" 2>/dev/null || return 0
    within 5 is_gone "$1" || kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}
