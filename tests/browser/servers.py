#!/usr/bin/env python3
"""Both daemons on loopback, with invented people, for the browser tests.

usage: servers.py [--people N]      N invited to the larger of the two published waves

Prints one line of JSON about them, then answers each line of its input with one: `box` with the ballots of the open
wave, `box-whole` with those of the one whose form is one page; `full` and `room`: the disk is, and is not any more;
`later`: the codes that staff have shown are too old for what needs a fresh one. Stops them in order when its input
ends.
"""
import argparse
import contextlib
import http.server
import json
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import gateway
import survey

# How big each area is of the whole, and how content its people are.
AREAS = [(0.32, 0.68), (0.22, 0.60), (0.18, 0.74), (0.16, 0.80), (0.12, 0.57)]
OPEN_WAVE = "2027-1"
WHOLE_WAVE = "2027-2"
INVITED = 200

# What a city fills in, so that the pages show it.
CONFIG = """
[city]
name = Exempelstaden
leave = {leave}
[privacy]
controller = Socialnämnden i Exempelstaden, 123 45 Exempelstaden
officer = dataskyddsombud@exempelstaden.example
contact = 08-123 45 67
processors = Exempelstadens driftkontor
[accessibility]
contact = tillganglighet@exempelstaden.example
date = 3 mars 2027
"""
# Members of staff, the same in both, who have not used their links.
STAFF = {"anna.ek": "Anna Ek", "bo.lind": "Bo Lind", "cecilia.berg": "Cecilia Berg"}
SURVEY_ROLES = "accounts,auditor,waves,reader"
GATEWAY_ROLES = "accounts,auditor,leader,coordinator"
HELPED = ["unsaid", "self", "relative", "staff", "interpreter"]


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Where "Lämna sidan" leads: says what it was told of the page before."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        # A browser may have left already.
        with contextlib.suppress(BrokenPipeError):
            self.wfile.write(f"elsewhere, from {self.headers.get('Referer')}".encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def elsewhere(host):
    with http.server.ThreadingHTTPServer((host, 0), Elsewhere) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield f"http://{host}:{other.server_port}"
        other.shutdown()


def answers_of(chance, content):
    fields = {}
    for q, grades in survey.GRADED.items():
        kind = chance.random()
        if kind < 0.05:
            fields[q] = str(grades + 1)
        elif kind < 0.97:
            fields[q] = str(1 + sum(chance.random() > content for _ in range(grades - 1)))
    return fields


def add_wave(server, wave, title, **form):
    settings = server.folder / f"{wave}.ini"
    settings.write_text("[form]\n" + "".join(f"{key} = {value}\n" for key, value in form.items()))
    server.must("wave", "add", "--id", wave, "--title", title, "--questionnaire", "skr-brukarfragor",
                "--opens", survey.day(-1), "--closes", survey.day(30), "--custody", "server", "--settings", settings)


def publish(server, wave, title, people):
    """A wave that most of the people answered; the same answers every time."""
    chance = random.Random(wave)
    add_wave(server, wave, title)
    key = server.invitation_key
    areas = [a for a, (part, _) in enumerate(AREAS) for _ in range(round(part * people))]
    invitations = [survey.Invitation(key, wave, area=a, stratum=a) for a in areas]
    reply = server.put(invitations, wave)
    assert reply.status == 201, reply.body
    with server.public() as client:
        for invitation in invitations:
            if chance.random() < 0.66:
                reply = client.post(invitation.path, answers_of(chance, AREAS[invitation.area][1]))
                assert reply.status == 200, (reply.status, reply.body)
    server.must("wave", "close", "--id", wave)
    server.must("count", "--wave", wave, timeout=300)
    server.must("publish", "--wave", wave)
    return f"/resultat/{wave}"


def invite_staff(base, must, *roles):
    """What the tests sign in with: the address, and by name the link that a member of staff begins with."""
    links = {name: must("staff", "add", name, "--full", full, "--role", *roles).split()[-1]
             for name, full in STAFF.items()}
    return {"base": base, "links": links}


def sending(server, folder):
    """A gateway with SMS in its outbox."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    for name in ("internal.key", "invitation.key"):
        shutil.copy(server.keys / name, keys)
    other = gateway.Gateway(folder, SimpleNamespace(url=f"http://{server.host}:8081"))
    for arguments in (lambda: other.bring_in(gateway.person_csv(12), wave=OPEN_WAVE),
                      lambda: other.run("send", "--wave", OPEN_WAVE)):
        done = arguments()
        assert done.returncode == 0, done.stdout + done.stderr
    other.start()
    gateway.wait_until(lambda: other.states().keys() & {"sent", "delivered"} and not other.states().keys() & {
        "queued", "sending"})
    return other


def ballots(server, wave):
    """Each as its codes and who helped."""
    box = server.box(wave)
    private = survey.X25519PrivateKey.from_private_bytes(server.wave_key(wave))
    plain = (survey.hpke_open(private, sealed, b"brukarenkat ballot", wave.encode()) for sealed in box.sealed)
    return sorted(f"{','.join(map(str, p[34:40]))} {HELPED[p[45]]}" for p in plain)


def make_older(*folders):
    """It is longer since staff showed a code than even a form that is sent may be old."""
    for folder in folders:
        with contextlib.closing(sqlite3.connect(folder / "staff" / "accounts.db", timeout=10)) as db, db:
            db.execute("UPDATE session SET second = second - 1201")


def answer_lines(server, other):
    with contextlib.ExitStack() as disk:
        for line in sys.stdin:
            reply = None
            if line == "box\n":
                reply = ballots(server, OPEN_WAVE)
            elif line == "box-whole\n":
                reply = ballots(server, WHOLE_WAVE)
            elif line == "later\n":
                make_older(server.state, other.state)
            elif line == "full\n":
                disk.enter_context(survey.faults(server, "pwrite64:error=ENOSPC"))
            else:
                assert line == "room\n", line
                disk.close()
            print(json.dumps(reply), flush=True)


def serve(folder, people):
    with survey.running(folder / "survey", serve=False) as server, elsewhere(server.host) as leave:
        server.write_config(CONFIG.format(leave=leave))
        server.serve()
        results = [publish(server, "2026-1", "Brukarenkät, första omgången", people),
                   publish(server, "2026-2", "Brukarenkät, andra omgången", 130)]
        add_wave(server, OPEN_WAVE, "Brukarenkät, tredje omgången", drafts="yes")
        add_wave(server, WHOLE_WAVE, "Brukarenkät, fjärde omgången", drafts="yes", layout="one-page")
        codes, whole = ([i.code for i in server.invite(INVITED, wave, areas=len(AREAS))]
                        for wave in (OPEN_WAVE, WHOLE_WAVE))
        other = sending(server, folder / "gateway")
        try:
            staff = {
                "survey": invite_staff(f"http://{server.host}:8082", server.must, SURVEY_ROLES),
                "gateway": invite_staff(other.staff_url, lambda *a: other.run(*a).stdout, GATEWAY_ROLES,
                                        "--administration", "farsta"),
            }
            print(json.dumps({"base": f"http://{server.host}:8080", "codes": codes, "whole": whole,
                              "results": results, "leave": leave, "staff": staff}), flush=True)
            answer_lines(server, other)
            other.stop()
        finally:
            other.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=330)
    with tempfile.TemporaryDirectory(prefix="brukarenkat-browser.") as folder:
        serve(Path(folder), parser.parse_args().people)


if __name__ == "__main__":
    main()
