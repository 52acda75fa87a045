"""The real sms-gateway on loopback, for the black-box tests."""
import hashlib
import hmac
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from person import Staff
from survey import own_address

BUILD = Path(os.environ.get("BUILD", Path(__file__).resolve().parents[2] / "build"))
PROGRAM = BUILD / "sms-gateway" / "sms-gateway"
LONG = bool(os.environ.get("LONG"))
LINK = "https://enkat.example"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

STATES = ["queued", "sending", "sent", "delivered", "failed", "unknown", "stopped"]


def wait_until(what, seconds=30):
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.02)


def environment(leaks=True, **more):
    """Leaks are looked for with ptrace, from which the daemon hides: root may, unless strace or faketime is there."""
    leaks = leaks and os.geteuid() == 0 and "LD_PRELOAD" not in more
    options = f"{os.environ.get('ASAN_OPTIONS', '')}:detect_leaks={int(leaks)}:verify_asan_link_order=0"
    return dict(os.environ, ASAN_OPTIONS=options.strip(":"), **more)


def phone(number):
    """One of a thousand numbers that only fakes ever get."""
    return f"070174{number:04d}"


def person_csv(count, start=0, area="ekonomiskt-bistand"):
    rows = ["person_id;telefon;namn;språk;verksamhetsområde;skyddad;sms_tillåtet"]
    rows += [f"T-{n:06d};{phone(n)};Påhittad Testsson{n};sv;{area};nej;ja" for n in range(start, start + count)]
    return "\n".join(rows) + "\n"


def invitation_id(key, code):
    """HKDF-SHA-256 as design.md has it, apart from the program's own."""
    number = 0
    for c in code:
        number = number * 32 + ALPHABET.index(c)
    prk = hmac.new(key, number.to_bytes(10, "big"), hashlib.sha256).digest()
    return hmac.new(prk, b"brukarenkat id\x01", hashlib.sha256).digest()[:16].hex()


