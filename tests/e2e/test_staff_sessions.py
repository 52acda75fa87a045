"""The staff's sessions, in both daemons: what the cookie is, how long it is good for, and what ends it."""
import base64
import hashlib
import html
import re
from http.cookies import SimpleCookie

import pytest

from person import totp
from staff import PROGRAMS, at_once, serving_both
from test_survey_secrets import Needles

MINUTE, HOUR = 60, 3600
NEW = "ett helt nytt lösenord"


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    with serving_both(tmp_path_factory.mktemp("staff"), moving=True) as both:
        yield both


@pytest.fixture(params=PROGRAMS)
def site(request, sites):
    return sites[request.param]


@pytest.fixture(scope="module")
def people(sites):
    """In each daemon anna, who looks after accounts, and bo."""
    def make(site):
        return at_once(lambda: site.member("anna"), lambda: site.member("bo"))
    return dict(zip(sites, at_once(*[lambda site=site: make(site) for site in sites.values()])))


def enter(site, who):
    """A browser of one's own, signed in. The clock is moved on, so that the app has a code that was not used."""
    site.turn(31)
    browser = who.elsewhere()
    assert browser.sign_in().status == 303
    who.step = browser.step
    return browser


def sit_down(site, who, agent="Firefox, Linux"):
    """The same, without signing in."""
    browser = who.elsewhere()
    browser.cookies = site.session(who.name, agent).cookies
    return browser


@pytest.fixture
def anna(site, people):
    return sit_down(site, people[site.program][0])


@pytest.fixture
def bo(site, people):
    return sit_down(site, people[site.program][1])


def token_of(site, who):
    return who.cookies[site.cookie]


def kept_as(token):
    return hashlib.sha256(base64.urlsafe_b64decode(token + "=")).digest()


def sessions_of(site, who):
    return {row for row, in site.query("SELECT hash FROM session s JOIN account a USING (account) WHERE a.name = ?",
                                       who.name)}


# The cookie.

def test_cookie_is_for_this_site_alone(site, people):
    anna = people[site.program][0]
    browser = enter(site, anna)
    cookies = SimpleCookie()
    for line in browser.page.headers.get_all("Set-Cookie"):
        cookies.load(line)
        assert line.count("=") - line.split(";")[0].partition("=")[2].count("=") <= 4
    assert set(cookies) == {site.cookie, site.cookie + "-device"}
    browser.get("/staff/language?to=en")
    cookies.load(browser.page.headers["Set-Cookie"])
    for name, cookie in cookies.items():
        assert name.startswith("__Host-")
        assert cookie["secure"] and cookie["httponly"] and cookie["path"] == "/" and not cookie["domain"]
        assert cookie["samesite"] in ("Lax", "Strict")
    # Gone when the browser is closed.
    assert not cookies[site.cookie]["max-age"] and not cookies[site.cookie]["expires"]


def test_token_is_random_and_kept_hashed(site, people):
    site.turn(31)
    both = [who.elsewhere() for who in people[site.program]]
    assert {page.status for page in at_once(*[who.sign_in for who in both])} == {303}
    for who, browser in zip(people[site.program], both):
        who.step = browser.step
    tokens = [token_of(site, who) for who in both]
    raw = [base64.urlsafe_b64decode(token + "=") for token in tokens]
    assert {len(token) for token in raw} == {32}
    assert sum(bin(a ^ b).count("1") for a, b in zip(*raw)) > 64
    assert all(kept_as(token) in {row for row, in site.query("SELECT hash FROM session")} for token in tokens)
    assert Needles([*raw, *map(str.encode, tokens), *[token.hex().encode() for token in raw]]).in_files(
        site.folder) == set()
    # Nobody gets in with what is kept.
    browser = site.browser()
    for secret in (kept_as(tokens[0]).hex(), base64.urlsafe_b64encode(kept_as(tokens[0])).decode().rstrip("=")):
        browser.cookies = {site.cookie: secret}
        assert browser.get("/").status == 303


