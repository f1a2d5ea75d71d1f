"""The include graph is law: who may see whom, and which outside library lives where."""

import fnmatch
import re

import tree

# The rooms of agent/, and what each may include besides itself.
MAY_INCLUDE = {
    "base": set(),
    "settings": {"base"},
    "camera": {"base", "settings"},
    "picture": {"base"},
    "delivery": {"base", "settings"},
    "control": {"base", "settings"},
    "drivers": {"base", "camera", "picture"},  # programs of their own, like main
    "ctl": {"base", "settings", "picture", "delivery"},  # the other end, a program of its own
    "agent": {"base", "settings", "camera", "picture", "delivery", "control"},
}
# Plain data that crosses from room to room.
PLAIN = {"camera/frame.h", "camera/camera_info.h", "picture/picture.h"}
SEES_PLAIN = {"picture", "delivery", "control"}

# Where an outside library may be named; whatever is in angle brackets and not here must be SYSTEM.
HOMES = {
    r"libconfig\.h": ["settings/*"],
    r"jpeglib\.h|jerror\.h|turbojpeg\.h": ["picture/*"],
    r"openssl/.*": ["picture/*", "delivery/spool_file.c", "delivery/link_tls.c", "delivery/tls_*.c"],
    r"libexif/.*": ["picture/exif.c"],
    r"libexif/.*": ["picture/exif.c"],
    r"MQTT\w*\.h": ["delivery/*"],
    r"systemd/.*": ["base/service.c"],
    r"jansson\.h": ["control/*", "picture/envelope.c", "picture/unwrap.c", "ctl/*"],
    r"libcamera/.*": ["camera/drivers/libcamera*"],
    r"pthread\.h": ["base/mailbox.c", "delivery/*", "picture/jpeg*.c", "camera/drivers/*",
                    "settings_keeper.c", "main.c"],
    r"threads\.h": [],
}
SYSTEM = (r"(arpa|asm|linux|net|netinet|sys)/[\w/-]+\.h"
          r"|(assert|complex|ctype|dirent|dlfcn|endian|errno|fcntl|fenv|float|getopt|glob|grp"
          r"|ifaddrs|inttypes|limits|locale|math|netdb|poll|pwd|sched|setjmp|signal|spawn"
          r"|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|sysexits"
          r"|syslog|termios|time|unistd|wchar)\.h")
CXX_SYSTEM = r"[a-z_]+"  # <memory>, <string_view>


def room_of(path):
    """The room of a path below agent/."""
    if path.startswith("camera/drivers/"):
        return "drivers"
    return path.split("/")[0] if "/" in path else "agent"


def includes(text):
    """(line number, "<" or '"', path)"""
    for number, line in enumerate(tree.without_comments(text).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1), match.group(2)


def own_include_is_wrong(path, target):
    here, there = room_of(path), room_of(target)
    if here == there or there in MAY_INCLUDE[here]:
        return False
    return not (target in PLAIN and here in SEES_PLAIN)


def outside_include_is_wrong(path, target):
    for pattern, homes in HOMES.items():
        if re.fullmatch(pattern, target):
            return not any(fnmatch.fnmatch(path, home) for home in homes)
    system = f"{SYSTEM}|{CXX_SYSTEM}" if path.endswith(".cpp") or "libcamera" in path else SYSTEM
    return re.fullmatch(system, target) is None


def layer_findings(path, text):
    """`path` is below agent/."""
    for number, kind, target in includes(text):
        if kind == '"' and own_include_is_wrong(path, target):
            yield f"{path}:{number}: {room_of(path)} may not include {target}"
        if kind == "<" and outside_include_is_wrong(path, target):
            yield f"{path}:{number}: <{target}> has no home here"


def own_header_findings(path, text, headers):
    """A .c includes its own header first, which proves that the header stands alone."""
    own = re.sub(r"\.(c|cpp)$", ".h", path)
    first = next((target for _, _, target in includes(text)), None)
    if own != path and own in headers and first != own:
        yield f"{path}: the first include is {first}, not its own header {own}"


def cycle(graph):
    """One cycle of the graph as a list of names, or None."""
    done, way = set(), []

    def visit(node):
        if node in way:
            return way[way.index(node):] + [node]
        if node in done:
            return None
        way.append(node)
        for target in sorted(graph.get(node, ())):
            found = visit(target)
            if found:
                return found
        done.add(way.pop())
        return None

    return next(filter(None, map(visit, sorted(graph))), None)


def agent_sources():
    for name, text in tree.texts(".c", ".h", ".cpp", under="agent/"):
        yield name.removeprefix("agent/"), text


def test_includes_point_down_and_libraries_are_at_home():
    tree.none(f for path, text in agent_sources() for f in layer_findings(path, text))


def test_own_header_comes_first():
    sources = dict(agent_sources())
    tree.none(f for path, text in sources.items()
            for f in own_header_findings(path, text, sources))


def test_no_include_goes_round_in_circles():
    graph = {path: {target for _, kind, target in includes(text) if kind == '"'}
             for path, text in agent_sources()}
    assert len(graph) > 30
    assert cycle(graph) is None


def test_the_checks_can_fail():
    def found(path, line):
        return bool(list(layer_findings(path, line + "\n")))

    assert found("base/log.c", '#include "settings/settings.h"')
    assert found("picture/jpeg.c", '#include "camera/camera.h"')
    assert found("control/command.c", '#include "delivery/publisher.h"')
    assert found("delivery/link.c", '#  include "control/documents.h"')
    assert found("agent.c", '#include "camera/drivers/driver.h"')
    assert found("agent.c", "#include <MQTTAsync.h>")
    assert found("agent.c", '#include "ctl/roster.h"')
    assert found("ctl/snap.c", '#include "control/command.h"')
    assert found("ctl/session.c", "#include <MQTTAsync.h>")
    assert found("camera/drivers/files.c", "#include <jpeglib.h>")
    assert found("picture/mjpeg.c", "#include <jansson.h>")
    assert found("base/log.c", "#include <curl/curl.h>")
    assert found("base/log.c", "#include <vector>")
    assert not found("control/command.c", '#include "picture/picture.h"')
    assert not found("control/command.c", "#include <jansson.h>")
    assert not found("base/log.c", '// #include "settings/settings.h"')
    assert not found("camera/drivers/libcamera.cpp", "#include <libcamera/camera.h>")
    assert not found("camera/drivers/libcamera.cpp", "#include <map>")

    late = '#include <stdio.h>\n#include "base/log.h"\n'
    assert list(own_header_findings("base/log.c", late, {"base/log.h"}))
    assert not list(own_header_findings("base/log.c", '#include "base/log.h"', {"base/log.h"}))
    assert not list(own_header_findings("main.c", late, {"base/log.h"}))

    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}}) is None