class Gateway:
    def __init__(self, folder, survey, elks=None, **provider):
        self.folder = Path(folder)
        self.state = self.folder / "state"
        self.keys = self.folder / "keys"
        self.survey = survey
        self.host = own_address()
        self.staff_url = f"http://{self.host}:8090"
        self.base_url = f"http://{self.host}:8091"
        self.process = None
        self.log = self.folder / "gateway.log"
        self.output = ""
        self.accounts = 0
        self.elks = elks
        if elks:
            elks.reports = self.base_url
        (self.folder / "password").write_text("hemligt\n")
        settings = {"kind": "46elks" if elks else "outbox", "url": elks.url if elks else "http://127.0.0.1:9/",
                    "user": "u", "password_file": "password", "sender": "Staden", "per_second": 1000,
                    "quiet": "00:00-00:00", "timeout": 5, "retry": 1} | provider
        self.config = self.folder / "gateway.conf"
        self.write_config(settings)
        assert self.run("init").returncode == 0
        survey.key = (self.keys / "internal.key").read_bytes().hex()
        survey.persons = self.persons

    def write_config(self, settings, staff=None, staff_url=None, **folders):
        """folders: of [import]."""
        lines = "\n".join(f"{key} = {value}" for key, value in settings.items())
        self.settings = settings
        self.config.write_text(f"""[server]
staff = {staff or f"{self.host}:8090"}
{f"staff_url = {staff_url}" if staff_url else ""}
webhooks = {self.host}:8091
base_url = {self.base_url}
[survey]
api = {self.survey.url}
link = {LINK}
[storage]
state = state
[keys]
directory = keys
invitation = keys/invitation.key
internal = keys/internal.key
[import]
{"".join(f"{key} = {value}{chr(10)}" for key, value in folders.items())}[provider]
{lines}
""")

    def command(self, *arguments):
        return [str(PROGRAM), "-c", str(self.config), *map(str, arguments)]

    def run(self, *arguments, before=(), **env):
        done = subprocess.run([*map(str, before), *self.command(*arguments)], capture_output=True, timeout=120,
                              env=environment(leaks=not before, **env), check=False)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        self.output += done.stdout + done.stderr
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    def file(self, content, name="fil.csv"):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def bring_in(self, content, *more, administration="farsta", wave="2027-1", **options):
        return self.run("import", "--wave", wave, "--administration", administration, *more,
                        self.file(content), **options)

    def start(self, wait=True, **env):
        with open(self.log, "ab") as log:
            offset = log.tell()
            self.process = subprocess.Popen(self.command("serve"), stdout=log, stderr=log,
                                            env=environment(**env))
        if wait:
            wait_until(lambda: self.process.poll() is not None
                       or b"serving:" in self.log.read_bytes()[offset:])
            assert self.process.poll() is None, self.log.read_text()
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(60) == 0, self.log.read_text()
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.log.exists():
            text = self.log.read_text()
            assert "Sanitizer" not in text and "runtime error" not in text, text

    def query(self, sql, administration="farsta"):
        path = self.state / f"{administration}.db"
        if not path.exists():
            return []
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as db:
            return db.execute(sql).fetchall()

    def persons(self, wave="2027-1", administration="farsta"):
        return self.query(f"SELECT count(*) FROM contact WHERE wave = '{wave}'", administration)[0][0]

    def dump(self, administration="farsta"):
        with sqlite3.connect(f"file:{self.state / administration}.db?mode=ro", uri=True, timeout=10) as db:
            return "\n".join(db.iterdump())

    def send(self, *more, wave="2027-1", **options):
        return self.run("send", "--wave", wave, *more, **options)

    def sample(self, *more, wave="2027-1", **options):
        return self.run("sample", "--wave", wave, *more, **options)

    def states(self, administration="farsta"):
        rows = self.query("SELECT state, count(*) FROM message GROUP BY state", administration)
        return {STATES[state]: count for state, count in rows}

    def rounds(self, count):
        """Waits until the gateway's loops have come round so often more: they sleep between, which the kernel
        counts. Two threads loop; what has not happened by then was not about to."""
        def slept():
            tasks = Path(f"/proc/{self.process.pid}/task").glob("*/status")
            return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", t.read_text(), re.M)[1]) for t in tasks)
        enough = slept() + 2 * count
        wait_until(lambda: slept() >= enough)

    def staff_as(self, *roles, administration=None):
        """A new account with these roles, signed in."""
        self.accounts += 1
        name = f"konto{self.accounts}"
        limit = ["--administration", administration] if administration else []
        done = self.run("staff", "add", name, "--role", ",".join(roles), *limit)
        assert done.returncode == 0, done.stderr
        who = Staff(self.staff_url, name).enrol(done.stdout.split()[-1])
        assert who.sign_in().status == 303
        return who

    def audit(self):
        """What the audit log says was done, line by line: (event, object)."""
        log = self.state / "staff" / "audit.log"
        return [tuple(line.split("\t")[3:5]) for line in (log.read_text() if log.exists() else "").splitlines()]

    def everything(self):
        """All bytes that the gateway has left anywhere but in its key files."""
        return b"".join(f.read_bytes() for f in sorted(self.state.rglob("*")) if f.is_file()) \
            + (self.log.read_bytes() if self.log.exists() else b"") + self.output.encode()


def fetch(url, data=None, headers=None, method=None):
    request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def figure(text, words):
    """The number before these words, in what `import` printed."""
    found = re.search(rf"^ *(\d+) +{re.escape(words)}$", text, re.MULTILINE)
    return int(found[1]) if found else None


def taken(text):
    return figure(text, "personer tas med")


def part_of(text, title):
    """[(number, words)] of the lines below that title, in what `import` printed."""
    part = text.partition(f"{title}\n")[2].partition("\n\n")[0]
    return [(int(m[1]), m[2]) for m in re.finditer(r"^\s*(\d+)  (.+)$", part, re.MULTILINE)]


def left_out_lines(text):
    """{line: words}."""
    return dict(part_of(text, "Rad  Orsak"))


def left_out_persons(text):
    """{words: persons} of those whom a rule leaves out."""
    return {words: persons for persons, words in part_of(text, "Personer  Lämnas utanför")}


def marked(text):
    """{words: persons} of those who are taken, but."""
    return {words: persons for persons, words in part_of(text, "Personer  Tas med, men")}


REASONS = (Path(__file__).resolve().parents[2] / "sms-gateway" / "reason.c").read_text()


def words_of():
    """{code: words} of the reasons."""
    return dict(re.findall(r'= \{ "([a-z-]+)",\s*"([^"]+)" \}', REASONS))


def marks_of():
    """{code: words} of the marks."""
    return {code.lower().replace("_", "-"): words
            for code, words in re.findall(r'case MARK_(\w+):\s*return "([^"]+)"', REASONS)}


def must(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def killing(call, at):
    """Runs what follows, killed at that system call."""
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:signal=SIGKILL:when={at}"]
