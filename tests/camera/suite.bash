# shellcheck shell=bash
# An apt of its own for another Debian suite: packages are only unpacked, never installed. Needs no
# root, takes the mirror that this machine's apt uses, reads and writes none of its state.
# Sourced by the fetch scripts; expects `set -euo pipefail`.
#
#   suite_begin SUITE FOLDER       returns 1 if FOLDER/root has been made before
#   suite_closure PACKAGE          prints the libraries that it needs, one package a line
#   suite_unpack PACKAGE…          into $suite_root
#   suite_end                      makes it FOLDER/root
#
# What cannot be had here ends the script with 77 and a line "SKIP: why".
export LC_ALL=C

skip() {
    echo "SKIP: $*"
    exit 77
}

suite_begin() {
    local suite=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg tool mirror
    mkdir -p "$2"
    suite_folder=$(cd "$2" && pwd)
    exec 9>"$suite_folder/lock"
    flock 9
    [[ ! -d $suite_folder/root ]] || return 1

    for tool in apt-get dpkg-deb; do
        command -v "$tool" >/dev/null || skip "no $tool here"
    done
    [[ -r $keyring ]] || skip "no Debian keyring here ($keyring)"
    # the mirror that this machine's apt uses most, security and backports apart
    # shellcheck disable=SC2016 # $(SITE) is apt's
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security |
        sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }') || true
    [[ -n $mirror ]] || skip "apt knows no mirror on this machine"

    suite_work=$suite_folder/work
    suite_root=$suite_work/root
    rm -rf "$suite_work"
    mkdir -p "$suite_work"/{debs,root,lists/partial,cache/archives/partial}
    # backports stand on their suite
    printf "deb [signed-by=$keyring] $mirror %s main\n" "$suite" "${suite%-backports}" |
        sort -u >"$suite_work/sources.list"
    suite_apt=(-qq -o "Dir::Etc::sourcelist=$suite_work/sources.list"
        -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
        -o "Dir::State::lists=$suite_work/lists" -o Dir::State::status=/dev/null
        -o "Dir::Cache=$suite_work/cache" -o "APT::Default-Release=$suite"
        -o Acquire::Languages=none -o APT::Sandbox::User=root -o Acquire::Retries=2)
    # apt calls it a success when it could not fetch anything
    apt-get "${suite_apt[@]}" update >"$suite_work/log" 2>&1 ||
        echo "E: apt-get update failed" >>"$suite_work/log"
    if grep -q '^[EW]: ' "$suite_work/log"; then
        skip "cannot read the package lists of $suite from $mirror:" \
            "$(grep -m 1 '^[EW]: ' "$suite_work/log")"
    fi
}

# suite_depends [--recurse] PACKAGE: as apt-cache writes them
suite_depends() {
    apt-cache "${suite_apt[@]}" depends --no-recommends --no-suggests --no-conflicts \
        --no-breaks --no-replaces --no-enhances "$@"
}

suite_closure() {
    suite_depends --recurse "$1" | grep -E '^(lib|zlib)[a-z0-9.+-]+$' |
        grep -vE '^libc6-(i386|x32)|^libc-bin|perl|debconf' | sort -u
}

suite_unpack() {
    local deb name
    # older suites put some into /lib
    for name in bin lib lib64 sbin; do
        mkdir -p "$suite_root/usr/$name"
        ln -sfn "usr/$name" "$suite_root/$name"
    done
    (cd "$suite_work/debs" && apt-get "${suite_apt[@]}" download "$@") \
        >>"$suite_work/log" 2>&1 || skip "cannot download $*: $(tail -n 1 "$suite_work/log")"
    for deb in "$suite_work"/debs/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x --keep-directory-symlink --no-same-owner -C "$suite_root"
    done
}

# The last step makes it whole: a run that was interrupted starts again.
suite_end() {
    mv "$suite_root" "$suite_folder/root"
    rm -rf "$suite_work"
}
