"""What may not stand in the tree: calls that this house has better ones for, unfinished words,
and what ties the project to one machine."""

import fnmatch
import re

import tree

# (files, pattern, where it is allowed after all)
BANNED = [
    (("agent/*.c", "agent/*.h", "agent/*.cpp"),
     r"\b(str(cpy|cat)|v?sprintf|gets|ato(i|l|ll|f)|system|popen|mktemp|tmpnam)\s*\(", []),
    (("agent/*.c", "agent/*.h", "agent/*.cpp"), r"\b(u?sleep|nanosleep)\s*\(",
     ["agent/delivery/paho_pacing.c", "agent/delivery/paho_pacing.h"]),
    (("agent/*.c", "agent/*.h", "agent/*.cpp"), r"(?<![\w.>])_?exit\s*\(",
     ["agent/main.c", "agent/camera/drivers/*", "agent/camera/driver_link.c"]),
    (("agent/page/*.js", "agent/page/*.html"),
     r"\b(innerHTML|outerHTML|insertAdjacentHTML|eval\s*\(|document\.write|new Function)", []),
    (("tests/*.c",), r"\b(u?sleep|nanosleep)\s*\(", []),
    (("tests/*.py",), r"\btime\.sleep\(", []),
    (("tests/*.js", "tests/*.mjs"), r"setTimeout\(\s*(resolve|done|r)\b|timers/promises", []),
]
UNFINISHED = r"TODO|FIXME|XXX|HACK|\bstub\b|\bplaceholder\b(?!=)|\bfor now\b"
UNFINISHED_IN = ("agent/*", "packaging/*", "conf/*")
# Written so that they do not find themselves.
MACHINE = [
    r"(?:^|[^\w.])/(?:work|farm)/[a-z]",
    r"\.\./shared\b",
    r"deb\.debian\.org|registry\.npmjs\.org|pypi\.org|pythonhosted\.org|crates\.io",
    r"proxy\.golang\.org|repo1?\.maven",
    r'"resolved": *"https?:',
]


def belongs(name, patterns):
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def banned_findings(name, text):
    code = tree.code_only(text) if name.endswith((".c", ".h", ".cpp", ".js", ".mjs")) else text
    for names, pattern, allowed in BANNED:
        if belongs(name, names) and not belongs(name, allowed):
            for number, words in tree.lines_matching(pattern, code):
                yield f"{name}:{number}: {words}"


def unfinished_findings(name, text):
    if belongs(name, UNFINISHED_IN):
        for number, words in tree.lines_matching(UNFINISHED, text):
            yield f"{name}:{number}: {words}"


def machine_findings(name, text):
    for pattern in MACHINE:
        for number, words in tree.lines_matching(pattern, text):
            yield f"{name}:{number}: {words}"


def test_no_banned_call():
    tree.none(f for name, text in tree.texts() for f in banned_findings(name, text))


def test_nothing_is_left_unfinished():
    tree.none(f for name, text in tree.texts() for f in unfinished_findings(name, text))


def test_no_machine_is_named():
    tree.none(f for name, text in tree.texts() for f in machine_findings(name, text))


def test_the_checks_can_fail():
    def banned(name, text):
        return bool(list(banned_findings(name, text)))

    assert banned("agent/a.c", "    strcpy(a, b);")
    assert banned("agent/base/a.h", "    x = atoi (b);")
    assert banned("agent/camera/a.c", "    exit(1);")
    assert banned("agent/camera/drivers/a.cpp", "    usleep(1);")
    assert banned("agent/page/a.js", "  node.innerHTML = x;")
    assert banned("tests/unit/base/test_a.c", "    sleep(1);")
    assert banned("tests/page/test_a.py", "    time." + "sleep(1)")
    assert banned("tests/page/a.test.mjs", "await new Promise((r) => setTimeout(r, 100));")
    assert not banned("agent/main.c", "    _exit(0);")
    assert not banned("agent/delivery/paho_pacing.c", "int usleep(useconds_t us)")
    assert not banned("agent/a.c", "    // never strcpy(a, b)\n    log(\"system(x)\");")
    assert not banned("agent/a.c", "    on_exit_of(a); agent->exit(1); my_atoi(b);")

    for words in ("TO" + "DO: later", "a stub", "good for now", "XX" + "X"):
        assert list(unfinished_findings("conf/a.conf", words)), words
    assert not list(unfinished_findings("agent/page/a.html", '<input placeholder="ws://…">'))
    assert not list(unfinished_findings("tests/a.py", "a stub"))

    for words in ("/wo" + "rk/main", " /fa" + "rm/x", ".." + "/shared/x", "http://deb.debian" +
                  ".org/x", '"resolved": ' + '"https://x"'):
        assert list(machine_findings("tests/a.txt", words)), words
    assert not list(machine_findings("tests/a.txt", "a/work/x ./work/ /workers"))
