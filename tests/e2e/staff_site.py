"""A daemon with something to show to its staff, and its audit log, for the black-box tests of what both share."""
import base64
import contextlib
import hashlib
import hmac
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import staff
from fake_survey import FakeSurvey
from gateway import Gateway
from person import Staff
from survey import Survey, wait_until

DAEMONS = ["survey-server", "sms-gateway"]
COMMON = ["accounts", "auditor"]
ROLES = {"survey-server": ["waves", "reader", "publisher", *COMMON],
         "sms-gateway": ["coordinator", "interviewer", "leader", *COMMON]}
EVENTS = ["signed-in", "sign-in-refused", "signed-out", "session-ended", "refused", "confirmed", "confirm-refused",
          "account-added", "account-changed", "account-removed", "account-invited", "account-enrolled",
          "password-changed", "recovery-renewed", "viewed", "printed", "exported", "searched", "changed"]
NO_MAC = bytes(16)


class Site(staff.Site):
    """With the daemon's other harness beside it: self.daemon, a Survey or a Gateway on the same files."""

    def __init__(self, program, folder, state=None, **how):
        Path(folder).mkdir(exist_ok=True)
        super().__init__(program, folder, **how)
        self.fake = None
        if program == "survey-server":
            self.daemon = Survey(folder, state=state)
            self.url = f"http://{self.daemon.host}:8082"
            self.config = self.daemon.config
            self.must("init")
        else:
            self.fake = FakeSurvey()
            self.daemon = Gateway(Path(folder), self.fake)
            self.url = self.daemon.staff_url
            self.config = self.daemon.config
        self.state, self.log = self.daemon.state, self.daemon.log
        self.staff = self.state / "staff"
        self.roles = ROLES[program]

    def command(self, *arguments, prefix=(), file=None, **how):
        """prefix: what runs it; file: another configuration."""
        if not prefix and not file:
            done = super().command(*map(str, arguments), **how)
        else:
            done = subprocess.run([*map(str, prefix), str(self.path), "-c", str(file or self.config), *map(str, arguments)],
                                  capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
                                  env=staff.environment(traced=bool(prefix)))
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    def must(self, *arguments, **how):
        done = self.command(*arguments, **how)
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def refused(self, *arguments, status=1, **how):
        done = self.command(*arguments, **how)
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        assert done.stderr.startswith(f"{self.program}: "), done.stderr
        assert "usage: " in done.stderr if status == 2 else "usage: " not in done.stderr, done.stderr
        return done.stderr

    def serve(self, prefix=()):
        """prefix: what runs it, and stays its own process's."""
        if prefix:
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen([*prefix, str(self.path), "-c", str(self.config), "serve"], stdout=log,
                                                stderr=log, stdin=subprocess.DEVNULL, env=staff.environment(traced=True))
            wait_until(self.ready, 60)
            for task in os.listdir(f"/proc/{self.process.pid}/task"):
                os.sched_setscheduler(int(task), os.SCHED_OTHER, os.sched_param(0))
        else:
            super().serve()
        self.daemon.process = self.process
        return self

    def stop(self):
        super().stop()
        text = self.log.read_text()
        assert "Sanitizer" not in text and "runtime error" not in text, text[-4000:]

    def close(self):
        self.kill()
        if self.fake:
            self.fake.close()

    # Staff.

    def link(self, name, *roles, full=None, **limits):
        """Adds the account; where its owner begins. A coordinator is always of some administration."""
        if "coordinator" in roles:
            limits.setdefault("administration", "farsta")
        more = [f"--{option}={value}" for option, value in limits.items() if value]
        more += ["--full", full] if full else []
        return self.must("staff", "add", name, "--role", ",".join(roles), *more).split()[-1]

    def person(self, name, *roles, **more):
        """One who is signed in."""
        who = Staff(self.url, name, self.now).enrol(self.link(name, *roles, **more))
        assert who.sign_in().status == 303
        return who

    def session(self, name):
        """One more of the account, as a sign-in of now would have made it, without the time that passwords take."""
        token, who = os.urandom(32), Staff(self.url, name, self.now)
        self.write("INSERT INTO session SELECT ?, account, ?2, ?2, ?2, 'Firefox, Linux' FROM account WHERE name = ?3",
                   hashlib.sha256(token).digest(), int(self.now()), name)
        who.cookies[self.cookie] = base64.urlsafe_b64encode(token).decode().rstrip("=")
        return who

    def seat(self, name, *roles, **more):
        """One who is signed in and has an app, but never gave a password."""
        self.link(name, *roles, **more)
        (number,), = self.query("SELECT account FROM account WHERE name = ?", name)
        secret, nonce = os.urandom(20), os.urandom(12)
        sealed = AESGCM(self.derived("totp")).encrypt(nonce, secret, f"totp {number}".encode())
        self.write("UPDATE account SET password = 'none', totp = ? WHERE account = ?", nonce + sealed, number)
        self.write("DELETE FROM invitation WHERE account = ?", number)
        who = self.session(name)
        who.secret = secret
        return who

    def session_hash(self, who):
        return hashlib.sha256(base64.urlsafe_b64decode(who.cookies[self.cookie] + "=")).digest()

    # What lies on disk.

    def dump(self):
        """Every row that a request can change on purpose: of all databases, but for when a session was seen."""
        rows = {}
        for file in sorted(self.state.rglob("*.db")):
            db = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)
            with contextlib.closing(db):
                tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
                for table in tables:
                    columns = [c[1] for c in db.execute(f"PRAGMA table_info({table})") if (table, c[1]) != ("session", "seen")]
                    rows[file.name, table] = sorted(map(repr, db.execute(f"SELECT {', '.join(columns)} FROM {table}")))
        return rows

    def write(self, sql, *values):
        """Changes the accounts' database past the daemon."""
        with contextlib.closing(sqlite3.connect(self.staff / "accounts.db", timeout=10)) as db, db:
            assert db.execute(sql, values).rowcount > 0

    def lines(self):
        """The audit log's, as (number, time, who, event, object, mac)."""
        return [tuple(line.split("\t")) for line in self.text().splitlines()]

    def text(self):
        log = self.staff / "audit.log"
        return log.read_text() if log.exists() else ""

    def events(self, start=0):
        return [line[2:5] for line in self.lines()[start:]]

    def keep(self, folder):
        """A copy of the audit log and its head, for restore()."""
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir()
        for name in ["audit.log", "audit.head"]:
            shutil.copy(self.staff / name, folder)

    def restore(self, folder):
        for name in ["audit.log", "audit.head"]:
            shutil.copy(Path(folder) / name, self.staff)

    def derived(self, use):
        """A key as common/staff/keys.h makes it of the file, by RFC 5869."""
        prk = hmac.new(bytes(32), (self.keys / "staff.key").read_bytes(), hashlib.sha256).digest()
        return hmac.new(prk, f"brukarenkat staff {use}\x01".encode(), hashlib.sha256).digest()

    @property
    def audit_key(self):
        return self.derived("audit")


