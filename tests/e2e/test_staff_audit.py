"""The audit log: what is in it and what never is; that nothing is done which it can't hold; that whoever touches it is
found out; that it survives whatever happens; and the auditor's pages."""
import csv
import html
import io
import os
import re
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import quote, urlencode, urlsplit

import pytest

from gateway import person_csv
from person import PASSWORD, Browser, Staff
from staff import FAKETIME
from staff_site import DAEMONS, EVENTS, Site, chained, check_chain, site, write_chain
from survey import THANKS, answers_number, strace, wait_until
from test_survey_full_disk import libc, mount_small

WAVE = "2027-1"
OTHER_ROLE = {"survey-server": "reader", "sms-gateway": "leader"}
OWN_PAGE = {"survey-server": (f"/staff/report/{WAVE}", f"wave {WAVE} result"), "sms-gateway": ("/outbox", "outbox")}

both = pytest.mark.parametrize("program", DAEMONS)


def stale(s, who):
    s.write("UPDATE session SET second = second - 1200 WHERE hash = ?", s.session_hash(who))


# Real use, and what it leaves.


class Use:
    """Does everything that is logged, and knows what the log must say, and what it never may."""

    def __init__(self, s):
        self.s = s
        self.expected = []
        self.secrets = {}

    def log(self, who, event, what):
        self.expected.append((who, event, what))

    def secret(self, what, *values):
        for value in values:
            assert len(value) >= 5
            self.secrets[value] = what

    def command(self, event, what, *arguments):
        done = self.s.must(*arguments)
        self.log("unix:root", event, what)
        return done

    def add(self, name, *roles, scope="", **more):
        link = self.s.link(name, *roles, **more)
        self.log("unix:root", "account-added", f"account {name} roles {','.join(roles)}{scope}")
        self.secret("a link's token", link.rpartition("/")[2])
        return link

    def enrol(self, name, link):
        who = Staff(self.s.url, name).enrol(link)
        self.log(name, "account-enrolled", "password and code")
        self.secret("a recovery code", *who.recovery, *[c.replace("-", "") for c in who.recovery])
        return who

    def post(self, who, path, fields, status, *logged):
        reply = who.post(path, fields)
        assert reply.status == status, (path, reply.status, reply.text[-2000:])
        for event, what in logged:
            self.log(who.name, event, what)
        return reply

    def sign_in(self, who):
        code = who.code()
        assert who.sign_in(code=code).status == 303
        self.log(who.name, "signed-in", "password and code")
        self.secret("a one-time code", code)
        self.secret("a session", *who.cookies.values())

    def everything(self):
        self.sign_in_and_fail()
        self.wander()
        self.look_after_accounts()
        (self.survey_work if self.s.program == "survey-server" else self.gateway_work)()
        self.own_things()
        return self

    def sign_in_and_fail(self):
        s = self.s
        self.anna = self.enrol("anna.ek", self.add("anna.ek", "accounts", "auditor", full="Anna Påhittad Ek"))
        self.secret("a password", PASSWORD, quote(PASSWORD))
        self.secret("a full name", "Påhittad", "Anna P")
        # Into the wrong field, as it happens.
        for name, password, code, who, reason in [
                ("Mitt Hemliga Lösenord 77", "anna.ek", "000000", "-", "password"),
                ("anna.ek", "Felskrivet Lösenord 88", self.anna.code(), "anna.ek", "password"),
                ("anna.ek", PASSWORD, "654321", "anna.ek", "code")]:
            reply = Browser(s.url).post("/staff/sign-in", {"name": name, "password": password, "code": code})
            assert reply.status == 403
            self.log(who, "sign-in-refused", reason)
            self.secret("what was typed", *[w for w in (name.lower(), name, password, code) if "anna" not in w])
        self.sign_in(self.anna)

    def wander(self):
        """One who may not much goes where it should not; queries, tokens and codes in the paths."""
        s, role = self.s, OTHER_ROLE[self.s.program]
        self.bo = s.seat("bo", role)
        self.log("unix:root", "account-added", f"account bo roles {role}")
        self.secret("a session", *self.bo.cookies.values())
        for path in ["/staff/audit?fraga=hemlig-fraga", "/staff/accounts", "/staff/accounts/anna.ek?a=hemlig-fraga"]:
            assert self.bo.get(path).status == 403
            self.log("bo", "refused", "GET " + path.partition("?")[0])
        self.secret("a query", "hemlig-fraga")
        self.post(self.bo, "/staff/accounts", {"name": "inkrakt"}, 403, ("refused", "POST /staff/accounts"))
        self.secret("what a refused form held", "inkrakt")
        # An invitation opened by who is signed in, with a form of long ago.
        link = urlsplit(self.add("cia", role)).path
        count = len(s.lines())
        assert self.bo.post(link, {"csrf": "0" * 32, "step": "password"}).status == 403
        (who, event, what), = s.events(count)
        assert (who, event) == ("bo", "refused")
        self.log(who, event, what)
        # Nothing is said of an address that is none.
        self.secret("a respondent's code", "7K3M9QXT2WPBH4RD", "7k3m9qxt2wpbh4rd")
        assert self.bo.get("/7K3M9QXT2WPBH4RD?svar=hemlig-fraga").status == 404
        # A second factor: right, and wrong; with a query in the way back, which no page of ours makes.
        csrf = self.bo.csrf()
        for code, event in [(self.bo.code(), "confirmed"), ("123123", "confirm-refused")]:
            reply = self.bo.post("/staff/confirm", {"csrf": csrf, "code": code, "confirm": "/staff/account?x=hemlig-fraga"})
            assert reply.status == (303 if event == "confirmed" else 403)
            self.log("bo", event, "/staff/account")
            self.secret("a one-time code", code)

    def look_after_accounts(self):
        s, role, anna = self.s, OTHER_ROLE[self.s.program], self.anna
        reply = self.post(anna, "/staff/accounts", {"name": "dan", "full": "Dan Påhittad", f"role-{role}": "yes"}, 200,
                          ("account-added", f"account dan roles {role}"), ("account-invited", "account dan"))
        self.secret("a link's token", re.search(r"/staff/welcome/([\w-]{43})", reply.text)[1])
        self.post(anna, "/staff/accounts/dan", {"do": "save", "full": "Dan P", "role-auditor": "yes"}, 303,
                  ("account-changed", "account dan roles auditor"))
        reply = self.post(anna, "/staff/accounts/dan", {"do": "invite"}, 200, ("account-invited", "account dan"))
        self.secret("a link's token", re.search(r"/staff/welcome/([\w-]{43})", reply.text)[1])
        self.post(anna, "/staff/accounts/bo", {"do": "change"}, 303, ("account-changed", "account bo must change password"))
        s.write("UPDATE account SET must_change = 0 WHERE name = 'bo'")
        self.post(anna, "/staff/accounts/dan", {"do": "remove"}, 303, ("account-removed", "account dan"))
        # The same with commands.
        limit = {"administration": "farsta,bromma"} | ({"area": "barn-unga"} if s.program == "survey-server" else {})
        limited = "reader" if limit.get("area") else "coordinator"
        scope = " administrations farsta,bromma" + (" areas barn-unga" if limit.get("area") else "")
        self.add("eva", limited, full="Eva Påhittad", scope=scope, **limit)
        self.command("account-changed", "account eva roles auditor", "staff", "set", "eva", "--role", "auditor",
                     "--administration=", "--area=")
        link = self.command("account-invited", "account eva", "staff", "reset", "eva")
        self.secret("a link's token", link.split()[-1].rpartition("/")[2])
        self.command("account-removed", "account eva", "staff", "remove", "eva")
        for harmless in (["staff", "list"], ["staff", "routes"], ["audit", "verify"], ["audit", "head"]):
            s.must(*harmless)

    def survey_work(self):
        s, survey = self.s, self.s.daemon
        recovery = survey.folder / "recovery"
        words = survey.adding(WAVE, custody="paper", opens=1, recovery=recovery)
        self.command("changed", f"wave {WAVE} added", *words)
        self.secret("a recovery key", *[g for line in recovery.read_text().splitlines() if line[0] != "#"
                                        for g in (line, line.replace(" ", ""))])
        self.command("changed", f"wave {WAVE} opened", "wave", "open", "--id", WAVE, "--recovery", recovery)
        self.command("changed", "wave nu added", *survey.adding("nu"))
        people = survey.invite(30, "nu")
        with survey.public() as web:
            for n, person in enumerate(people[:20]):
                assert THANKS in web.post(person.path, answers_number(n)).body
        self.secret("a respondent's code", *[p.code for p in people], *[p.id.hex() for p in people])
        for wave, more in [("nu", []), (WAVE, ["--recovery", recovery])]:
            self.command("changed", f"wave {wave} closed", "wave", "close", "--id", wave)
            self.command("changed", f"wave {wave} count tried", "count", "--wave", wave, "--check", *more)
            self.command("changed", f"wave {wave} counted", "count", "--wave", wave, *more)
        self.command("changed", f"wave {WAVE} recovery key destroyed", "count", "--wave", WAVE, "--destroyed-by", "Påhittad")
        for form in ["json", "csv", "html"]:
            self.command("exported", f"wave {WAVE} result {form}", "report", "--wave", WAVE, "--format", form)
        for path, event, what in [("", "viewed", ""), ("/csv", "exported", " csv"), ("/json", "exported", " json")]:
            assert self.bo.get(f"/staff/report/{WAVE}{path}?x=hemlig-fraga").status == 200
            self.log("bo", event, f"wave {WAVE} result{what}")
        self.command("changed", f"wave {WAVE} published", "publish", "--wave", WAVE)
        s.must("wave", "list")

    def gateway_work(self):
        s = self.s
        persons = person_csv(3)
        file = s.daemon.file(persons, "Påhittad fil.csv")
        self.secret("a phone number", "070174", "701740", "70174")
        self.secret("an administration's person", "T-000001", "Testsson1")
        s.must("import", "--wave", WAVE, "--administration", "farsta", "--dry-run", file)
        self.command("changed", f"import farsta wave {WAVE}", "import", "--wave", WAVE, "--administration", "farsta", file)
        s.must("send", "--wave", WAVE, "--dry-run")
        self.command("changed", f"send wave {WAVE}", "send", "--wave", WAVE)
        page = wait_until(lambda: (r := self.outbox()).count("<li>") and r)
        codes = re.findall(r"https://enkat\.example/([0-9A-Z]{16})", page)
        assert codes
        self.secret("a respondent's code", *codes, *[c.lower() for c in codes])
        assert self.bo.get("/messages?x=hemlig-fraga").status == 200

    def outbox(self):
        reply = self.bo.get("/outbox?x=hemlig-fraga")
        assert reply.status == 200
        self.log("bo", "viewed", "outbox")
        return reply.text.partition("<ol")[2]

    def own_things(self):
        s, anna = self.s, self.anna
        for path, event, what in [("/staff/audit?text=hemlig-fraga&who=hemlig-fraga", "searched", "the log"),
                                  ("/staff/audit/whole", "searched", "the whole log, checked"),
                                  ("/staff/audit/csv?text=hemlig-fraga", "exported", "the log")]:
            assert anna.get(path).status == 200
            self.log("anna.ek", event, what)
        reply = self.post(anna, "/staff/account/recovery", {}, 200, ("recovery-renewed", "own"))
        codes = [html.unescape(c) for c in re.findall(r"<li><code>([^<]+)</code>", reply.text)]
        self.secret("a recovery code", *codes, *[c.replace("-", "") for c in codes])
        other = s.session("anna.ek")
        self.secret("a session", *other.cookies.values())
        self.post(anna, "/staff/account/session", {"session": s.session_hash(other).hex()}, 303,
                  ("session-ended", "another session"))
        self.secret("a session's hash", s.session_hash(other).hex())
        new = "åtta ädla åkare 99"
        self.post(anna, "/staff/account/password", {"old": PASSWORD, "new": new, "again": new}, 200, ("password-changed", "own"))
        self.secret("a password", new)
        self.secret("a form's proof", anna.csrf())
        self.post(anna, "/staff/sign-out", {}, 303, ("signed-out", "this session"))


