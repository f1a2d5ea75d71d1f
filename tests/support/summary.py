#!/usr/bin/env python3
"""summary.py LOGS: adds up what the suites of tests/run reported.

LOGS/suites.tsv has a line for each suite: name, kind, exit code, seconds. The kind tells where its
test cases are: "junit" (LOGS/NAME.xml, from pytest, ctest or node), or "plain" (the suite is one
case and its exit code says all; 77 is a skip whose reason is the last line of LOGS/NAME.log). A
suite that crashed, or that ran no case, counts as one more failure.
"""
import re
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

SKIPPED = 77
TIMED_OUT = (124, 137)


@dataclass
class Result:
    passed: int = 0
    skipped: list = field(default_factory=list)  # (case, reason)
    failed: list = field(default_factory=list)   # (case, reason)


def count_cmocka(output):
    """The cases inside one executable of a ctest suite, by cmocka's own words; None: no cmocka."""
    if "test(s) run." not in output:
        return None
    return (len(re.findall(r"^\[ +OK +\] ", output, re.M)),
            sorted(set(re.findall(r"^\[ +SKIPPED +\] ([A-Za-z_]\S*)$", output, re.M))),
            sorted(set(re.findall(r"^\[ +FAILED +\] ([A-Za-z_]\S*)$", output, re.M))))


def first_line(text):
    """The first line that says something; pytest's may only name the exception."""
    lines = [line.strip() for line in (text or "").splitlines()]
    lines = [line for line in lines if line and line != "AssertionError:"]
    return lines[0][:160] if lines else ""


def read_junit(path):
    result = Result()
    for case in xml.parse(path).iter("testcase"):
        name = case.get("name")
        bad = [node for node in case if node.tag in ("failure", "error")]
        skip = case.find("skipped")
        inner = count_cmocka(case.findtext("system-out") or "")
        if inner is not None:
            passed, skips, fails = inner
            result.passed += passed
            result.skipped += [(f"{name}: {test}", "skipped by the test") for test in skips]
            result.failed += [(f"{name}: {test}", "see its output") for test in fails]
            if bad and not fails:  # a leak or a race found after the last test, say
                result.failed.append((name, first_line(bad[0].get("message")) or "failed"))
        elif bad:
            reason = first_line(bad[0].get("message")) or first_line(bad[0].text)
            result.failed.append((name, reason))
        elif skip is not None:
            result.skipped.append((name, first_line(skip.get("message"))))
        else:
            result.passed += 1
    return result


def last_line(path):
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:160] if lines else ""


def read_plain(status, log):
    if status == 0:
        return Result(passed=1)
    if status == SKIPPED:
        return Result(skipped=[("", last_line(log))])
    return Result(failed=[("", last_line(log) or f"exit code {status}")])


def read_suite(logs, name, kind, status):
    if kind == "plain":
        return read_plain(status, logs / f"{name}.log")
    try:
        result = read_junit(logs / f"{name}.xml")
    except (OSError, xml.ParseError) as error:
        return Result(failed=[("", f"left no report (exit code {status}): {error}")])
    if status in TIMED_OUT:
        result.failed.append(("", "took too long and was ended"))
    elif not (result.passed or result.failed or result.skipped):
        result.failed.append(("", f"ran no test (exit code {status})"))
    elif status != 0 and not result.failed:
        result.failed.append(("", f"exit code {status}, though no case failed"))
    return result


def join_cases(outcomes):
    """Those of the same reason as one."""
    cases = {}
    for case, reason in outcomes:
        cases.setdefault(reason, []).append(case)
    return [(names[0] if len(names) == 1 else f"{len(names)} cases", reason)
            for reason, names in cases.items()]


def closing_line(results):
    passed = sum(result.passed for result in results)
    failed = sum(len(result.failed) for result in results)
    skipped = sum(len(result.skipped) for result in results)
    return f"{passed} passed, {failed} failed, {skipped} skipped"


def summarize(logs):
    """The lines to print, and whether all is well."""
    lines, details, results = [], [], []
    for row in (logs / "suites.tsv").read_text(encoding="utf-8").splitlines():
        name, kind, status, seconds = row.split("\t")
        result = read_suite(logs, name, kind, int(status))
        results.append(result)
        verdict = "FAILED" if result.failed else "ok" if result.passed else "skipped"
        lines.append(f"  {name:<20} {verdict:<8} {result.passed:4} passed, {len(result.failed):3} "
                     f"failed, {len(result.skipped):3} skipped {int(seconds):5} s")
        details += [f"  skipped: {': '.join(filter(None, (name, case, reason)))}"
                    for case, reason in join_cases(result.skipped)]
        details += [f"  FAILED: {': '.join(filter(None, (name, case, reason)))}"
                    for case, reason in result.failed]
    good = bool(results) and not any(result.failed for result in results)
    return ["", *lines, "", *details, *([""] if details else []), closing_line(results)], good


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines, good = summarize(Path(sys.argv[1]))
    print("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