@contextlib.contextmanager
def site(program, folder, serve=True, **how):
    """Set up; what still serves at the end must stop in order, with nothing to complain of."""
    found = Site(program, folder, **how)
    try:
        if serve:
            found.serve()
        yield found
        if found.process and found.process.poll() is None:
            found.stop()
    finally:
        found.close()


def chained(key, before, body):
    """The MAC of a line, as common/audit.h has it."""
    return hmac.new(key, before + body, hashlib.sha256).digest()[:16]


def check_chain(found):
    """The whole log, apart from the program's own reading of it; returns its lines' fields."""
    data = (found.staff / "audit.log").read_bytes()
    assert data == b"" or data.endswith(b"\n")
    before, lines = NO_MAC, []
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        body, _, mac = line.rpartition(b"\t")
        fields = line.decode().split("\t")
        assert len(fields) == 6 and fields[0] == str(number), line
        assert fields[3] in EVENTS, line
        before = chained(found.audit_key, before, body + b"\t")
        assert mac.decode() == before.hex(), line
        lines.append(tuple(fields))
    number, mac, own = (found.staff / "audit.head").read_text().rstrip("\n").split("\t")
    assert (int(number), mac) == (len(lines), before.hex())
    assert own == chained(found.audit_key, NO_MAC, f"{number}\t{mac}\t".encode()).hex()
    return lines


def write_chain(found, lines):
    """Adds lines (time, who, event, object) as a program with the key would, whatever they say."""
    last = found.lines()[-1] if found.text() else ("0", "", "", "", "", NO_MAC.hex())
    number, before = int(last[0]), bytes.fromhex(last[5])
    with open(found.staff / "audit.log", "ab") as log:
        for fields in lines:
            number += 1
            body = "\t".join([str(number), *fields, ""]).encode()
            before = chained(found.audit_key, before, body)
            log.write(body + before.hex().encode() + b"\n")
    head = f"{number:019d}\t{before.hex()}\t"
    own = chained(found.audit_key, NO_MAC, head.encode()).hex()
    (found.staff / "audit.head").write_text(f"{head}{own}\n")