@pytest.fixture(scope="module", name="uses")
def uses_fixture(tmp_path_factory):
    """Both daemons after a day's work; they no longer serve."""
    sites = {program: Site(program, tmp_path_factory.mktemp(program)) for program in DAEMONS}
    try:
        with ThreadPoolExecutor(2) as pool:
            found = dict(zip(DAEMONS, pool.map(lambda s: Use(s.serve()).everything(), sites.values())))
        for s in sites.values():
            s.stop()
        yield found
    finally:
        for s in sites.values():
            s.close()


@both
def test_what_was_done_is_in_it(uses, program):
    """Every event, who and about what, in order; and the chain as somebody else computes it."""
    s = uses[program].s
    lines = check_chain(s)
    assert [line[2:5] for line in lines] == uses[program].expected
    times = [line[1] for line in lines]
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", t) for t in times) and times == sorted(times)
    assert {line[3] for line in lines} == set(EVENTS) - {"printed"}  # nothing is printed yet
    assert (s.staff / "audit.log").stat().st_mode & 0o7777 == 0o600
    assert (s.staff / "audit.head").stat().st_mode & 0o7777 == 0o600
    done = s.must("audit", "verify")
    assert done == f"{len(lines)} lines, whole\n"
    assert s.must("audit", "head") == f"{lines[-1][0]}:{lines[-1][5]}\n"
    for line in lines[::9]:
        assert s.must("audit", "verify", "--head", f"{line[0]}:{line[5]}") == done


@both
def test_what_it_never_holds(uses, program):
    """Searched for without the MACs, whose digits are anything."""
    use = uses[program]
    said = "\n".join("\t".join(line[2:5]) for line in use.s.lines())
    assert len(use.secrets) > 50
    assert {what for value, what in use.secrets.items() if value in said} == set()
    assert "?" not in said.replace("unix:?", "")
    # The same search finds what is there.
    assert "anna.ek" in said


