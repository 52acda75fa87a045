#!/usr/bin/python3
"""GETs of the form per second, every edition and variants per area switched on, beside libmicrohttpd alone that serves
a body of the same size, in the same run.

    meson test --benchmark forms

Alternates the two and compares medians. Prints what each costs of the processor, and where the difference goes. Fails
below half of libmicrohttpd's rate.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from answers import BUILD, HERE, PARTS, ROUNDS, SECONDS, WAVE, Survey, free_port, start, started, wait_for

BARE = f"{BUILD}/tests/bench/bare"
SETTINGS = """[form]
drafts = yes
[area ekonomiskt-bistand]
variant = lattlast
[area barn-unga]
variant = barn
hide = q5
"""


def size_of_form(survey):
    code = open(survey.codes).readline().strip()
    request = urllib.request.Request(f"http://127.0.0.1:{survey.public}/{code}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as reply:
        return len(reply.read())


def processor_seconds(process):
    folder = f"/proc/{process.pid}/task"
    return sum(int(open(f"{folder}/{task}/schedstat").read().split()[0]) for task in os.listdir(folder)) / 1e9


def get(port, process, codes):
    """Requests per second, and microseconds of the server's processor time for each."""
    before = processor_seconds(process)
    out = subprocess.run(["wrk", "-t1", "-c64", f"-d{SECONDS}", "-s", f"{HERE}/get.lua", f"http://127.0.0.1:{port}"],
                         env=dict(os.environ, CODES=codes), capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        raise SystemExit("some forms were refused:\n" + out)
    count = int(re.search(r"(\d+) requests in", out)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), (processor_seconds(process) - before) / count * 1e6


def main():
    work = tempfile.mkdtemp(prefix="brukarenkat-bench-")
    try:
        survey = Survey(work, 20000, SETTINGS)
        size = size_of_form(survey)
        port = free_port()
        bare = start(BARE, str(port), str(size))
        wait_for(port, "/", bare)
        pairs = [(get(port, bare, survey.codes), get(survey.public, survey.process, survey.codes))
                 for _ in range(ROUNDS)]
        survey.stop()
        ratio = statistics.median(b[0] / a[0] for a, b in pairs)
        for name, place in (("libmicrohttpd alone", 0), ("survey-server", 1)):
            print(f"{name:20}{statistics.median(p[place][0] for p in pairs):8.0f} forms/s, "
                  f"{statistics.median(p[place][1] for p in pairs):5.1f} us of the processor each")
        print(f"ratio               {ratio:8.2f} (median of {ROUNDS} pairs; {size} bytes, gzip; promised: at least 0.50)")
        print("\nwhere a form's time goes, beside libmicrohttpd's (the first steps of parts, alone and cold):", flush=True)
        subprocess.run([PARTS, f"{work}/state/survey.db", WAVE, survey.codes, f"{work}/keys/invitation.key"], check=True)
    finally:
        for process in started:
            process.kill()
        shutil.rmtree(work)
    return 0 if ratio >= 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())
