#!/usr/bin/python3
"""Durable answers per second of survey-server, beside the plain reference in the same run.

    meson test --benchmark answers

Alternates reference and survey-server and compares medians, since the machine minutes apart differs. Prints what
the answering path costs step by step, the resident memory with 100,000 invitations and 256 connections, and how
long a start with a million invitations takes to its first answer. Fails when a promise of the README is broken.
"""
import glob
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ["BUILD"]
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
SURVEY = f"{BUILD}/survey-server/survey-server"
REFERENCE = f"{BUILD}/tests/bench/reference"
MAKE = f"{BUILD}/tests/bench/make_invitations"
PARTS = f"{BUILD}/tests/bench/parts"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "4"))
WAVE = "bench"
started = []


def start(*command):
    """A server that ends with this program."""
    started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
    return started[-1]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, path, process):
    """Returns the seconds until the first whole answer."""
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        if process.poll() is not None:
            raise SystemExit(f"a server ended with {process.returncode}")
        try:
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            c.request("GET", path)
            c.getresponse().read()
            return time.monotonic() - begun
        except OSError:
            time.sleep(0.001)
    raise SystemExit("a server does not answer")


def wrk(port, codes=None, connections=64):
    """Requests per second, p99 in ms, and how many were not 2xx."""
    env = dict(os.environ, CODES=codes or "/dev/null")
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--latency", "-s", f"{HERE}/post.lua",
         f"http://127.0.0.1:{port}"], env=env, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    p99 = float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return rate, p99, int(failed[1]) if failed else 0


