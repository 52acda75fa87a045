"""The staff's way in: invitations, passwords, codes, and what guessing meets; the same in both daemons."""
import contextlib
import hashlib
import os
import re
import socket
import statistics
import time
from urllib.parse import urlencode

import pytest

from person import PASSWORD, Staff, new_source, totp
from staff import PROGRAMS, at_once, serving, serving_both, spelled
from survey import wait_until
from test_survey_secrets import Needles, in_memory

LONG_PASSWORD = "överlångt lösenord " * 60  # over 1 KiB: is refused without a hash, which saves the tests half a second
DAY = 86400


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    with serving_both(tmp_path_factory.mktemp("staff")) as both:
        yield both


@pytest.fixture(params=PROGRAMS)
def site(request, sites):
    return sites[request.param]


@pytest.fixture(scope="module")
def people(sites):
    """In each daemon anna, who is signed in, bo, who is not, and cecilia, who never used her link."""
    def make(site):
        anna, bo = at_once(lambda: site.member("anna"), lambda: site.member("bo"))
        site.add("cecilia")
        assert anna.sign_in().status == 303
        return anna, bo
    return dict(zip(sites, at_once(*[lambda site=site: make(site) for site in sites.values()])))


@pytest.fixture
def anna(site, people):
    return people[site.program][0]


@pytest.fixture
def bo(site, people):
    return people[site.program][1]


@pytest.fixture
def other_anna(site, people):
    """Of the other daemon."""
    return next(people[program][0] for program in PROGRAMS if program != site.program)


def path_of(link):
    return link[link.index("/staff/welcome/"):]


# Invitations.

def test_link_works_once_and_reading_does_not_use_it(site):
    link = site.add("ida")
    assert link.startswith(site.url + "/staff/welcome/")
    before = site.accounts()
    browser = site.browser()
    assert {browser.get(path_of(link)).status for _ in range(1000)} == {200}
    assert browser.request("HEAD", path_of(link)).status == 200
    assert site.accounts() == before
    ida = Staff(site.url, "ida", source=new_source())
    page = ida.choose(link)
    assert "<svg" in page.text and len(ida.secret) == 20
    # Chosen is not enrolled: the codes must be shown to work.
    step = int(time.time()) // 30
    wrong = [" ", "fel", totp(ida.secret, step - 3), totp(ida.secret, step + 3)]
    assert {ida.show(link, code).status for code in wrong} == {422}
    assert site.query("SELECT 1 FROM account WHERE name = 'ida' AND password IS NULL")
    assert ida.show(link).status == 200 and len(ida.recovery) == 10
    assert not ida.cookies
    after = site.accounts()
    assert not after["invitation"]
    assert [used.status for used in (ida.get(path_of(link)), ida.choose(link), ida.show(link, "123456"))] == [410] * 3
    assert site.accounts() == after
    # The code that was shown is used up.
    assert ida.sign_in(code=totp(ida.secret, ida.step)).status == 403
    assert ida.sign_in().status == 303


def test_link_is_kept_hashed(site):
    link = site.add("hasse")
    token = link.rpartition("/")[2]
    assert len(token) == 43
    assert site.query("SELECT 1 FROM invitation WHERE hash = ?", hashlib.sha256(token.encode()).digest())
    assert Needles([token.encode()]).in_files(site.folder) == set()


def test_two_at_once_make_one_account(site):
    link = site.add("tova")
    one, two = (Staff(site.url, "tova", source=new_source()) for _ in range(2))
    one.password, two.password = "den första som kom", "den andra som kom"
    assert [page.status for page in at_once(lambda: one.choose(link), lambda: two.choose(link))] == [200, 200]
    statuses = sorted(page.status for page in at_once(
        *[lambda who=who: who.show(link) for who in (one, two, one, two)]))
    # The password that was chosen last stands, with its own key.
    assert statuses[0] == 200 and set(statuses[1:]) <= {410, 422}
    active, other = (one, two) if one.recovery else (two, one)
    assert active.recovery and not other.recovery
    assert len(site.query("SELECT 1 FROM recovery r JOIN account a USING (account) WHERE a.name = 'tova'")) == 10
    code = active.code()
    pages = [active.sign_in(code=code, password=other.password), active.sign_in(code=code)]
    assert [page.status for page in pages] == [403, 303]


def test_old_link_is_gone(site):
    late = site.add("lars", offset=-7 * DAY - 60)
    assert site.browser().get(path_of(late)).status == 410
    assert Staff(site.url, "lars").choose(late).status == 410
    assert site.browser().get(path_of(site.add("lisa", offset=-7 * DAY + 60))).status == 200