@both
def test_nor_what_the_daemon_prints(uses, program):
    use = uses[program]
    text = use.s.log.read_text()
    assert {what for value, what in use.secrets.items() if value in text} == set()


# Tampering.


class Log:
    """A whole log to tamper with; every change begins from it."""

    def __init__(self, s, folder):
        self.s, self.folder = s, folder
        s.keep(folder)
        self.whole = (folder / "audit.log").read_bytes().split(b"\n")[:-1]
        self.count = len(self.whole)

    def set(self, lines):
        self.s.restore(self.folder)
        (self.s.staff / "audit.log").write_bytes(b"".join(line + b"\n" for line in lines))

    def verify(self, *more):
        """What it complains of."""
        done = self.s.command("audit", "verify", *more)
        *faults, last = done.stdout.splitlines()
        words = re.fullmatch(r"(\d+) lines?, (?:(whole)|(\d+) faults?)", last)
        assert words and done.stderr == "", (done.stdout, done.stderr)
        assert done.returncode == (0 if words[2] else 1) and int(words[3] or 0) == len(faults)
        return faults

    def changed(self, number, change):
        """All lines, with one of them another."""
        lines = list(self.whole)
        lines[number - 1] = change(lines[number - 1])
        return lines


@pytest.fixture(name="log", params=DAEMONS)
def log_fixture(request, uses, tmp_path):
    s = uses[request.param].s
    log = Log(s, tmp_path / "kept")
    yield log
    s.kill()
    s.restore(log.folder)
    assert log.verify() == []


def was_changed(number):
    return f"number {number} was changed (line {number} of the file)"


def was_put_in(number, line):
    return f"number {number} was put in (line {line} of the file)"


def is_missing(first, last=None):
    if first == (last or first):
        return f"number {first} is missing (at line {first} of the file)"
    return f"numbers {first} to {last} are missing (at line {first} of the file)"


def is_no_line(line):
    return f"line {line} of the file is no line of the log"


def flip(field, at=0):
    """Another character in that field."""
    def change(line):
        fields = line.split(b"\t")
        old = fields[field]
        new = {48: 55, 55: 48}.get(old[at], 48) if field in (0, 1, 5) else old[at] ^ 1
        fields[field] = old[:at] + bytes([new]) + old[at + 1:] if at != -1 else old[:-1] + bytes([new])
        assert fields[field] != old
        return b"\t".join(fields)
    return change