def test_token_is_taken_exactly(site, bo):
    token = token_of(site, bo)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(token[-1])
    almost = token[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last | 1]
    for wrong in [token[:-1], token + "A", token + "=", almost, token.swapcase(), "", "A" * 43]:
        bo.cookies = {site.cookie: wrong}
        assert bo.get("/").status == 303, wrong
    for name in ["enkat", "sms", "__host-" + site.cookie[7:], site.cookie + "-device"]:
        bo.cookies = {name: token}
        assert bo.get("/").status == 303, name
    bo.cookies = {site.cookie: token}
    assert bo.is_in


def test_sign_in_makes_a_new_session(site, bo, people):
    """One that somebody else put into the browser is never taken over; the one from before ends."""
    before = token_of(site, bo)
    site.turn(31)
    assert bo.sign_in().status == 303
    after = token_of(site, bo)
    assert after != before and kept_as(before) not in sessions_of(site, bo)
    victim = people[site.program][0].elsewhere()
    chosen = base64.urlsafe_b64encode(b"chosen by whoever wants to be in").decode().rstrip("=")
    victim.cookies = {site.cookie: chosen}
    site.turn(31)
    assert victim.sign_in().status == 303 and token_of(site, victim) != chosen
    # A session of the attacker's own neither becomes anna's.
    other = people[site.program][0].elsewhere()
    other.cookies = {site.cookie: after}
    site.turn(31)
    assert other.sign_in().status == 303 and token_of(site, other) != after
    people[site.program][0].step = other.step
    for token in (before, chosen, after):
        browser = site.browser()
        browser.cookies = {site.cookie: token}
        assert browser.get("/").status == 303


# Time.

def test_idle_for_fifteen_minutes(site, bo):
    site.turn(15 * MINUTE - 2)
    assert bo.is_in
    site.turn(15 * MINUTE - 2)
    assert bo.is_in
    site.turn(15 * MINUTE)
    assert not bo.is_in
    assert kept_as(token_of(site, bo)) not in sessions_of(site, bo)


