"""The summary of tests/run: true sums, and no way for a broken suite to look well."""

import sys

import pytest
import tree

sys.path.insert(0, str(tree.ROOT / "tests" / "support"))

from summary import summarize  # noqa: E402

CMOCKA = """[==========] Running 3 test(s).
[ RUN      ] test_a
[       OK ] test_a
[ RUN      ] test_b
{b}
[ RUN      ] test_c
[  SKIPPED ] test_c
[==========] 3 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] test_c
"""


@pytest.fixture
def run(tmp_path):
    """Summarizes one suite: its kind, exit code, report and log."""

    def one(kind="junit", status=0, report=None, log=""):
        (tmp_path / "suites.tsv").write_text(f"s\t{kind}\t{status}\t1\n")
        (tmp_path / "s.log").write_text(log)
        if report is not None:
            (tmp_path / "s.xml").write_text(report)
        lines, good = summarize(tmp_path)
        return lines[-1], good, "\n".join(lines)

    return one


def junit(*cases):
    return f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"


PASS = '<testcase name="p"/>'
FAIL = '<testcase name="f"><failure message="because"/></testcase>'
ERROR = '<testcase name="e"><error message="setup"/></testcase>'
SKIP = '<testcase name="k"><skipped message="no camera"/></testcase>'


def test_cases_are_added_up(run):
    last, good, text = run(status=1, report=junit(PASS, PASS, FAIL, ERROR, SKIP))
    assert (last, good) == ("2 passed, 2 failed, 1 skipped", False)
    assert "FAILED: s: f: because" in text and "skipped: s: k: no camera" in text
    assert run(report=junit(PASS, SKIP))[:2] == ("1 passed, 0 failed, 1 skipped", True)
    last, _, text = run(report=junit(SKIP, SKIP, SKIP))
    assert last == "0 passed, 0 failed, 3 skipped" and "skipped: s: 3 cases: no camera" in text


def test_cmocka_cases_count_each(run):
    def case(second, verdict=""):
        output = f"<system-out>{CMOCKA.format(b=second)}</system-out>"
        return junit(f'<testcase name="test_x">{verdict}{output}</testcase>')

    assert run(report=case("[       OK ] test_b"))[:2] == ("2 passed, 0 failed, 1 skipped", True)
    failed = run(status=8, report=case("[  FAILED  ] test_b", '<failure message="Failed"/>'))
    assert failed[:2] == ("1 passed, 1 failed, 1 skipped", False)
    leaked = run(status=8, report=case("[       OK ] test_b", '<failure message="Failed"/>'))
    assert leaked[:2] == ("2 passed, 1 failed, 1 skipped", False)


@pytest.mark.parametrize("status,report,words", [
    (139, None, "left no report"),
    (0, "<testsuites><test", "left no report"),
    (5, junit(), "ran no test"),
    (0, junit(), "ran no test"),
    (139, junit(PASS), "exit code 139"),
    (124, junit(PASS), "took too long"),
])
def test_a_broken_suite_fails(run, status, report, words):
    last, good, text = run(status=status, report=report)
    assert not good and " 1 failed," in last and words in text


def test_plain_suites_go_by_their_exit_code(run):
    assert run("plain", 0)[:2] == ("1 passed, 0 failed, 0 skipped", True)
    assert run("plain", 1, log="boom\n")[:2] == ("0 passed, 1 failed, 0 skipped", False)
    last, good, text = run("plain", 77, log="starting\nSKIP: no tc here\n")
    assert (last, good) == ("0 passed, 0 failed, 1 skipped", True)
    assert "SKIP: no tc here" in text


def test_no_suite_at_all_is_a_failure(tmp_path):
    (tmp_path / "suites.tsv").write_text("")
    assert summarize(tmp_path)[1] is False
