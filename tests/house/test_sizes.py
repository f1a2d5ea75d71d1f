"""One idea a file: past 500 lines, or 70 in a function, it holds two."""

import ast
import re

import tree

FILE_MAX = 500
FUNCTION_MAX = 70
SUFFIXES = (".c", ".cpp", ".h", ".js", ".mjs", ".css", ".html", ".py", ".sh", ".bash", ".cmake")


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


def braced_functions(text, head):
    """Functions whose head matches and whose end is a closing brace under the head's first letter,
    as the formatters leave them."""
    lines = text.splitlines()
    for first, line in enumerate(lines):
        match = re.match(head, line)
        if not match:
            continue
        end = re.compile(rf"{match.group(1)}\}}")
        for last in range(first + 1, len(lines)):
            if end.match(lines[last]):
                yield match.group(2), first + 1, last + 1
                break


C_HEAD = r"()(?:[A-Za-z_][\w\s*:&<>,]*?[\s*&])?([\w:~]+)\((?!.*;\s*$)"
CXX_METHOD_HEAD = r"( {4})(?:[A-Za-z_][\w\s*:&<>,]*?[\s*&])?([\w:~]+)\([^;]*$"
JS_HEAD = (r"(\s*)(?:export\s+)?(?:static\s+|async\s+|function\*?\s*)*"
           r"(?!(?:if|for|while|switch|catch)\b)([#\w$]+)\([^;]*\{\s*$")
SH_HEAD = r"(\s*)(\w+)\(\)\s*\{"


def functions(name, text):
    if name.endswith(".py") or text.startswith("#!/usr/bin/env python3"):
        yield from python_functions(text)
    elif name.endswith((".c", ".h")):
        yield from braced_functions(text, C_HEAD)
    elif name.endswith(".cpp"):
        yield from braced_functions(text, C_HEAD)
        yield from braced_functions(text, CXX_METHOD_HEAD)
    elif name.endswith((".js", ".mjs")):
        yield from braced_functions(text, JS_HEAD)
    elif tree.is_script(text) or name.endswith(".bash"):
        yield from braced_functions(text, SH_HEAD)


def size_findings(name, text):
    count = text.count("\n")
    if count > FILE_MAX:
        yield f"{name}: {count} lines; more than {FILE_MAX}"
    for function, first, last in functions(name, text):
        length = last - first + 1
        if length > FUNCTION_MAX:
            yield f"{name}:{first}: {function} has {length} lines; more than {FUNCTION_MAX}"


def test_files_and_functions_are_small():
    sized = [(name, text) for name, text in tree.texts()
             if name.endswith(SUFFIXES) or text.startswith("#!")]
    assert len(sized) > 30
    tree.none(f for name, text in sized for f in size_findings(name, text))


def test_functions_are_seen():
    """The check of lengths is worth what it sees: real files, known functions."""
    def names(path):
        return {function for function, _, _ in functions(path, tree.read(path))}

    assert {"fault_set", "fault_vset", "fault_prefix"} <= names("agent/base/fault.c")
    assert {"loop_create", "loop_turn"} <= names("agent/base/loop.c")
    assert {"packages_install", "port_free"} <= names("packaging/lib.bash")
    assert {"python_functions"} <= names("tests/house/test_sizes.py")


def test_the_checks_can_fail():
    body = "    x();\n" * FUNCTION_MAX
    short = "    x();\n" * (FUNCTION_MAX - 10)
    long_c = f"static bool\nlong_one(int a)\n{{\n{body}}}\n"
    samples = {
        "a.c": [long_c, f"struct s *long_two(int a,\n                   int b)\n{{\n{body}}}\n"],
        "a.cpp": [f"void Session::run()\n{{\n{body}}}\n",
                  f"class A\n{{\n    void run()\n    {{\n{body}    }}\n}};\n"],
        "a.js": [f"export async function run(a) {{\n{body}}}\n",
                 f"class A {{\n  #run(a) {{\n{body}  }}\n}}\n"],
        "a.py": [f"def run():\n{body}"],
        "a.bash": [f"run() {{\n{body}}}\n"],
    }
    for name, texts in samples.items():
        for text in texts:
            assert list(size_findings(name, text)), text[:60]
            assert not list(size_findings(name, text.replace(body, short))), text[:60]
    assert list(size_findings("a.h", "\n" * (FILE_MAX + 1)))
    assert not list(size_findings("a.h", "\n" * FILE_MAX))