def test_eight_hours_at_most(site, bo):
    for _ in range(8 * 60 // 14):
        site.turn(14 * MINUTE)
        assert bo.is_in
    site.turn(8 * HOUR - 8 * 60 // 14 * 14 * MINUTE - 4)
    assert bo.is_in
    site.turn(5)
    assert not bo.is_in


def test_clock_set_back(site, people):
    """It ends sessions and revives none, nor a code that was used."""
    anna, bo = people[site.program]
    one = enter(site, anna)
    late = sit_down(site, anna)
    site.turn(-3)  # as time servers do
    assert one.is_in
    site.turn(-HOUR)
    assert not one.is_in
    site.turn(HOUR)
    assert not one.is_in
    # One that has run out stays out.
    site.turn(16 * MINUTE)
    assert not late.is_in
    site.turn(-2 * MINUTE)
    assert not late.is_in
    site.turn(-14 * MINUTE)
    assert not late.is_in
    # Codes: the one that was used, and those before it, which would be of now.
    code = totp(anna.secret, anna.step)
    back = int(site.now()) // 30 - anna.step
    site.turn(-30 * back)
    for n in (0, -1):
        site.turn(30 * n)
        assert anna.elsewhere().sign_in(code=totp(anna.secret, anna.step + n)).status == 403
    assert totp(anna.secret, anna.step) == code
    site.turn(30 + 30 * back)


def test_asking_again_after_ten_minutes(site, anna):
    """Also after a clock was set right by a few seconds."""
    assert anna.get("/staff/audit/csv").status == 200
    site.turn(-4)
    assert anna.get("/staff/audit/csv").status == 200
    site.turn(4 + 10 * MINUTE - 2)
    assert anna.get("/staff/audit/csv").status == 200
    site.turn(3)
    assert anna.get("/staff/audit/csv").status == 403


# One's own sessions.

def listed(page):
    """{(browser, whether it can be ended)}: the rows of the table."""
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th>(.*?)</tr>', page.text, re.S)
    return [(html.unescape(agent), (re.findall(r'name="session" value="([0-9a-f]{64})"', row) or [None])[0])
            for agent, row in rows]


def test_listed_and_ended(site, people):
    anna, bo = people[site.program]
    sit_down(site, anna, "Safari, Mac")
    site.turn(16 * MINUTE)  # one that has run out is none any more
    here, there, other = sit_down(site, anna), sit_down(site, anna, "Chrome, Windows"), sit_down(site, bo)
    rows = listed(here.get("/staff/account"))
    assert sorted(agent for agent, _ in rows) == ["Chrome, Windows", "Firefox, Linux"]
    assert dict(rows)["Firefox, Linux"] is None
    key = dict(rows)["Chrome, Windows"]
    assert key == kept_as(token_of(site, there)).hex()
    # Nobody else's, and nothing else.
    for session in (kept_as(token_of(site, other)).hex(), "0" * 64, key.upper()[:-1], "", None, key + "00"):
        page = here.post("/staff/account/session", {"session": session})
        assert (page.status, page.location) == (303, "/staff/account")
    assert other.is_in and there.is_in
    assert other.post("/staff/account/session", {"session": key}).status == 303
    assert there.is_in
    assert here.post("/staff/account/session", {"session": key}).status == 303
    assert not there.is_in and here.is_in
    assert ("anna", "session-ended", "another session") in site.audit()
    assert listed(here.get("/staff/account")) == [("Firefox, Linux", None)]


def test_a_browser_is_known_by_little(site, bo):
    """Nothing that a browser says of itself comes into the page or the database."""
    site.turn(31)
    odd = bo.elsewhere(agent="<script>alert(1)</script>\"'%s%n Firefox/1 Windows")
    assert odd.sign_in().status == 303
    assert "Firefox, Windows" in [agent for agent, _ in listed(odd.get("/staff/account"))]
    assert "script" not in odd.page.text and "alert" not in repr(site.accounts())
    site.turn(31)
    bare = odd.elsewhere(agent=None)
    assert bare.sign_in().status == 303
    assert "?, ?" in [agent for agent, _ in listed(bare.get("/staff/account"))]


def test_sign_out(site, bo):
    token = token_of(site, bo)
    page = bo.post("/staff/sign-out")
    assert (page.status, page.location) == (303, "/staff/sign-in")
    assert site.cookie not in bo.cookies and "Max-Age=0" in page.headers["Set-Cookie"]
    bo.cookies[site.cookie] = token
    assert not bo.is_in
    assert site.audit()[-1] == ("bo", "signed-out", "this session")


# What ends a session.

def test_another_password_ends_the_others(site):
    ida = site.member("ida")
    here, there = sit_down(site, ida), sit_down(site, ida)
    change = {"old": here.password, "new": NEW, "again": NEW}
    for wrong, status in [({"old": "inte mitt lösenord"}, 403), ({"again": "något annat än det"}, 422),
                          ({"new": here.password, "again": here.password}, 422),
                          ({"new": "kort", "again": "kort"}, 422)]:
        assert here.post("/staff/account/password", change | wrong).status == status
    assert there.is_in
    assert here.post("/staff/account/password", change).status == 200
    assert here.is_in and not there.is_in
    assert [about for who, event, about in site.audit() if (who, event) == ("ida", "password-changed")] == ["own"]
    site.turn(31)
    old, new = ida.elsewhere(), ida.elsewhere()
    new.password = NEW
    assert [page.status for page in at_once(old.sign_in, lambda: new.sign_in(code=ida.recovery[0]))] == [403, 303]


def test_password_guesses_wait(site, bo):
    """Whoever finds an open browser can't try passwords in it either."""
    tries = [{"old": f"gissning nummer {n}" + "x" * 1024, "new": NEW, "again": NEW} for n in range(4)]
    assert [bo.post("/staff/account/password", fields).status for fields in tries] == [403, 403, 403, 429]


def test_forced_change_comes_first(site, anna):
    kim = site.member("kim")
    browser = sit_down(site, kim)
    page = anna.get("/staff/accounts/kim")
    assert 'value="change"' in page.text
    assert anna.post("/staff/accounts/kim", {"do": "change"}).status == 303
    open_to_all = {path for _, path, who in site.routes() if who == "anyone"}
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', browser.get("/staff/account/password").text)[1]
    before = site.accounts(but=["session.seen"])
    for method, path, who in site.routes() + [("GET", "/finns/inte", "")]:
        if path in open_to_all or path in ("/staff/account/password", "/staff/sign-out"):
            continue
        if who == "coordinator":
            continue  # the one role that Kim does not have
        body = f"csrf={csrf}&do=remove&name=x&role-auditor=yes" if method == "POST" else None
        page = browser.request(method, path.replace("{name}", "anna").replace("{wave}", "2027-1"), body)
        assert (page.status, page.location) == (303, "/staff/account/password"), (method, path)
    assert site.accounts(but=["session.seen"]) == before
    # Another way in meets the same.
    assert sit_down(site, kim).get("/").location == "/staff/account/password"
    fields = {"old": kim.password, "new": NEW, "again": NEW, "csrf": csrf}
    assert browser.post("/staff/account/password", fields).status == 200
    assert browser.is_in
    # And sign-out is open meanwhile.
    assert anna.post("/staff/accounts/kim", {"do": "change"}).status == 303
    assert browser.post("/staff/sign-out", {"csrf": csrf}).location == "/staff/sign-in"


@pytest.mark.parametrize("how", ["command", "page"])
def test_removed_account_is_out_at_once(site, anna, how):
    pia = site.lend("pia")
    assert pia.is_in
    if how == "command":
        site.must("staff", "remove", "pia")
    else:
        assert anna.post("/staff/accounts/pia", {"do": "remove"}).status == 303
    assert not pia.is_in
    assert not site.query("SELECT 1 FROM session WHERE hash = ?", kept_as(token_of(site, pia)))
    # Somebody else of that name gets nothing of it.
    site.add("pia")
    assert not pia.is_in
    site.must("staff", "remove", "pia")


def test_role_is_read_at_each_request(site, anna):
    eva = site.lend("eva", "auditor")
    seen = [eva.get("/staff/audit").status, eva.get("/staff/accounts").status]
    site.must("staff", "set", "eva", "--role", "accounts")
    seen += [eva.get("/staff/audit").status, eva.get("/staff/accounts").status]
    assert anna.post("/staff/accounts/eva", {"do": "save", "full": "Eva Ek", "role-auditor": "yes"}).status == 303
    seen += [eva.get("/staff/audit").status, eva.get("/staff/accounts").status]
    assert seen == [200, 403, 403, 200, 200, 403]
    assert "Eva Ek" in eva.get("/").text


def test_nobody_changes_their_own_account(site, anna):
    for do in ["remove", "save", "change", "invite"]:
        page = anna.post("/staff/accounts/anna", {"do": do, "role-auditor": "yes"})
        assert (page.status, page.location) == (303, "/staff/accounts")
    assert anna.is_in and anna.get("/staff/accounts").status == 200


# Elsewhere.

def test_session_of_one_daemon_is_no_session_of_the_other(sites, people):
    """Same names, passwords and codes or not."""
    one, two = sites.values()
    mine, theirs = (sit_down(site, people[site.program][0]) for site in (one, two))
    for who, here, there in [(mine, one, two), (theirs, two, one)]:
        browser = there.browser()
        browser.cookies = dict(who.cookies)
        assert browser.get("/").status == 303
        browser.cookies = {there.cookie: token_of(here, who)}
        assert browser.get("/").status == 303
        page = browser.post("/staff/sign-out", {"csrf": who.csrf()})
        assert page.location == "/staff/sign-in" and who.is_in
    page = mine.request("POST", "/staff/sign-out", "csrf=" + theirs.csrf())
    assert page.status == 403 and mine.is_in


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_restart_keeps_sessions(site, bo, how):
    csrf = bo.csrf()
    getattr(site, how)()
    site.serve()
    assert bo.is_in and bo.csrf() == csrf
