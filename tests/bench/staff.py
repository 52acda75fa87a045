#!/usr/bin/python3
"""What the staff's sign-ins cost the respondents, and what a page costs who is signed in.

    meson test --benchmark staff

In one run, one after the other: answers without sign-ins, and with more of them than the two hashing threads can
take. Fails when the p99 of an answer is more than doubled (median of the pairs), or a page of staff takes 5 ms.
"""
import http.client
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import urlencode

from answers import HERE, ROUNDS, SURVEY, Survey, wrk

sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
from person import Staff  # noqa: E402

SIGN_INS_AT_ONCE = 8
CONNECTIONS = [4, 64]
PAGES = ["/", "/staff/waves", "/staff/account", "/staff/accounts", "/staff/audit", "/staff/routes"]
PAGE_COUNT = 500


class Hammer:
    """Wrong passwords, each from an address of its own, so that no delay holds them back."""

    def __init__(self, survey):
        self.port = survey.staff
        self.url = f"http://127.0.0.1:{survey.staff}"
        self.addresses = (f"127.{a}.{b}.{c}" for a, b, c in itertools.product(range(2, 250), range(250), range(1, 250)))
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.done = 0
        self.threads = [threading.Thread(target=self.run) for _ in range(SIGN_INS_AT_ONCE)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        body = urlencode({"name": "nobody", "password": "fel lösenord igen", "code": "000000"})
        while not self.ending.is_set():
            with self.lock:
                address = next(self.addresses)
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120, source_address=(address, 0))
            c.request("POST", "/staff/sign-in", body,
                      {"Origin": self.url, "Content-Type": "application/x-www-form-urlencoded"})
            if c.getresponse().status not in (403, 503):
                raise SystemExit("a sign-in was neither refused nor put off")
            c.close()
            self.done += 1


def answers(work, connections):
    """The p99 of an answer without and with sign-ins, and sign-ins per second meanwhile."""
    pairs = []
    for n in range(ROUNDS):
        folder = f"{work}/answers-{connections}-{n}"
        os.mkdir(folder)
        survey = Survey(folder, 200000)
        quiet = wrk(survey.public, survey.codes, connections)
        rest = f"{folder}/rest.txt"
        with open(survey.codes) as f, open(rest, "w") as out:
            out.writelines(itertools.islice(f, 100000, None))
        begun = time.monotonic()
        with Hammer(survey) as hammer:
            loud = wrk(survey.public, rest, connections)
        pairs.append((quiet, loud, hammer.done / (time.monotonic() - begun)))
        if quiet[2] + loud[2]:
            raise SystemExit("answers were refused")
        survey.stop()
        shutil.rmtree(folder)
    ratio = statistics.median(loud[1] / quiet[1] for quiet, loud, _ in pairs)

    def median(of):
        return statistics.median(of(*pair) for pair in pairs)
    print(f"{connections:3} connections   without: {median(lambda q, l, s: q[0]):6.0f} answers/s "
          f"p99 {median(lambda q, l, s: q[1]):6.2f} ms"
          f"   with {median(lambda q, l, s: s):4.1f} sign-ins/s: {median(lambda q, l, s: l[0]):6.0f} answers/s "
          f"p99 {median(lambda q, l, s: l[1]):6.2f} ms   ratio {ratio:.2f} (promised: at most 2)", flush=True)
    return ratio


def page_times(staff, path):
    """Milliseconds from a request to its whole answer, on one connection."""
    cookies = "; ".join(f"{k}={v}" for k, v in staff.cookies.items())
    c = http.client.HTTPConnection(staff.host, timeout=30)
    times = []
    for _ in range(PAGE_COUNT):
        begun = time.perf_counter()
        c.request("GET", path, headers={"Cookie": cookies})
        answer = c.getresponse()
        answer.read()
        times.append(1000 * (time.perf_counter() - begun))
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
    return sorted(times)


def pages(work):
    """With a log of 100,000 lines."""
    folder = f"{work}/pages"
    os.mkdir(folder)
    survey = Survey(folder, 100)
    link = subprocess.run(
        [SURVEY, "-c", survey.conf, "staff", "add", "anna", "--role", "waves,reader,publisher,accounts,auditor"],
        check=True, capture_output=True, text=True).stdout.split()[-1]
    staff = Staff(f"http://127.0.0.1:{survey.staff}", "anna").enrol(link)
    if staff.sign_in().status != 303:
        raise SystemExit("could not sign in")
    worst = 0.0
    for path in PAGES:
        times = page_times(staff, path)
        median, p99 = statistics.median(times), times[int(0.99 * len(times))]
        worst = max(worst, median)
        print(f"{path:18} median {median:5.2f} ms   p99 {p99:5.2f} ms   (promised: under 5)", flush=True)
    survey.stop()
    return worst


def main():
    with tempfile.TemporaryDirectory(prefix="bench.") as work:
        slowest = pages(work)
        ratios = [answers(work, connections) for connections in CONNECTIONS]
    if slowest >= 5:
        raise SystemExit("staff: a page of staff took 5 ms or more")
    if max(ratios) > 2:
        raise SystemExit("staff: sign-ins more than doubled the p99 of an answer")


if __name__ == "__main__":
    main()