def test_reset_takes_everything_away(site):
    link = site.add("rut")
    rut = Staff(site.url, "rut", source=new_source()).enrol(link)
    rut.cookies = site.session("rut").cookies
    assert rut.is_in
    first = site.must("staff", "reset", "rut").split()[-1]
    assert not rut.is_in
    second = site.must("staff", "reset", "rut").split()[-1]
    assert [rut.get(path_of(old)).status for old in (link, first, second)] == [410, 410, 200]
    assert not site.query("SELECT 1 FROM recovery r JOIN account a USING (account) WHERE a.name = 'rut'")
    assert rut.elsewhere().sign_in().status == 403
    new = Staff(site.url, "rut", source=new_source())
    new.password = "ett nytt och annat ord"
    new.enrol(second)
    assert not rut.is_in
    tries = at_once(*[lambda how=how: new.elsewhere().sign_in(**how) for how in (
        {"password": rut.password}, {"code": rut.recovery[1]}, {"code": totp(rut.secret, int(time.time()) // 30)}, {})])
    assert [page.status for page in tries] == [403, 403, 403, 303]
    events = [event for _, event, about in site.audit() if about == "account rut"]
    assert events.count("account-invited") == 2


REFUSED = [("elva tecken", "elva tecken"), ("åäöåäöåäöåä", "åäöåäöåäöåä"),
           # Eleven characters also when the rings are written apart.
           ("a\u030ao\u0308u\u0308" * 3 + "ab", "a\u030ao\u0308u\u0308" * 3 + "ab"),
           ("x y z å " * 128 + "z", "x y z å " * 128 + "z"), ("jag heter ELVIRA", "jag heter ELVIRA"),
           ("sju sjösjuka sjömän", "sju sjösjuka sjoman"), ("sju sjösjuka sjömän", None), (None, None), ("", ""),
           ("abcdabcdabcdabcd", "abcdabcdabcdabcd")]


def test_password_rules(site):
    link = site.add("elvira")
    elvira = Staff(site.url, "elvira", source=new_source())
    for new, again in REFUSED:
        page = elvira.post(path_of(link), {"new": new, "again": again, "step": "password"})
        assert page.status == 422 and 'class="fault"' in page.text, new
    # Bytes that no password has.
    for bad in [b"sju\0sjuka sjuor", b"sju\xffsjuka sjuor", b"\xed\xa0\x80sju sjuka sjuor", b"\xc0\xafsju sjuka sjuor"]:
        body = urlencode({"new": bad, "again": bad, "step": "password"})
        assert elvira.request("POST", path_of(link), body).status == 400
        assert elvira.request("POST", path_of(link), body.replace("%00", "\0").encode()).status == 400
    assert site.query("SELECT 1 FROM invitation i JOIN account a USING (account)"
                      " WHERE a.name = 'elvira' AND i.password IS NULL")
    # Just short enough.
    elvira.password = "x y z å " * 113 + "abcdefg"
    assert len(elvira.password.encode()) == 1024 and elvira.choose(link).status == 200


def test_one_password_however_its_letters_are_written(site):
    nils = site.member("nils", password="a\u030atta a\u030al a\u030a o\u0308l")
    nils.password = "åtta ål å öl"
    assert len(nils.password) == 12
    assert nils.sign_in().status == 303


# Signing in.

def test_refusals_are_alike(site, anna, bo, other_anna):
    """Who guesses learns nothing of who has an account, nor what of it was right."""
    step = int(time.time()) // 30
    fresh = dict(name="bo", password=PASSWORD)
    wrong = "000000" if "000000" not in (totp(bo.secret, step + n) for n in (-1, 0, 1, 2)) else "111111"
    before = len(site.audit())
    tries = {
        "nobody": fresh | {"name": "nobody", "code": wrong},
        "invited": fresh | {"name": "cecilia", "code": wrong},
        "wrong password": fresh | {"password": PASSWORD + "x", "code": totp(bo.secret, step + 1)},
        "wrong code": fresh | {"code": wrong},
        "used code": fresh | {"code": totp(bo.secret, bo.step)},
        "another's recovery code": fresh | {"code": anna.recovery[0]},
        "the other daemon's app": {"name": "anna", "password": PASSWORD, "code": totp(other_anna.secret, step)},
        "over 1 KiB": fresh | {"password": LONG_PASSWORD, "code": totp(bo.secret, step + 1)},
        "no code": fresh | {"code": ""},
    }
    replies = dict(zip(tries, at_once(*[lambda f=f: site.browser().post("/staff/sign-in", f) for f in tries.values()])))
    assert {reply.status for reply in replies.values()} == {403}
    assert len({reply.data for reply in replies.values()}) == 1
    heads = {tuple((k, v) for k, v in reply.headers.items() if k != "Date") for reply in replies.values()}
    assert len(heads) == 1 and "Set-Cookie" not in dict(heads.pop())
    # The log has the names of accounts only, and nothing that was typed.
    lines = site.audit()[before:]
    assert {event for _, event, _ in lines} == {"sign-in-refused"} and len(lines) == len(tries)
    assert {who for who, _, _ in lines} == {"-", "bo", "anna"}
    assert {about for _, _, about in lines} == {"password", "code"}
    # What was right all along still is: no try used it up.
    assert bo.sign_in(code=totp(bo.secret, step + 1) if bo.step < step + 1 else bo.recovery.pop()).status == 303
    bo.step = step + 1


def test_code_is_used_once(site, anna):
    code = anna.code()
    pages = at_once(*[lambda: anna.elsewhere().sign_in(code=code) for _ in range(2)])
    assert sorted(page.status for page in pages) == [303, 403]
    # Nor is one from before it good any more.
    assert anna.elsewhere().sign_in(code=totp(anna.secret, anna.step - 1)).status == 403


def test_recovery_code_is_used_once(site, anna):
    code = anna.recovery.pop()
    mine = site.query("SELECT hash FROM recovery r JOIN account a USING (account) WHERE a.name = 'anna'")
    typed = [("anna", code), ("Anna ", " " + code.lower().replace("-", " ") + " ")]
    pages = at_once(*[lambda n=name, c=code: anna.elsewhere().sign_in(name=n, code=c) for name, code in typed])
    assert sorted(page.status for page in pages) == [303, 403]
    assert anna.elsewhere().sign_in(code=code).status == 403
    assert len(site.query("SELECT hash FROM recovery r JOIN account a USING (account) WHERE a.name = 'anna'")) \
        == len(mine) - 1


def test_unknown_name_takes_as_long_as_wrong_password(site, people):
    """Also one that has not enrolled. Each try comes from a place of its own, so that none waits."""
    kinds = {"nobody": [], "cecilia": [], "bo": []}

    def ratios():
        for name, times in kinds.items():
            browser = site.browser()
            began = time.perf_counter()
            assert browser.post("/staff/sign-in", {"name": name, "password": "fel lösenord", "code": "1"}).status == 403
            times.append(time.perf_counter() - began)
        return [statistics.median(kinds[name]) / statistics.median(kinds["bo"]) for name in ("nobody", "cecilia")]
    ratios()
    # A machine that does other things too gets more rounds to be even in; without a hash it never is.
    for _ in range(10):
        if all(0.8 <= ratio <= 1.25 for ratio in ratios()):
            return
    assert not kinds, "the times tell who has an account"


# Guessing.

def guess(who, name=None):
    return who.post("/staff/sign-in", {"name": name or who.name, "password": LONG_PASSWORD, "code": "123456"})


def test_delays_grow_and_hit_nobody_else(site, anna):
    """The device that anna signed in with before comes from the guesser's own address."""
    guesser = anna.elsewhere()
    assert [guess(guesser).status for _ in range(4)] == [403, 403, 403, 429]
    assert guesser.page.headers["Retry-After"] == "1"
    # The right password and code are not even looked at meanwhile, and are not used up.
    code = anna.recovery[-1]
    assert guesser.sign_in(code=code).status == 429
    anna.source = guesser.source
    assert guess(anna).status == 403
    assert anna.elsewhere().sign_in(code=anna.recovery.pop()).status == 303
    mine = anna.sign_in(code=anna.recovery.pop())
    assert mine.status == 303
    anna.source = new_source()
    for seconds in ("2", "4"):
        wait_until(lambda: guess(guesser).status != 429)
        assert guesser.page.status == 403
        page = guess(guesser)
        assert (page.status, page.headers["Retry-After"]) == (429, seconds)


def test_device_is_known_for_its_own_account_only(site, anna, bo):
    """And has delays of its own."""
    guesser = anna.elsewhere()
    guesser.cookies = {name: value for name, value in anna.cookies.items() if name.endswith("-device")}
    assert [guess(guesser, "bo").status for _ in range(4)] == [403, 403, 403, 429]
    assert [guess(guesser).status for _ in range(4)] == [403, 403, 403, 429]
    # Changed, or made up, it is no such cookie.
    for name, cookie in list(guesser.cookies.items()):
        forger = anna.elsewhere()
        forger.cookies = {name: cookie[:-1] + ("A" if cookie[-1] != "A" else "E")}
        assert [guess(forger).status for _ in range(4)] == [403, 403, 403, 429]
        forger.cookies = {name: "A" * 43}
        assert guess(forger).status == 429
    wait_until(lambda: anna.sign_in(code=anna.recovery[-1]).status == 303)
    anna.recovery.pop()


def test_many_names_from_one_place_are_delayed(site, anna):
    guesser = site.browser()
    assert {guess(guesser, f"namn{n}").status for n in range(20)} == {403}
    page = guess(guesser, "namn20")
    assert (page.status, page.headers["Retry-After"]) == (429, "1")
    assert guess(site.browser(), "namn20").status == 403
    # The colleague at the same address whose device is known goes on.
    anna.source = guesser.source
    assert guess(anna).status == 403
    anna.source = new_source()


def threads(site):
    """CPU time by thread, in ticks."""
    folder = f"/proc/{site.process.pid}/task"
    found = {}
    for task in os.listdir(folder):
        fields = open(f"{folder}/{task}/stat").read().rpartition(")")[2].split()
        found[task] = int(fields[11]) + int(fields[12])
    return found


def memory_mib(site, what):
    return int(re.search(rf"{what}:\s+(\d+) kB", open(f"/proc/{site.process.pid}/status").read())[1]) / 1024


@pytest.mark.parametrize("program", PROGRAMS)
def test_flood_hashes_two_at_a_time(program, tmp_path):
    """Two are hashed, 64 wait, the others are told to come back; pages open meanwhile."""
    many = 80
    with serving(program, tmp_path) as site:
        before, rss = threads(site), memory_mib(site, "VmRSS")
        connections = []
        for n in range(many):
            body = urlencode({"name": f"namn{n}", "password": "fel lösenord", "code": "1"}).encode()
            s = socket.create_connection((site.host, 8082), 30, (new_source(), 0))
            s.sendall(f"POST /staff/sign-in HTTP/1.1\r\nHost: {site.host}:8082\r\nOrigin: {site.url}\r\n"
                      "Content-Type: application/x-www-form-urlencoded\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            s.setblocking(False)
            connections.append(s)

        def answered():
            """(status, connection), by those that have an answer so far."""
            for s in connections:
                with contextlib.suppress(BlockingIOError):
                    yield s.recv(12, socket.MSG_PEEK)[9:], s
        began = time.monotonic()
        assert site.browser().get("/staff/sign-in").status == 200
        assert time.monotonic() - began < 2
        wait_until(lambda: [status for status, _ in answered()].count(b"403") >= 4)
        found = list(answered())
        statuses = [status for status, _ in found]
        assert many - 66 - statuses.count(b"403") <= statuses.count(b"503") <= many - 66
        assert b"\r\nRetry-After: 10\r\n" in next(s for status, s in found if status == b"503").recv(65536)
        ran = {task: used - before.get(task, 0) for task, used in threads(site).items()}
        assert len([used for used in ran.values() if used > 30]) == 2, ran
        # AddressSanitizer keeps what was freed a while.
        kept = 256 if "asan" in open(f"/proc/{site.process.pid}/maps").read() else 0
        assert memory_mib(site, "VmHWM") - rss < 2 * 128 + kept + 64
        site.kill()  # what waits need not be done


def test_password_leaves_no_trace(site):
    """Not in a log, the database or the daemon's memory, however it was typed."""
    sven = Staff(site.url, "sven", source=new_source())
    sven.password, second, third = "Åsnor-äter-Xq7 ängar", "Örnar-ser-Wv8 åkrar", "Älgar-hör-Zk9 åskan"
    link = site.add("sven")
    sven.enrol(link)
    assert sven.sign_in().status == 303
    assert sven.post("/staff/account/password", {"old": sven.password, "new": second, "again": second}).status == 200
    # A slip of the hand: the password where the name goes, and a wrong one.
    slips = [{"name": third, "password": third, "code": third}, {"name": "sven", "password": third, "code": "1"}]
    pages = at_once(*[lambda f=f: site.browser().post("/staff/sign-in", f) for f in slips])
    assert [page.status for page in pages] == [403, 403]
    assert sven.post("/staff/confirm", {"code": sven.recovery[0], "confirm": "/", "confirm-way": "get"}).status == 303
    used = sven.recovery[0]
    needles = Needles(spelled(sven.password, second, third, used) | {link.rpartition("/")[2].encode()})
    assert needles.in_files(site.folder) == set()
    kept = Needles([sven.secret, *[code.encode() for code in sven.recovery]])
    assert kept.in_files(site.state) == set()
    # The same search in the same memory finds what must be there.
    needles.wanted.add(site.url.encode())
    assert in_memory(site.process.pid, needles) == {site.url.encode()}
