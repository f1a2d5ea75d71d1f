"""The tools decide about form: clang-format for C and C++, shellcheck for scripts."""

import shutil
import subprocess

import pytest
import tree


def misformatted(names, cwd=tree.ROOT):
    """file:line: … for each place"""
    done = subprocess.run(["clang-format", "--dry-run", "--Werror", *names], cwd=cwd,
                          capture_output=True, text=True, check=False)
    return [line for line in done.stderr.splitlines() if " error: " in line]


def script_findings(names, cwd=tree.ROOT):
    """file:line:column: … for each finding"""
    done = subprocess.run(["shellcheck", "-x", "--format=gcc", *names], cwd=cwd,
                          capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def needs(tool):
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


@needs("clang-format")
def test_c_is_formatted():
    names = [name for name in tree.files() if name.endswith((".c", ".h", ".cpp"))]
    assert len(names) > 30
    tree.none(misformatted(names))


@needs("clang-format")
def test_clang_format_can_fail(tmp_path):
    shutil.copy(tree.ROOT / ".clang-format", tmp_path)
    (tmp_path / "bad.c").write_text("int main( void ) { return 0; }\n")
    assert "bad.c:1:" in misformatted(["bad.c"], tmp_path)[0]


@needs("shellcheck")
def test_scripts_are_clean():
    names = [name for name, text in tree.texts()
             if tree.is_script(text) or name.endswith((".sh", ".bash"))]
    assert {"tests/run", "packaging/quickstart", "packaging/lib.bash", ".ci/run"} <= set(names)
    tree.none(script_findings(names))


@needs("shellcheck")
def test_shellcheck_can_fail(tmp_path):
    (tmp_path / "bad").write_text("#!/bin/bash\nrm -rf $1/*\n")
    assert "SC2086" in "\n".join(script_findings(["bad"], tmp_path))


def careless(text):
    return tree.is_script(text) and "bash" in text.splitlines()[0] \
        and "\nset -euo pipefail\n" not in text


def test_scripts_stop_at_the_first_error():
    tree.none(name for name, text in tree.texts() if careless(text))
    assert careless("#!/usr/bin/env bash\nset -e\ntrue\n")
    assert not careless("#!/usr/bin/env bash\nset -euo pipefail\ntrue\n")
