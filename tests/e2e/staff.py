"""Either daemon to sign in to, for the black-box tests of what both have for staff; person.py signs in."""
import base64
import concurrent.futures
import contextlib
import hashlib
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from urllib.parse import quote_plus

from person import PASSWORD, Browser, Staff, new_source
from survey import BUILD, ROOT, environment, own_address, wait_until

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), "libfaketimeMT.so.1")
PROGRAMS = {"survey-server": "waves,reader,publisher,accounts,auditor",
            "sms-gateway": "leader,interviewer,accounts,auditor"}  # and all roles but the one that is always limited


def at_once(*doings):
    """What each comes to, when all are done side by side."""
    with concurrent.futures.ThreadPoolExecutor(len(doings)) as pool:
        return [future.result() for future in [pool.submit(doing) for doing in doings]]


FILES = """[storage]
state = {folder}/state
[keys]
directory = {folder}/keys
invitation = {folder}/keys/invitation.key
internal = {folder}/keys/internal.key
"""
CONFIGS = {
    "survey-server": """[server]
public = {host}:8080
internal = {host}:8081
staff = {host}:8082
base_url = http://{host}:8080
[questionnaires]
directory = {root}/questionnaires
""",
    "sms-gateway": """[server]
staff = {host}:8082
webhooks = {host}:8091
base_url = http://{host}:8091
[survey]
api = http://{host}:8081
link = http://{host}:8080
[provider]
kind = outbox
sender = Staden
quiet = 00:00-00:00
""",
}


class Site:
    """Either daemon, for its staff pages. With moving=True its clock is this object's, which turn() sets."""

    def __init__(self, program, folder, moving=False):
        self.program = program
        self.path = BUILD / program / program
        self.folder = Path(folder)
        self.state = self.folder / "state"
        self.keys = self.folder / "keys"
        self.log = self.folder / "log"
        self.host = own_address()
        self.url = f"http://{self.host}:8082"
        self.cookie = {"survey-server": "__Host-enkat", "sms-gateway": "__Host-sms"}[program]
        self.config = self.folder / "config"
        self.config.write_text((FILES + CONFIGS[program]).format(host=self.host, folder=folder, root=ROOT))
        self.offset = 0
        self.moving = moving
        self.turn(0)
        self.process = None

    # The clock.

    def now(self):
        return time.time() + self.offset

    def turn(self, seconds):
        """Moves the clock on; with a negative number, back."""
        self.offset += seconds
        new = self.folder / "clock.new"
        new.write_text(f"{self.offset:+d}")
        new.rename(self.folder / "clock")

    def environment(self, offset=None):
        env = environment(traced=self.moving or offset is not None)
        if not self.moving and offset is None:
            return env
        # Without the last, its pthread_cond_timedwait() never waits.
        return env | {"LD_PRELOAD": str(FAKETIME), "ASAN_OPTIONS": env["ASAN_OPTIONS"] + ":verify_asan_link_order=0",
                      "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                      "FAKETIME_FORCE_MONOTONIC_FIX": "0"} | (
            {"FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock")} if offset is None else {"FAKETIME": f"{offset:+d}"})

    # Commands.

    def command(self, *arguments, offset=None):
        """offset: seconds by which its clock is wrong."""
        return subprocess.run([str(self.path), "-c", str(self.config), *arguments], env=self.environment(offset),
                              capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False)

    def must(self, *arguments, offset=None):
        done = self.command(*arguments, offset=offset)
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def add(self, name, roles=None, offset=None):
        """Adds an account, with all roles when none are named; the link."""
        return self.must("staff", "add", name, "--role", roles or PROGRAMS[self.program], offset=offset).split()[-1]

    def member(self, name, roles=None, source=None, password=PASSWORD):
        """A new account with password and app, not signed in."""
        who = Staff(self.url, name, self.now, source=source or new_source())
        who.password = password
        return who.enrol(self.add(name, roles))

    def browser(self):
        return Browser(self.url, source=new_source())

    def session(self, name, agent="Firefox, Linux"):
        """A browser of the account's owner, signed in as of now, without the time that a password takes."""
        token, who = os.urandom(32), Staff(self.url, name, self.now, source=new_source())
        self.write("INSERT INTO session SELECT ?1, account, ?2, ?2, ?2, ?3 FROM account WHERE name = ?4",
                   hashlib.sha256(token).digest(), int(self.now()), agent, name)
        who.cookies[self.cookie] = base64.urlsafe_b64encode(token).decode().rstrip("=")
        return who

    def lend(self, name, roles=None):
        """A new account that nobody enrolled, signed in."""
        self.add(name, roles)
        self.write("UPDATE account SET password = 'none', totp = randomblob(48) WHERE name = ?", name)
        return self.session(name)

    def routes(self, method=None):
        """(method, path, who) of every route."""
        rows = [tuple(line.split("\t")) for line in self.must("staff", "routes").splitlines()]
        return [row for row in rows if method in (None, row[0])]

    # The daemon.

    def serve(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(self.path), "-c", str(self.config), "serve"], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=self.environment())
        wait_until(self.ready, 60)
        # So that tests side by side with others don't wait for the machine to be idle.
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with contextlib.suppress(PermissionError):
                os.sched_setscheduler(int(task), os.SCHED_OTHER, os.sched_param(0))
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"serve ended with {self.process.returncode}: {self.log.read_text()[-4000:]}")
        with contextlib.suppress(OSError):
            return self.browser().get("/staff/staff.css").status == 200

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log.read_text()[-4000:]

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None

    # What lies on disk.

    def audit(self):
        """What the audit log says, line by line: (who, event, object)."""
        return [tuple(line.split("\t")[2:5])
                for line in (self.state / "staff" / "audit.log").read_text().splitlines()]

    def query(self, sql, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/staff/accounts.db?mode=ro", uri=True)) as db:
            return db.execute(sql, values).fetchall()

    def write(self, sql, *values):
        """Changes the accounts past the daemon."""
        with contextlib.closing(sqlite3.connect(self.state / "staff" / "accounts.db", timeout=10)) as db, db:
            assert db.execute(sql, values).rowcount > 0

    def accounts(self, but=()):
        """All that the accounts' database holds, by table, but for some columns."""
        tables = [name for name, in self.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {}
        for table in tables:
            names = [row[1] for row in self.query(f"PRAGMA table_info({table})") if f"{table}.{row[1]}" not in but]
            found[table] = sorted(map(repr, self.query(f"SELECT {', '.join(names)} FROM {table}")))
        return found

    def check(self):
        """Nothing to complain of so far."""
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        assert self.must("audit", "verify").endswith(", whole\n")


@contextlib.contextmanager
def serving(program, folder, **how):
    """A daemon that is set up and serves; at the end its audit log must be whole, and it must stop in order, with
    nothing to complain of."""
    folder = Path(folder) / program
    folder.mkdir()
    site = Site(program, folder, **how)
    site.must("init")
    try:
        site.serve()
        yield site
        if site.process:
            site.check()
            site.stop()
    finally:
        site.kill()
    text = site.log.read_text()
    assert "Sanitizer" not in text and "runtime error" not in text, text[-4000:]


@contextlib.contextmanager
def serving_both(folder, **how):
    with contextlib.ExitStack() as stack:
        yield {program: stack.enter_context(serving(program, folder, **how)) for program in PROGRAMS}


def spelled(*secrets):
    """Each as it is, and as a form sends it."""
    return {form.encode() for secret in secrets for form in (secret, quote_plus(secret))}