@pytest.mark.parametrize("at", [0, -1])
@pytest.mark.parametrize("field", range(6))
def test_a_changed_byte_in_any_field(log, field, at):
    for number in [1, 2, log.count // 2, log.count - 1, log.count]:
        log.set(log.changed(number, flip(field, at)))
        assert log.verify() == [was_changed(number)], number


def test_changed_bytes_that_leave_no_line(log):
    n = log.count // 2
    cases = {
        lambda line: line.replace(b"\t", b" ", 1): is_no_line(n),
        lambda line: line + b"\t": is_no_line(n),
        lambda line: b"": is_no_line(n),
        lambda line: os.urandom(30).replace(b"\n", b"x").replace(b"\t", b"x"): is_no_line(n),
        lambda line: b"\0" * len(line): is_no_line(n),
        lambda line: b"x" * 100000: is_no_line(n),
        lambda line: line + b"\r": was_changed(n),
        lambda line: line[:-32] + line[-32:].upper(): was_changed(n),
        lambda line: line + b"0": was_changed(n),
        lambda line: line[:-1]: was_changed(n),
        lambda line: line.replace(b"\t", b"\t\xff\xfe", 2): was_changed(n),
    }
    for change, said in cases.items():
        log.set(log.changed(n, change))
        assert log.verify() == [said]
    # Two lines made one.
    log.set(log.whole[:n - 1] + [log.whole[n - 1] + b" " + log.whole[n]] + log.whole[n + 1:])
    assert log.verify() == [is_no_line(n), f"number {n + 1} is missing (at line {n + 1} of the file)"]


def test_several_changed_lines(log):
    for numbers in [{3, 9}, {5, 6}, {1, log.count}, set(range(4, 12)), set(range(1, log.count + 1))]:
        log.set([flip(4)(line) if n in numbers else line for n, line in enumerate(log.whole, 1)])
        named = set()
        for fault in log.verify():
            first, last = re.fullmatch(r"numbers? (\d+)(?: to (\d+))? w(?:as|ere) changed .*", fault).groups()
            named |= set(range(int(first), int(last or first) + 1))
        assert named == numbers, (numbers, named)


def test_removed_lines(log):
    n = log.count
    for first, last in [(1, 1), (2, 2), (n // 2, n // 2), (n, n), (1, 4), (7, 11), (n - 3, n), (2, n), (1, n)]:
        log.set(log.whole[:first - 1] + log.whole[last:])
        assert log.verify() == [is_missing(first, last)], (first, last)
    log.set(log.whole[1:4] + log.whole[5:-1])
    assert log.verify() == [is_missing(1), "number 5 is missing (at line 4 of the file)",
                            f"number {n} is missing (at line {n - 2} of the file)"]
    log.s.restore(log.folder)
    (log.s.staff / "audit.log").unlink()
    assert log.verify() == [is_missing(1, n)]


def test_a_log_cut_anywhere(log):
    data = (log.folder / "audit.log").read_bytes()
    for size in [0, 1, 50, len(data) // 3, len(data) // 2, len(data) - 40, len(data) - 1]:
        log.s.restore(log.folder)
        os.truncate(log.s.staff / "audit.log", size)
        left = data[:size].count(b"\n")
        assert log.verify() == [is_missing(left + 1, log.count)], size


def named_numbers(faults):
    return {int(m) for fault in faults for m in re.match(r"numbers? (\d+)(?: to (\d+))?", fault).groups() if m}


def test_lines_that_changed_places(log):
    """Told as one put in and one missing, or two of each: of those lines and no others."""
    n = log.count
    for i, j in [(1, 2), (5, 6), (n - 1, n), (3, n - 3), (1, n)]:
        lines = list(log.whole)
        lines[i - 1], lines[j - 1] = lines[j - 1], lines[i - 1]
        log.set(lines)
        faults = log.verify()
        assert 2 <= len(faults) <= 4 and named_numbers(faults) <= {i, j}, (i, j, faults)
        assert any("put in" in f for f in faults) and any("missing" in f for f in faults)


def test_lines_put_in(log):
    n = log.count
    for source, after in [(1, 1), (5, 5), (5, 20), (20, 5), (n, n), (3, n), (n, 0), (1, 0)]:
        log.set(log.whole[:after] + [log.whole[source - 1]] + log.whole[after:])
        faults = log.verify()
        # Of two that are the same, either may be the one too many.
        assert len(faults) == 1 and faults[0] in (was_put_in(source, after + 1), was_put_in(source, source + (after < source)))
    time = b"2026-11-01T12:00:00Z"
    for number, after in [(1, 0), (6, 5), (5, 5), (n + 1, n), (n, n), (999999, 9), (0, 9)]:
        forged = b"%d\t%s\tanna.ek\tsigned-in\tpassword and code\t" % (number, time)
        log.set(log.whole[:after] + [forged + chained(b"no key", bytes(16), forged).hex().encode()] + log.whole[after:])
        assert log.verify() == [was_put_in(number, after + 1)], number
    log.set(log.whole[:9] + [b""] + log.whole[9:])
    assert log.verify() == [is_no_line(10)]


def test_a_line_replaced_by_a_forged_one(log):
    """MAC and all, without the key. The line after it was made from another MAC, and may count as changed as well."""
    for n in [1, 8, log.count]:
        body = log.whole[n - 1].rpartition(b"\t")[0].replace(b"a", b"e") + b"\t"
        log.set(log.changed(n, lambda line, body=body: body + chained(b"no key", bytes(16), body).hex().encode()))
        faults = log.verify()
        assert faults and faults[0] in (was_changed(n), f"numbers {n} to {n + 1} were changed (from line {n} of the file)")
        assert set(faults) <= {faults[0], was_changed(n + 1)}


def test_the_other_daemon_s_log_or_key(log, uses):
    other = next(use.s for use in uses.values() if use.s is not log.s)
    shutil.copy(other.staff / "audit.log", log.s.staff)
    assert log.verify()
    log.s.restore(log.folder)
    key = (log.s.keys / "staff.key").read_bytes()
    try:
        (log.s.keys / "staff.key").write_bytes(flip(0)(key + b"\t")[:32])
        assert log.verify()
    finally:
        (log.s.keys / "staff.key").write_bytes(key)


def test_the_head(log):
    """Without it, or with one that is not ours, lines count as missing at the end."""
    head = log.s.staff / "audit.head"
    own = head.read_bytes()
    changed = [own[:at] + bytes([own[at] ^ 1]) + own[at + 1:] for at in (0, 18, 19, 20, 51, 52, 53, 84, 85)]
    for broken in [None, b"", own[:-1], own + b"\n", own[::-1], b"\0" * len(own), *changed]:
        log.s.restore(log.folder)
        head.unlink()
        if broken is not None:
            head.write_bytes(broken)
        assert log.verify() == [is_missing(log.count + 1)], broken


def test_an_older_head(log, tmp_path):
    """With the log as it was then, only what was kept elsewhere shows it: the head that syslog was given."""
    s, n = log.s, log.count
    known = s.must("audit", "head").strip()
    s.must("staff", "add", "sen", "--role", "auditor")
    later = s.must("audit", "head").strip()
    try:
        new = Log(s, tmp_path / "newer")
        shutil.copy(log.folder / "audit.head", s.staff)
        # As after a power cut: what follows it holds.
        assert new.verify() == [] == new.verify("--head", later)
        # The whole log put back.
        s.restore(log.folder)
        assert log.verify() == [] == log.verify("--head", known)
        assert log.verify("--head", later) == [is_missing(n + 1)]
        # Cut further.
        log.set(log.whole[:-3])
        assert log.verify("--head", later) == [is_missing(n - 2, n + 1)]
        # An older log with the newer head.
        s.restore(log.folder)
        shutil.copy(new.folder / "audit.head", s.staff)
        assert log.verify() == [is_missing(n + 1)]
    finally:
        s.must("staff", "remove", "sen")


def test_a_known_head_that_is_not_in_it(log):
    for number in [1, log.count // 2, log.count]:
        assert log.verify("--head", f"{number}:{'ab' * 16}") == [was_changed(number)]
    assert log.verify("--head", f"{log.count + 5}:{'ab' * 16}") == [is_missing(log.count + 1, log.count + 5)]
    for wrong in ["", ":", "5", f"5:{'ab' * 15}", f"5:{'ab' * 16}x", f"-5:{'ab' * 16}", f"x:{'ab' * 16}", f"5:{'zz' * 16}",
                  f"{'9' * 30}:{'ab' * 16}"]:
        assert "not NUMBER:MAC" in log.s.refused("audit", "verify", "--head", wrong, status=2)


def test_it_shows_ever_after(log):
    """What was taken away is missing also when the log has gone on."""
    s, n = log.s, log.count
    for damage, said in [(lambda: log.set(log.whole[:-3]), f"numbers {n - 2} to {n} are missing (at line {n - 2} of the file)"),
                         (lambda: (s.restore(log.folder), (s.staff / "audit.head").unlink()),
                          f"number {n + 1} is missing (at line {n + 1} of the file)"),
                         (lambda: log.set([]), f"numbers 1 to {n} are missing (at line 1 of the file)"),
                         (lambda: log.set(log.changed(7, flip(2))), was_changed(7))]:
        damage()
        for more in range(2):
            s.must("staff", "add", "sen", "--role", "auditor")
            s.must("staff", "remove", "sen")
            assert log.verify() == [said]


def test_half_a_line_is_taken_off(log):
    """As a power cut leaves it: no line, no fault, and a warning when the log goes on."""
    s = log.s
    for half in [b"7", log.whole[-1][:40], log.whole[-1], b"\t\t\t\t\t", b"x" * 70000]:
        s.restore(log.folder)
        with open(s.staff / "audit.log", "ab") as file:
            file.write(half)
        assert log.verify() == []
        done = s.command("staff", "add", "sen", "--role", "auditor")
        assert done.returncode == 0 and "in part only" in done.stderr
        s.must("staff", "remove", "sen")
        check_chain(s)


def test_the_auditor_s_page_finds_it_too(log):
    """The page, the start page, and what the daemon says by itself when it starts."""
    s, n = log.s, log.count
    with_page = {
        "hel": (lambda: None, [], []),
        "changed": (lambda: log.set(log.changed(5, flip(2))), [r"5 är ändrad \(filens rad 5\)"], ["changed at number 5"]),
        "missing": (lambda: log.set(log.whole[:6] + log.whole[9:]), [r"7–9 saknas \(filens rad 7\)"], ["shortened at number 7"]),
        "cut": (lambda: log.set(log.whole[:-2]), [rf"{n - 1}–{n} saknas \(filens rad {n - 1}\)"], [f"shortened at number {n - 1}"]),
        "put in": (lambda: log.set(log.whole[:9] + [log.whole[2]] + log.whole[9:]),
                   [r"3 hör inte hit \(filens rad 10\)"], ["changed at number"]),
        "junk": (lambda: log.set(log.whole[:9] + [b"junk"] + log.whole[9:]), [r"går inte att läsa \(filens rad 10\)"], []),
        "no head": (lambda: (s.staff / "audit.head").unlink(), [rf"{n + 1}.* saknas"], [f"shortened at number {n + 1}"]),
    }
    s.serve()
    who = s.session("anna.ek")
    s.kill()
    for what, (damage, shown, said) in with_page.items():
        s.restore(log.folder)
        damage()
        start = len(s.log.read_text())
        s.serve()
        try:
            wait_until(lambda: "Loggen är" in who.get("/").text)
            assert ("Loggen är inte hel." in who.page.text) == bool(shown), what
            text = who.get("/staff/audit/whole").text
            assert f"<h1>Loggen är {'inte hel' if shown else 'hel'}</h1>" in text, what
            faults = re.findall(r"<li>([^<]*filens rad \d+\))</li>", text)
            assert len(faults) == len(shown) and all(re.search(p, f) for p, f in zip(shown, faults)), (what, faults)
            english = who.get("/staff/audit/whole", Accept_Language="en").text
            assert ("The log is whole" in english) == (not shown)
            head = s.lines()[-1]
            assert f"<code>{head[0]}:{head[5]}</code>" in english
            told = [line for line in s.log.read_text()[start:].splitlines() if "audit log" in line]
            assert len(told) == len(shown) and all(any(p in t for t in told) for p in said), (what, told)
        finally:
            s.kill()


# The auditor's search.


@pytest.fixture(scope="module", name="shelf")
def shelf_fixture(tmp_path_factory):
    """A log with lines of many days, as it may be one day; a reader of it."""
    with site("survey-server", tmp_path_factory.mktemp("shelf"), serve=False) as s:
        days = [(f"2026-03-{day:02d}T{hour:02d}:30:00Z", f"person{day % 7}", "viewed", f"dag {day} kl {hour}")
                for day in range(1, 29) for hour in (3, 9, 21)]
        edges = [("2026-02-28T22:59:59Z", "kant", "viewed", "februari"), ("2026-02-28T23:00:00Z", "kant", "viewed", "mars"),
                 ("2026-03-29T22:00:00Z", "kant", "viewed", "sommartid"), ("2026-03-30T21:59:59Z", "kant", "viewed", "sommartidens kväll")]
        words = [("2026-05-01T10:00:00Z", "åsa", "viewed", "Ärende ÖREBRO"), ("2026-05-01T10:00:01Z", "ÅSA", "changed", "ärende Örebro"),
                 ("2026-05-01T10:00:02Z", "x", "viewed", "<script>alert(1)</script> & \"citat\" 'x'"),
                 ("2026-05-01T10:00:03Z", "=1+1", "viewed", "=HYPERLINK(\"http://x\";\"y\")"),
                 ("2026-05-01T10:00:04Z", "+46", "printed", "-2+3"), ("2026-05-01T10:00:05Z", "@x", "from-a-later-version", "a;b\"c"),
                 ("2026-05-01T10:00:06Z", "-", "sign-in-refused", "password")]
        write_chain(s, sorted(days + edges) + words)
        check = s.must("audit", "verify")
        assert check.endswith(" lines, whole\n")
        s.serve()
        yield s, s.seat("granskare", "auditor")


def shown(page):
    """The rows: (number, when, who, what, about)."""
    return [tuple(html.unescape(c) for c in row) for row in re.findall(
        r'<tr><td>(\d+)</td><td>(?:<time[^>]*>)?([^<]*)(?:</time>)?</td><td class="text">([^<]*)</td><td class="text">([^<]*)</td>'
        r'<td class="text">([^<]*)</td></tr>', page.text)]


def search(reader, since="", **filters):
    """All pages of it, by the links."""
    path, rows = "/staff/audit?" + urlencode({"from": since, **filters}), []
    while path:
        page = reader.get(path)
        assert page.status == 200
        found = shown(page)
        assert len(found) <= 100
        rows += found
        link = re.search(r'<a href="(/staff/audit\?[^"]*below=\d+)">Äldre rader</a>', page.text)
        assert not link or len(found) == 100
        path = html.unescape(link[1]) if link else None
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(set(numbers), reverse=True)
    return rows


def test_search_by_day(shelf):
    """A day is Stockholm's, from midnight to midnight, in winter and in summer."""
    _, who = shelf
    assert [r[4] for r in search(who, since="2026-02-28", to="2026-02-28")] == ["februari"]
    assert [r[4] for r in search(who, since="2026-03-01", to="2026-03-01")] == ["dag 1 kl 21", "dag 1 kl 9", "dag 1 kl 3", "mars"]
    assert [r[4] for r in search(who, since="2026-03-30", to="2026-03-30")] == ["sommartidens kväll", "sommartid"]
    assert search(who, since="2026-03-29", to="2026-03-29") == []
    assert [r[1] for r in search(who, to="2026-02-28")] == ["2026-02-28 23.59"]
    assert len(search(who, since="2026-03-10", to="2026-03-12")) == 9
    assert search(who, since="2026-03-12", to="2026-03-10") == []
    assert {r[1][:10] for r in search(who, since="2026-03-28", to="2026-05-01")} == {"2026-03-28", "2026-03-30", "2026-05-01"}
    for wrong in ["igår", "2026-13-01", "2026-02-30", "20260301", "2026-03-01x"]:
        page = who.get("/staff/audit?" + urlencode({"from": wrong}))
        assert page.status == 422 and "Skriv dagar som" in page.text and f'value="{wrong}"' in page.text


def test_search_by_who_and_event(shelf):
    s, who = shelf
    lines = s.lines()
    for name in ["person3", "kant", "åsa", "unix:root", "person", "PERSON3", "-"]:
        assert [int(r[0]) for r in search(who, who=name)] == [int(l[0]) for l in reversed(lines) if l[2] == name]
    start = len(s.lines())
    assert [r[2] for r in search(who, event="printed")] == ["+46"] and s.events(start) == [("granskare", "searched", "the log")]
    for event in ["viewed", "changed", "sign-in-refused", "account-added"]:
        found = [int(r[0]) for r in search(who, event=event)]
        assert found == [int(l[0]) for l in reversed(lines) if l[3] == event], event
    assert [r[4] for r in search(who, event="viewed", who="kant", since="2026-03-01", text="KVÄLL")] == ["sommartidens kväll"]
    # One that a later version wrote is shown as it is.
    assert [r[3] for r in search(who, text="@x")] == ["from-a-later-version"]
    page = who.get("/staff/audit?event=viewed")
    assert '<option value="viewed" selected>Visade</option>' in page.text and page.text.count(" selected") == 1
    assert re.findall(r'<option value="([a-z-]+)"', page.text) == EVENTS
    assert '<option value="viewed" selected>Viewed</option>' in who.get("/staff/audit?event=viewed", Accept_Language="en").text


@pytest.mark.parametrize("text, about", [
    ("örebro", {"Ärende ÖREBRO", "ärende Örebro"}), ("ÄRENDE", {"Ärende ÖREBRO", "ärende Örebro"}),
    ("åsa", {"Ärende ÖREBRO", "ärende Örebro"}), ("ÅSA", {"Ärende ÖREBRO", "ärende Örebro"}), ("orebro", set()),
    ("FEBRUARI", {"februari"}), ("dag 7 kl 9", {"dag 7 kl 9"}), ("%", set()), (".*", set()), ("finns inte", set()),
    ("<script>", {"<script>alert(1)</script> & \"citat\" 'x'"}), ("a;b\"C", {"a;b\"c"}), ("=hyper", {"=HYPERLINK(\"http://x\";\"y\")"})])
def test_search_for_text(shelf, text, about):
    """In who and about what; of either case, å ä ö too; and what was searched for stays in its field."""
    _, who = shelf
    assert {r[4] for r in search(who, text=text)} == about
    field = re.search(r'<input id="text"[^>]*value="([^"]*)">', who.page.text)
    assert html.unescape(field[1]) == text
    assert "<script>" not in who.page.text
    assert about or "Inget i loggen stämmer" in who.page.text


def test_pages_of_a_hundred(shelf):
    s, who = shelf
    before = [int(line[0]) for line in s.lines()]
    # Lines that come while one turns pages do not move the older ones.
    found = [int(r[0]) for r in search(who)]
    assert [n for n in found if n <= before[-1]] == before[::-1] and len(before) > 100
    wide = search(who, since="2026-03-01", to="2026-03-28", event="viewed", text="DAG")
    assert len(wide) == 84
    for below in ["0", "-1", "x", "", "99999999999999999999", "1"]:
        assert who.get("/staff/audit?" + urlencode({"below": below})).status == 200


def export(reader, since="", **filters):
    reply = reader.get("/staff/audit/csv?" + urlencode({"from": since, **filters}))
    assert reply.status == 200 and reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="logg.csv"'
    assert reply.data.startswith(b"\xef\xbb\xbf") and reply.data.endswith(b"\r\n")
    head, *rows = csv.reader(io.StringIO(reply.data.decode("utf-8-sig"), newline=""), delimiter=";")
    assert head == ["number", "time", "who", "event", "object"]
    return rows


def test_export(shelf):
    """Equals the log, newest first; nothing in it is a formula."""
    s, who = shelf
    rows = export(who)
    assert s.lines()[-1][2:5] == ("granskare", "exported", "the log")
    lines = [list(line[:5]) for line in s.lines()]
    plain = [[cell[1:] if cell[0] == "'" else cell for cell in row] for row in rows]
    assert plain == lines[::-1]
    assert not [cell for row in rows for cell in row if cell[0] in "=+-@\t\r"]
    assert sum(cell[0] == "'" for row in rows for cell in row) >= 5
    assert [r[4] for r in export(who, text="örebro")] == ["ärende Örebro", "Ärende ÖREBRO"]
    assert [r[4] for r in export(who, since="2026-03-30", to="2026-03-30", who="kant")] == ["sommartidens kväll", "sommartid"]
    assert who.get("/staff/audit/csv?from=igår").status == 303


def test_export_needs_a_fresh_second_factor(shelf):
    """Not the search. Asking for it, a wrong code and a right one are told apart in the log."""
    s, who = shelf
    stale(s, who)
    start = len(s.lines())
    path = "/staff/audit/csv?" + urlencode({"text": "ÖREBRO"})
    reply = who.get(path)
    assert reply.status == 403 and "kant" not in reply.text
    assert s.events(start) == []
    assert who.get("/staff/audit").status == 200
    way = html.unescape(re.search(r'name="confirm" value="([^"]*)"', reply.text)[1])
    who.page = reply
    for code, status in [("000000", 403), (who.code(), 303)]:
        done = who.post("/staff/confirm", {"code": code, "confirm": way, "confirm-way": "get"})
        assert done.status == status
    # What was asked for, and no more of the log.
    assert done.location == path and who.get(done.location).status == 200
    assert "kant" not in who.page.text
    assert [e[1] for e in s.events(start)] == ["searched", "confirm-refused", "confirmed", "exported"]


# When it can't be written.


@contextmanager
def unwritable(s):
    """Nobody can open it; not even root, whom rights don't stop."""
    log = s.staff / "audit.log"
    log.rename(s.staff / "aside")
    log.mkdir()
    try:
        yield
    finally:
        log.rmdir()
        (s.staff / "aside").rename(log)


@pytest.fixture(scope="module", name="halls")
def halls_fixture(tmp_path_factory):
    with site("survey-server", tmp_path_factory.mktemp("survey")) as first, \
            site("sms-gateway", tmp_path_factory.mktemp("gateway")) as second:
        survey = first.daemon
        survey.add_wave(WAVE)
        survey.invite(12, WAVE)
        with survey.public() as web:
            for person in survey.invite(12, WAVE):
                assert web.post(person.path, {"q1": "1"}).status == 200
        survey.must("wave", "close", "--id", WAVE)
        survey.must("count", "--wave", WAVE)
        survey.add_wave("andra")
        survey.add_wave("sluten")
        survey.must("wave", "close", "--id", "sluten")
        survey.must(*survey.adding("tredje", custody="paper", opens=1, recovery=survey.folder / "recovery"))
        assert second.daemon.bring_in(person_csv(2)).returncode == 0
        yield {"survey-server": first, "sms-gateway": second}


@both
def test_no_page_without_the_log(halls, program):
    """503 for sign-in, view, export and change, and nothing is done; what is not logged goes on."""
    s = halls[program]
    role = OTHER_ROLE[program]
    anna = s.person("anna", "accounts", "auditor", role)
    s.link("bo", role)
    link = urlsplit(s.link("cia", role)).path
    cia = Staff(s.url, "cia")
    assert cia.choose(link).status == 200
    confirming = s.session("anna")
    stale(s, confirming)
    own = [OWN_PAGE[program][0]] + ([f"/staff/report/{WAVE}/csv", f"/staff/report/{WAVE}/json"] if program == "survey-server" else [])
    gets = ["/staff/audit", "/staff/audit/whole", "/staff/audit/csv", *own]
    posts = [
        ("/staff/accounts", {"name": "inkrakt", "role-auditor": "yes"}), ("/staff/accounts/bo", {"do": "remove"}),
        ("/staff/accounts/bo", {"do": "invite"}), ("/staff/accounts/bo", {"do": "save", "role-auditor": "yes"}),
        ("/staff/account/recovery", {}), ("/staff/account/session", {"session": s.session_hash(confirming).hex()}),
        ("/staff/sign-out", {}),
        ("/staff/account/password", {"old": PASSWORD, "new": "åtta ädla åkare", "again": "åtta ädla åkare"})]
    wrong = Staff(s.url, "bo", source="127.0.0.7")
    anna.get("/staff/account")
    csrf = anna.csrf()
    with unwritable(s):
        before = s.dump()

        def assert_unavailable(reply):
            assert reply.status == 503 and int(reply.headers["Retry-After"]) > 0, reply.status
            assert "Ingenting är ändrat" in reply.text
            assert s.dump() == before

        for path in gets:
            assert_unavailable(anna.get(path))
        for path, fields in posts:
            assert_unavailable(anna.post(path, fields | {"csrf": csrf}))
            assert not anna.page.cookies
        # Refusals can't be told of either.
        assert_unavailable(wrong.post("/staff/sign-in", {"name": "bo", "password": "x", "code": "000000"}))
        assert_unavailable(cia.post(link, {"step": "code", "code": cia.code()}))
        confirm = {"code": anna.code(), "confirm": "/", "csrf": None}
        confirming.get("/staff/account")
        fresh = s.query("SELECT second FROM session WHERE hash = ?", s.session_hash(confirming))
        reply = confirming.post("/staff/confirm", {k: v for k, v in confirm.items() if v})
        assert reply.status == 503
        assert s.query("SELECT second FROM session WHERE hash = ?", s.session_hash(confirming)) == fresh
        sessions = s.query("SELECT count(*) FROM session")
        late = Staff(s.url, "anna", source="127.0.0.8")
        late.recovery, late.secret = list(anna.recovery), None
        reply = late.post("/staff/sign-in", {"name": "anna", "password": PASSWORD, "code": late.recovery.pop()})
        assert reply.status == 503 and s.cookie not in reply.cookies
        assert s.query("SELECT count(*) FROM session") == sessions
        for path in ["/", "/staff/account", "/staff/accounts", "/staff/routes"]:
            assert anna.get(path).status == 200
        assert Browser(s.url).get("/staff/sign-in").status == 200
    # And with the log back everything goes.
    assert anna.get("/staff/audit").status == 200
    assert [anna.post(*posts[n]).status for n in (0, 1)] == [200, 303]
    assert cia.show(link).status == 200
    check_chain(s)


@both
def test_no_command_without_the_log(halls, program):
    """Exit status 1, it says why, nothing is shown and nothing is done; also when nobody has the key."""
    s = halls[program]
    s.link("dan", "auditor")
    commands = [["staff", "add", "smyg", "--role", "auditor"], ["staff", "set", "dan", "--role", "accounts"],
                ["staff", "reset", "dan"], ["staff", "remove", "dan"], ["audit", "verify"], ["audit", "head"]]
    if program == "survey-server":
        survey = s.daemon
        commands += [survey.adding("fjarde"), survey.adding("femte", custody="paper", opens=1, recovery=survey.folder / "r5"),
                     ["wave", "open", "--id", "tredje", "--recovery", survey.folder / "recovery"],
                     ["wave", "close", "--id", "andra"], ["count", "--wave", "sluten"], ["count", "--wave", "sluten", "--check"],
                     ["count", "--wave", WAVE, "--destroyed-by", "x"], ["publish", "--wave", WAVE],
                     *[["report", "--wave", WAVE, "--format", form] for form in ("json", "csv", "html")],
                     ["report", "--wave", WAVE, "--format", "json", "-o", survey.folder / "rapport"]]
    else:
        file = s.daemon.file(person_csv(3, start=500), "nya.csv")
        commands += [["import", "--wave", WAVE, "--administration", "bromma", file], ["send", "--wave", WAVE],
                     ["send", "--wave", WAVE, "--reminder"]]
    key = s.keys / "staff.key"

    def assert_nothing_done(words):
        before, files = s.dump(), {p for f in (s.daemon.folder, s.keys) for p in f.rglob("*") if p.is_file()}
        done = s.command(*words)
        assert done.returncode == 1 and done.stderr.startswith(f"{program}: "), (words, done.stdout, done.stderr)
        assert re.search(r"audit\.log|staff\.key", done.stderr), done.stderr
        assert "http" not in done.stdout and "{" not in done.stdout and len(done.stdout) < 2000
        assert s.dump() == before, words
        left = {p for f in (s.daemon.folder, s.keys) for p in f.rglob("*") if p.is_file()} - files
        assert {p.suffix for p in left} <= {".db-wal", ".db-shm"} and not left & {p for p in left if "rapport" in p.name}, left

    with unwritable(s):
        for words in commands:
            assert_nothing_done(words)
    key.rename(s.keys / "aside")
    try:
        for words in commands:
            assert_nothing_done(words)
    finally:
        (s.keys / "aside").rename(key)
    for harmless in (["staff", "list"], ["staff", "routes"]):
        with unwritable(s):
            s.must(*harmless)
    check_chain(s)


@pytest.fixture(name="narrow", params=DAEMONS)
def narrow_fixture(request, tmp_path):
    """The staff's folder lies on a disk of its own, of 4 MiB."""
    s = Site(request.param, tmp_path / "s")
    kept = tmp_path / "kept"
    s.staff.rename(kept)
    mount_small(s.staff, 4 << 20)
    try:
        for file in kept.iterdir():
            shutil.copy(file, s.staff)
        s.serve()
        yield s
        s.stop()
    finally:
        s.close()
        assert libc.umount2(bytes(s.staff), 2) == 0


def test_on_a_full_disk(narrow):
    """The same with no room; who answers the survey does not notice."""
    s = narrow
    a = s.seat("a", "auditor", OTHER_ROLE[s.program])
    b = s.seat("bertil", "auditor", "accounts", OTHER_ROLE[s.program])
    people = []
    if s.program == "survey-server":
        s.daemon.add_wave(WAVE)
        people = s.daemon.invite(20, WAVE)
    with open(s.staff / "fill", "ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass
    before = s.dump()
    # The log's last page fills up with the shortest of lines.
    replies = (a.get("/staff/audit").status for _ in range(200))
    assert next(status for status in replies if status != 200) == 503
    count = len(s.lines())
    for path in ["/staff/audit", "/staff/audit/csv", "/staff/audit/whole"]:
        assert b.get(path).status == 503
    b.get("/")
    assert b.post("/staff/accounts", {"name": "inkrakt", "role-auditor": "yes"}).status == 503
    assert b.post("/staff/accounts/a", {"do": "remove"}).status == 503
    assert "audit.log" in s.refused("staff", "add", "inkrakt", "--role", "auditor")
    if people:
        with s.daemon.public() as web:
            for n, person in enumerate(people):
                assert THANKS in web.post(person.path, answers_number(n)).body
        assert s.daemon.box(WAVE).spent == len(people)
        assert s.command("wave", "close", "--id", WAVE).returncode == 1
    assert {k: v for k, v in s.dump().items() if "accounts" in k[0]} == {k: v for k, v in before.items() if "accounts" in k[0]}
    assert len(s.lines()) == count
    (s.staff / "fill").unlink()
    assert b.get("/staff/audit").status == 200
    assert b.post("/staff/accounts/a", {"do": "remove"}).status == 303
    s.must("staff", "add", "nykomling", "--role", "auditor")
    check_chain(s)


@pytest.mark.parametrize("fault", ["write:error=ENOSPC:when=1", "fsync:error=EIO:when=2", "write:retval=20:when=1"])
def test_a_call_that_fails(tmp_path, fault):
    """Nothing is done, and the log is as it was; also when it is only half written."""
    with site("survey-server", tmp_path / "s", serve=False) as s:
        s.link("forsta", "auditor")
        before, text = s.dump(), s.text()
        done = s.command("staff", "add", "andra", "--role", "auditor", prefix=strace(fault))
        assert done.returncode == 1 and "audit.log" in done.stderr and s.dump() == before and s.text() == text
        s.must("staff", "add", "tredje", "--role", "auditor")
        assert s.must("audit", "verify").endswith(", whole\n")


# Killed, and side by side.


def killed_at(fresh, folder, call, n):
    """`staff add` killed at that call; whether there was one."""
    s = Site.__new__(Site)
    s.__dict__ = dict(fresh.__dict__)
    s.daemon = fresh.daemon.clone(folder)
    s.state, s.keys, s.config = s.daemon.state, s.daemon.keys, s.daemon.config
    s.staff = s.state / "staff"
    done = s.command("staff", "add", "anna", "--role", "auditor", prefix=strace(f"{call}:signal=SIGKILL:when={n}"))
    assert done.returncode in (0, -9), (done.returncode, done.stderr)
    assert s.must("audit", "verify").endswith(", whole\n"), (call, n)
    noted = [e for e in s.events() if e[1] == "account-added" and " anna " in e[2]]
    listed = [line.split("\t")[0] for line in s.must("staff", "list").splitlines()]
    # What was reported is there, and what is there is in the log.
    if "anna added" in done.stdout:
        assert "anna" in listed
    if "anna" in listed:
        assert noted == [("unix:root", "account-added", "account anna roles auditor")]
    # And it goes on as if nothing had been.
    s.must("staff", "add", "bo", "--role", "auditor")
    lines = check_chain(s)
    assert lines[-1][4] == "account bo roles auditor" and [e for e in s.events() if " anna " in e[2]] == noted
    return done.returncode != 0


@pytest.mark.parametrize("call, least", [("pwrite64", 4), ("write", 1), ("fsync", 2), ("ftruncate", 1), ("fdatasync", 1)])
def test_killed_at_every_call(tmp_path, call, least):
    fresh = Site("survey-server", tmp_path / "fresh")
    n, more = 1, True
    with ThreadPoolExecutor(2) as pool:
        while more:
            results = list(pool.map(lambda i: killed_at(fresh, tmp_path / str(i), call, i), range(n, n + 4)))
            more = all(results)
            n += sum(results)
            assert n < 100
    assert n > least, "the fault never came"


@both
def test_many_at_once(tmp_path, program):
    """Commands and a daemon that serves add to one and the same chain; who reads it meanwhile finds it whole."""
    with site(program, tmp_path / "s") as s:
        people = [s.seat(f"person{n}", "auditor") for n in range(3)]

        def look(who):
            return [who.get("/staff/audit?who=ingen").status for _ in range(40)]

        def add(n):
            return s.must("staff", "add", f"ny{n}", "--role", "auditor") and n

        with ThreadPoolExecutor(8) as pool:
            looks = [pool.submit(look, who) for who in people]
            adds = [pool.submit(add, n) for n in range(16)]
            checks = [pool.submit(s.must, "audit", "verify") for _ in range(6)]
            assert all(f.result() == [200] * 40 for f in looks) and all(", whole" in f.result() for f in checks)
            assert [f.result() for f in adds] == list(range(16))
        events = [line[2:5] for line in check_chain(s)]
        assert len(events) == 3 + 120 + 16
        assert events.count(("person1", "searched", "the log")) == 40
        assert {e[2] for e in events if e[1] == "account-added"} >= {f"account ny{n} roles auditor" for n in range(16)}


# The daily head.

OWN_DEV = """set -e
mount -t tmpfs own "$1"
for name in null zero full random urandom tty; do
	: >"$1/$name"
	mount --bind "/dev/$name" "$1/$name"
done
: >"$1/log"
mount --bind "$2" "$1/log"
mount --move "$1" /dev
shift 2
exec "$@"
"""


class Syslog:
    """What a daemon tells syslog that runs with a /dev of its own."""

    def __init__(self, folder):
        folder.mkdir()
        (folder / "dev").mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "log"))
        self.socket.settimeout(60)
        self.prefix = ["unshare", "-m", "sh", "-c", OWN_DEV, "sh", str(folder / "dev"), str(folder / "log")]

    def heads(self, program, at_least):
        """NUMBER:MAC of all that came; waits for so many."""
        found = []
        self.socket.settimeout(60)
        while True:
            if len(found) >= at_least:
                self.socket.settimeout(0)
            try:
                text = self.socket.recv(4096).decode()
            except BlockingIOError:
                return found
            words = re.fullmatch(rf"<37>\w\w\w [ \d]\d \d\d:\d\d:\d\d {program}(?:\[\d+\])?: audit head (\d+) ([0-9a-f]{{32}})\0?", text)
            assert words, text
            found.append(f"{words[1]}:{words[2]}")

    def close(self):
        self.socket.close()


@both
def test_the_head_goes_to_syslog_once_a_day(tmp_path, program):
    with site(program, tmp_path / "s", serve=False) as s:
        syslog = Syslog(tmp_path / "syslog")
        who = s.seat("granskare", "auditor")

        def serve(*more):
            """Until it has looked after its log once, which its start page tells."""
            s.serve(prefix=[*syslog.prefix, *more])
            wait_until(lambda: "Loggen är" in who.get("/").text)

        probe = s.command("staff", "list", prefix=syslog.prefix)
        if probe.returncode and "unshare" in probe.stderr:
            pytest.skip(f"THE DAILY HEAD IS NOT TESTED: {probe.stderr}")
        serve()
        first, = syslog.heads(program, 1)
        assert first == s.must("audit", "head").strip()
        # A command meanwhile, and a restart.
        s.must("staff", "add", "ny", "--role", "auditor", prefix=syslog.prefix)
        assert "whole" in s.must("audit", "verify", prefix=syslog.prefix)
        s.stop()
        serve()
        s.stop()
        assert syslog.heads(program, 0) == []
        # The next day, and that day once more.
        tomorrow = ["env", f"LD_PRELOAD={FAKETIME}", "FAKETIME=+1d", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_FORCE_MONOTONIC_FIX=0",
                    "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"]
        s.write("UPDATE session SET made = made + 86400, seen = seen + 86400, second = second + 86400")
        serve(*tomorrow)
        second, = syslog.heads(program, 1)
        s.stop()
        serve(*tomorrow)
        s.stop()
        assert syslog.heads(program, 0) == []
        assert int(second.split(":")[0]) > int(first.split(":")[0])
        for head in (first, second):
            s.must("audit", "verify", "--head", head)
        # A log that was put back is whole in itself, but does not hold what syslog was told.
        s.keep(tmp_path / "kept")
        (s.staff / "audit.log").unlink()
        (s.staff / "audit.head").unlink()
        write_chain(s, [("2026-11-01T12:00:00Z", "granskare", "searched", "the log")] * 2)
        s.must("audit", "verify")
        for head in (first, second):
            assert s.command("audit", "verify", "--head", head).returncode == 1
        s.restore(tmp_path / "kept")
        check_chain(s)
        syslog.close()
