#!/usr/bin/env python3
"""Prints how many tests passed and failed, from what the runners wrote. Fails when one failed or none ran.

A meson test counts as one, or as its cases where it tells of them: cmocka's in TAP, pytest's in junit/NAME.xml.
Usage: summary.py BUILD
"""
import sys
import xml.etree.ElementTree as tree
from pathlib import Path


def cases(element):
    """Passed, failed and skipped test cases under an element."""
    passed = failed = skipped = 0
    for case in element.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def pytest_cases(build, name):
    file = build / "junit" / f"{name}.xml"
    try:
        return cases(tree.parse(file).getroot())
    except (FileNotFoundError, tree.ParseError):
        return None


def count(build):
    total = [0, 0, 0]
    for suite in tree.parse(build / "meson-logs" / "testlog.junit.xml").getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            one = tree.Element("testsuite")
            one.append(case)
            whole = cases(one)
            detail = pytest_cases(build, case.get("name").split(" / ")[-1])
            # A runner that died after its last case has failed, whatever its cases say.
            if detail and (whole[1] == 0) == (detail[1] == 0):
                whole = detail
            total = [a + b for a, b in zip(total, whole)]
    return total


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: summary.py BUILD")
    try:
        passed, failed, skipped = count(Path(sys.argv[1]))
    except FileNotFoundError:
        passed = failed = skipped = 0
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
