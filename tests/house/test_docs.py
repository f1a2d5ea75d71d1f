"""What the README says is so: its commands are there, its topics and settings exist."""

import os
import re

import tree

COMMANDS = ("packaging/quickstart", "tests/run")


def code_spans(text):
    """What stands in `…` and in fenced blocks."""
    fenced = re.findall(r"^```.*?\n(.*?)^```", text, re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return fenced + spans


def missing_files(text, exists):
    """Paths of this repository that are named and not there."""
    named = {path.rstrip("/.") for span in code_spans(text) for path in
             re.findall(r"(?<![\w/.-])((?:agent|conf|packaging|tests)/[\w./-]*)", span)}
    return sorted(path for path in named if path and not exists(path))


def missing_topics(text, source):
    """Leaves of the wire table, "| `P/ID/leaf` |", that no source file names."""
    leaves = re.findall(r"^\| `[^`]*/ID/([\w/]+)`", text, re.M)
    return [leaf for leaf in leaves if f'"{leaf}"' not in source and f'/{leaf}"' not in source]


GROUPS = "device|camera|picture|schedule|mqtt|spool"


def missing_settings(text, table):
    """Keys named as `group.key` that settings_table.c has no row for."""
    keys = {key for span in code_spans(text)
            for key in re.findall(rf"\b((?:{GROUPS})\.[a-z_]+)\b(?![./(])", span)}
    return sorted(key for key in keys
                  if f"FIELD({key})" not in table and f'.path = "{key}"' not in table)


def agent_source():
    return "\n".join(text for _, text in tree.texts(".c", ".h", under="agent/"))


def test_the_commands_are_there_and_run():
    readme = tree.read("README.md")
    for command in COMMANDS:
        assert any(command in span for span in code_spans(readme)), command
        assert os.access(tree.ROOT / command, os.X_OK), command
    assert os.access(tree.ROOT / ".ci/run", os.X_OK)


def test_files_named_are_there():
    assert missing_files(tree.read("README.md"), lambda path: (tree.ROOT / path).exists()) == []


def test_topics_named_exist():
    readme = tree.read("README.md")
    assert "/ID/image`" in readme
    assert missing_topics(readme, agent_source()) == []


def test_settings_named_exist():
    table = "".join(tree.read(f"agent/settings/{name}") for name in (
        "settings_table.c", "settings_table_camera.inc", "settings_table_schedule.inc",
        "settings_list.c"))
    readme = tree.read("README.md")
    assert "`camera.driver`" in readme
    assert missing_settings(readme, table) == []


def test_the_checks_can_fail():
    assert missing_files("run `tests/walk`", lambda path: False) == ["tests/walk"]
    assert missing_files("run `tests/run`", lambda path: True) == []
    assert missing_files("prose about tests/walk", lambda path: False) == []
    assert missing_topics("| `P/ID/imago` | x |\n", '"image"') == ["imago"]
    assert missing_topics("| `P/ID/image` | x |\n", '"%s/image"') == []
    assert missing_settings("`camera.heigth`", "FIELD(camera.height)") == ["camera.heigth"]
    assert missing_settings("`camera.height`", "FIELD(camera.height)") == []