class Survey:
    """A survey-server with one open wave and so many invitations, of one area."""

    def __init__(self, folder, count, settings=""):
        self.folder = folder
        self.settings = f"{folder}/wave.conf"
        with open(self.settings, "w") as f:
            f.write(settings)
        self.public, self.internal, self.staff = free_port(), free_port(), free_port()
        self.conf = f"{folder}/c.conf"
        with open(self.conf, "w") as f:
            f.write(f"""[server]
public = 127.0.0.1:{self.public}
internal = 127.0.0.1:{self.internal}
staff = 127.0.0.1:{self.staff}
[storage]
state = {folder}/state
[keys]
directory = {folder}/keys
invitation = {folder}/keys/invitation.key
internal = {folder}/keys/internal.key
[questionnaires]
directory = {SOURCE}/questionnaires
""")
        self.run("init")
        today = time.strftime("%Y-%m-%d")
        self.run("wave", "add", "--id", WAVE, "--title", "Bench", "--questionnaire",
                 "skr-brukarfragor", "--opens", today, "--closes", "2099-01-01", "--custody",
                 "server", "--settings", self.settings)
        self.run("wave", "open", "--id", WAVE)
        subprocess.run([MAKE, f"{folder}/keys/invitation.key", WAVE, "farsta",
                        "ekonomiskt-bistand", str(count), folder], check=True)
        self.codes = f"{folder}/codes.txt"
        self.start()
        wait_for(self.internal, "/healthz", self.process)
        key = open(f"{folder}/keys/internal.key", "rb").read().hex()
        c = http.client.HTTPConnection("127.0.0.1", self.internal, timeout=60)
        for name in glob.glob(f"{folder}/batch-*.json"):
            number = re.search(r"batch-(\d+)", name)[1]
            c.request("PUT", f"/v1/waves/{WAVE}/batches/farsta-{number}", open(name, "rb").read(),
                      {"Authorization": "Bearer " + key})
            answer = c.getresponse()
            if answer.status != 201:
                raise SystemExit(f"batch {number}: {answer.status} {answer.read()}")
            answer.read()
            os.unlink(name)

    def run(self, *args):
        subprocess.run([SURVEY, "-c", self.conf, *args], check=True, stdout=subprocess.DEVNULL)

    def start(self):
        self.process = start(SURVEY, "-c", self.conf, "serve")
        return wait_for(self.public, "/", self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def resident(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0


def one_round(work, survey):
    """(reference, survey-server) rates and p99s, one after the other."""
    db, port = f"{work}/reference.db", free_port()
    for old in glob.glob(db + "*"):
        os.unlink(old)
    reference = start(REFERENCE, str(port), db, f"{work}/reference.txt", "100000")
    wait_for(port, "/", reference)
    a = wrk(port, f"{work}/reference.txt")
    reference.kill()
    reference.wait()
    b = wrk(survey.public, survey.codes)
    return a, b


def rates(work):
    pairs = []
    for n in range(ROUNDS):
        folder = f"{work}/round-{n}"
        os.mkdir(folder)
        survey = Survey(folder, 100000)
        pairs.append(one_round(work, survey))
        if pairs[-1][1][2]:
            raise SystemExit(f"{pairs[-1][1][2]} answers were refused")
        survey.stop()
        if n + 1 < ROUNDS:
            shutil.rmtree(folder)
    ours = statistics.median(b[0] for _, b in pairs)
    theirs = statistics.median(a[0] for a, _ in pairs)
    ratio = statistics.median(b[0] / a[0] for a, b in pairs)
    print(f"reference      {theirs:8.0f} answers/s   p99 "
          f"{statistics.median(a[1] for a, _ in pairs):6.1f} ms")
    print(f"survey-server  {ours:8.0f} answers/s   p99 "
          f"{statistics.median(b[1] for _, b in pairs):6.1f} ms")
    print(f"ratio          {ratio:8.2f}   (median of {ROUNDS} pairs; promised: at least 0.80)")
    return ratio, folder


def bare():
    port = free_port()
    process = start(REFERENCE, str(port), "-")
    wait_for(port, "/", process)
    rate, p99, _ = wrk(port)
    process.kill()
    process.wait()
    print(f"bare libmicrohttpd {rate:8.0f} requests/s   p99 {p99:6.1f} ms")


def parts(folder):
    """The step times, on the invitations that no round has used: from the end of the list."""
    codes = open(f"{folder}/codes.txt").read().split()
    with open(f"{folder}/last.txt", "w") as f:
        f.write("\n".join(reversed(codes)) + "\n")
    print("\nwhere one answer's time goes (parts):", flush=True)
    subprocess.run([PARTS, f"{folder}/state/survey.db", WAVE, f"{folder}/last.txt",
                    f"{folder}/keys/invitation.key"], check=True)


def memory(work):
    folder = f"{work}/memory"
    os.mkdir(folder)
    survey = Survey(folder, 100000)
    survey.stop()
    survey.start()
    connections = []
    code = open(survey.codes).readline().strip()
    for _ in range(256):
        c = http.client.HTTPConnection("127.0.0.1", survey.public, timeout=20)
        c.request("GET", "/" + code)
        c.getresponse().read()
        connections.append(c)
    rss = survey.resident()
    print(f"\nresident memory, 100,000 invitations and 256 connections: {rss:.1f} MiB "
          "(promised: under 32)")
    survey.stop()
    return rss


def start_of_a_million(work):
    folder = f"{work}/million"
    os.mkdir(folder)
    survey = Survey(folder, 1000000)
    survey.stop()
    times = []
    for _ in range(5):
        times.append(survey.start())
        survey.stop()
    seconds = statistics.median(times)
    print(f"start with 1,000,000 invitations to the first answer: {seconds * 1000:.0f} ms "
          "(promised: under 200)")
    return seconds


def main():
    work = tempfile.mkdtemp(prefix="brukarenkat-bench-")
    try:
        bare()
        ratio, folder = rates(work)
        parts(folder)
        rss = memory(work)
        seconds = start_of_a_million(work)
    finally:
        for process in started:
            process.kill()
        shutil.rmtree(work)
    return 0 if ratio >= 0.8 and rss < 32 and seconds < 0.2 else 1


if __name__ == "__main__":
    sys.exit(main())
