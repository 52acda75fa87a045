"""Signing in through an identity provider: a strict fake that can do everything wrong, and a real one."""
import concurrent.futures
import contextlib
import json
import subprocess
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from fake_oidc import FakeOidc
from person import Browser, new_source
from staff import Site
from survey import ROOT

GROUPS = {
    "survey-server": """[lasare]
role = reader
areas = barn-unga
[omgangar]
role = waves, accounts, auditor
[samordnare]
refuse = yes
""",
    "sms-gateway": """[samordnare]
role = coordinator
administrations = farsta
[omgangar]
role = leader, accounts, auditor
[lasare]
refuse = yes
"""}
OTHER = {"survey-server": "sms-gateway", "sms-gateway": "survey-server"}
REFUSED = ["denied", "wrong-code", "wrong-state", "no-iss", "wrong-iss", "issuer", "issuer-slash", "audience",
           "audiences", "nonce", "no-nonce", "earlier-token", "expired", "future", "no-factors", "one-factor",
           "no-subject", "alg-none", "hs256", "old-key", "other-key", "crit"]
FAILED = ["no-token", *(f"{place}:{how}" for place in ("token", "keys")
                        for how in ("500", "not-json", "endless", "redirect", "reset"))]


def configure(site, issuer, algorithm="RS256", more="", client=None):
    """Adds what the configuration says of the provider."""
    (site.folder / "groups.conf").write_text(GROUPS[site.program])
    (site.folder / "secret").write_text("hemligt & långt\n")
    with open(site.config, "a", encoding="utf-8") as file:
        file.write(f"[oidc]\nissuer = {issuer}\nclient = {client or site.program}\nsecret_file = {site.folder}/secret\n"
                   f"algorithm = {algorithm}\namr = otp hwk\nroles = {site.folder}/groups.conf\n{more}")


@contextlib.contextmanager
def signing_in(program, folder, fake, **how):
    """A daemon that knows the fake, and the fake it."""
    folder = folder / program
    folder.mkdir()
    site = Site(program, folder)
    site.must("init")
    configure(site, fake.issuer, fake.algorithm, **how)
    fake.add_client(program, "hemligt & långt", f"{site.url}/staff/oidc/back")
    try:
        site.serve()
        yield site
        site.check()
        site.stop()
    finally:
        site.kill()


@pytest.fixture(scope="module", params=["RS256", "ES256"])
def sites(request, tmp_path_factory):
    """Both daemons, each a client of its own of the same provider."""
    folder = tmp_path_factory.mktemp("oidc")
    with FakeOidc(request.param) as fake, signing_in("survey-server", folder, fake) as survey, \
            signing_in("sms-gateway", folder, fake) as gateway:
        yield fake, {"survey-server": survey, "sms-gateway": gateway}


@pytest.fixture
def site(sites):
    """The provider; the daemon that is tested, each with an algorithm of its own; and the other daemon."""
    fake, both = sites
    program = {"RS256": "survey-server", "ES256": "sms-gateway"}[fake.algorithm]
    fake.how = "right"
    fake.signed_in = int(time.time()) - 1200
    fake.person = {"sub": "u-1", "name": "Anna Ek", "preferred_username": "anna.ek", "groups": ["omgangar"],
                   "acr": "loa3", "amr": ["pwd", "otp"]}
    fake.faults.clear()
    return fake, both[program], both[OTHER[program]]


def follow(browser, location):
    """What the provider answers, and where it sends the browser back to."""
    provider = Browser(f"http://{urlsplit(location).netloc}")
    reply = provider.get(location.partition(provider.host)[2])
    assert reply.status == 303, reply.text
    back = urlsplit(reply.location)
    assert f"{back.scheme}://{back.netloc}" == browser.url
    return f"{back.path}?{back.query}"


def go(browser, next_path="/", again=""):
    """Out and back; the daemon's last answer."""
    out = browser.get(f"/staff/oidc/out?next={next_path}{again}")
    assert out.status == 303, out.text
    return browser.get(follow(browser, out.location))


def visitor(site):
    return Browser(site.url, source=new_source())


def refusals(site):
    return site.audit().count(("-", "sign-in-refused", "identity provider"))


def test_signs_in(site):
    fake, there, _ = site
    browser = visitor(there)
    page = browser.get("/staff/sign-in?next=/staff/audit")
    assert 'href="/staff/oidc/out?next=%2Fstaff%2Faudit"' in page.text and 'name="password"' in page.text
    back = go(browser, "/staff/audit")
    assert (back.status, back.location) == (303, "/staff/audit")
    assert browser.get("/staff/audit").status == 200
    assert there.audit()[-2:] == [("anna.ek", "signed-in", "identity provider"), ("anna.ek", "searched", "the log")]
    assert "anna.ek\tAnna Ek\t" in there.must("staff", "list") and "\tfederated\t" in there.must("staff", "list")
    assert fake.faults == []


def test_roles_follow_the_groups_at_each_sign_in(site):
    fake, there, _ = site
    fake.person |= {"sub": "u-2", "preferred_username": "bo", "groups": ["omgangar", "okänd"]}
    browser = visitor(there)
    go(browser)
    assert browser.get("/staff/accounts").status == 200
    own = {"survey-server": "lasare", "sms-gateway": "samordnare"}[there.program]
    fake.person["groups"] = [own]
    go(browser)
    assert browser.get("/staff/accounts").status == 403
    row = next(line for line in there.must("staff", "list").splitlines() if line.startswith("bo\t")).split("\t")
    assert row[2:5] == (["reader", "", "barn-unga"] if own == "lasare" else ["coordinator", "farsta", ""])


@pytest.mark.parametrize("groups", [[], ["okänd"], None, 17, {"omgangar": True}, ["omgangar", "REFUSE"]])
def test_who_has_no_group_or_one_of_the_other_side_stays_out(site, groups):
    fake, there, other = site
    refused = {"survey-server": "samordnare", "sms-gateway": "lasare"}[there.program]
    if isinstance(groups, list):
        groups = [refused if group == "REFUSE" else group for group in groups]
    fake.person |= {"sub": "u-3", "preferred_username": "cilla", "groups": groups}
    before = refusals(there)
    browser = visitor(there)
    back = go(browser)
    assert back.status == 403 and "Du har ingen uppgift här" in back.text
    assert there.cookie not in browser.cookies and browser.get("/").status == 303
    assert refusals(there) == before + 1 and "cilla" not in there.must("staff", "list")
    assert other.process.poll() is None


@pytest.mark.parametrize("how", REFUSED)
def test_refuses(site, how):
    fake, there, _ = site
    if how == "old-key":
        fake.rotate()
    browser = visitor(there)
    go(visitor(there))  # there is an earlier token, an earlier nonce
    fake.how = how
    before = refusals(there)
    back = go(browser)
    assert back.status == 403 and "Inloggningen gick inte" in back.text, back.text
    assert there.cookie not in browser.cookies and browser.get("/").status == 303
    assert refusals(there) == before + 1
    fake.how = "right"
    assert go(browser).status == 303 and browser.get("/").status == 200


@pytest.mark.parametrize("how", FAILED)
def test_a_provider_that_does_not_answer_as_it_should(site, how):
    fake, there, _ = site
    fake.how = how
    browser = visitor(there)
    back = go(browser)
    assert back.status == 502 and "Stadens inloggning svarar inte" in back.text
    assert there.cookie not in browser.cookies
    fake.how = "right"
    assert go(browser).status == 303


def test_other_pages_go_on_while_the_provider_is_slow(site):
    fake, there, _ = site
    waiting, browser = visitor(there), visitor(there)
    out = waiting.get("/staff/oidc/out?next=/")
    back = follow(waiting, out.location)
    fake.how = "token:slow"
    slow = Browser(there.url)
    slow.cookies = dict(waiting.cookies)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(slow.get, back)
        assert browser.get("/staff/sign-in").status == 200
        assert asked.result().status == 502
    fake.how = "right"


def test_key_rotation(site):
    fake, there, _ = site
    for _ in range(3):
        browser = visitor(there)
        assert go(browser).status == 303 and browser.get("/").status == 200
        fake.rotate()


def test_the_way_back_is_this_browsers_and_once(site):
    _, there, other = site
    browser = visitor(there)
    out = browser.get("/staff/oidc/out?next=/")
    back = follow(browser, out.location)
    assert visitor(there).get(back).status == 403  # without the cookie
    stranger = visitor(there)
    stranger.get("/staff/oidc/out?next=/")
    assert stranger.get(back).status == 403  # with another's
    cookies = dict(browser.cookies)
    assert browser.get(back).status == 303 and there.cookie in browser.cookies
    again = visitor(there)
    again.cookies = cookies
    assert again.get(back).status == 403  # the code is used
    elsewhere = visitor(other)
    elsewhere.cookies = {name.replace(there.cookie, other.cookie): value for name, value in cookies.items()}
    assert elsewhere.get(back).status == 403  # another daemon's


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x", "?code=x&state=y", "?error=access_denied", "?code=%00&state=%ff",
                                   "?code=" + "x" * 4000 + "&state=y"])
def test_the_way_back_from_nowhere(site, query):
    _, there, _ = site
    browser = visitor(there)
    assert browser.get("/staff/oidc/back" + query).status == 403
    browser.get("/staff/oidc/out?next=/")
    name = f"{there.cookie}-way"
    value = browser.cookies[name]
    for wrong in (value[:-1], value + "A", "A" * len(value), ("B" if value[0] == "A" else "A") + value[1:], "%", ""):
        browser.cookies = {name: wrong}
        assert browser.get("/staff/oidc/back" + query).status == 403


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "https://evil.example/", "/\r\nX: y"])
def test_no_open_redirect(site, path):
    _, there, _ = site
    browser = visitor(there)
    assert go(browser, quote(path, safe="")).location == "/"


def test_a_session_of_one_daemon_is_none_of_the_other(site):
    _, there, other = site
    browser, elsewhere = visitor(there), visitor(other)
    go(browser)
    elsewhere.cookies = {name.replace(there.cookie, other.cookie): value for name, value in browser.cookies.items()}
    assert browser.get("/").status == 200 and elsewhere.get("/").status == 303


def test_a_name_that_is_somebody_elses(site):
    fake, there, _ = site
    there.command("staff", "add", "dora", "--role", "accounts")
    fake.person |= {"sub": "u-4", "preferred_username": "dora"}
    browser = visitor(there)
    assert go(browser).status == 403 and there.cookie not in browser.cookies
    fake.person["preferred_username"] = "Något som inte går"
    assert go(browser).status == 303
    assert any(line.startswith("oidc-") for line in there.must("staff", "list").splitlines())


def test_exports_ask_the_provider_anew(site):
    fake, there, _ = site
    browser = visitor(there)
    go(browser)
    assert browser.get("/staff/audit/csv").status == 200
    there.write("UPDATE session SET second = second - 3600")
    page = browser.get("/staff/audit/csv")
    assert page.status == 403 and "/staff/oidc/out?again=1&amp;next=%2Fstaff%2Faudit%2Fcsv" in page.text
    session = browser.cookies[there.cookie]
    fake.how = "not-anew"
    assert go(browser, "/staff/audit/csv", "&again=1").status == 403
    fake.how = "right"
    subject, fake.person["sub"] = fake.person["sub"], "u-5"
    assert go(browser, "/staff/audit/csv", "&again=1").status == 403
    fake.person["sub"] = subject
    assert browser.get("/staff/audit/csv").status == 403
    back = go(browser, "/staff/audit/csv", "&again=1")
    assert (back.status, back.location) == (303, "/staff/audit/csv")
    assert browser.cookies[there.cookie] == session and browser.get("/staff/audit/csv").status == 200
    assert ("anna.ek", "confirmed", "identity provider") in there.audit()


def test_a_federated_account_has_no_password_here(site):
    _, there, _ = site
    browser = visitor(there)
    go(browser)
    for path in ("/staff/account/password",):
        assert browser.get(path).location == "/staff/account"
    assert browser.post("/staff/account/password", {"old": "x", "new": "y" * 20, "again": "y" * 20}).status in (403, 422, 503)
    assert browser.post("/staff/confirm", {"code": "000000", "confirm": "/", "confirm-way": "get"}).status in (403, 503)
    assert there.command("staff", "reset", "anna.ek").returncode == 1


@pytest.mark.parametrize("line,words", [
    ("issuer = http://idp.example", "issuer"), ("client =", "client"), ("amr =", "acr or amr"),
    ("secret_file = /nowhere", "/nowhere"), ("roles = /nowhere", "/nowhere"), ("algorithm = HS256", "algorithm"),
    ("algorithm = none", "algorithm")])
def test_configuration_is_checked(tmp_path, line, words):
    found = Site("survey-server", tmp_path)
    found.must("init")
    configure(found, "https://idp.example")
    name = line.partition(" ")[0]
    text = found.config.read_text()
    text = "\n".join(line if row.startswith(name + " ") else row for row in text.splitlines()) + "\n"
    found.config.write_text(text)
    done = found.command("serve")
    assert done.returncode == 1 and words in done.stderr, done.stderr


def test_only_the_provider(tmp_path):
    """local = no: the form with passwords is not there, nor does it work."""
    with FakeOidc() as fake, signing_in("survey-server", tmp_path, fake, more="[staff]\nlocal = no\n") as there:
        browser = visitor(there)
        assert 'name="password"' not in browser.get("/staff/sign-in").text
        assert browser.post("/staff/sign-in", {"name": "a", "password": "b", "code": "c"}).status == 403
        assert there.command("staff", "add", "x", "--role", "waves").returncode == 1
        fake.person["groups"] = ["omgangar"]
        assert go(browser).status == 303 and 'action="/staff/accounts"' not in browser.get("/staff/accounts").text


# The real one.


class Provider:
    """npm's oidc-provider, in a program of its own."""

    def __init__(self, clients, people):
        self.process = subprocess.Popen(["node", ROOT / "tests" / "browser" / "provider.mjs"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.issuer = self.tell({"clients": clients, "people": people})["issuer"]

    def tell(self, words):
        self.process.stdin.write((words if isinstance(words, str) else json.dumps(words)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


@pytest.mark.parametrize("program,algorithm", [("survey-server", "RS256"), ("sms-gateway", "ES256")])
def test_a_real_provider(tmp_path, program, algorithm):
    found = Site(program, tmp_path)
    found.must("init")
    provider = Provider(
        [{"client_id": program, "client_secret": "hemligt-och-langt", "redirect_uri": f"{found.url}/staff/oidc/back",
          "id_token_signed_response_alg": algorithm}],
        {"anna": {"name": "Anna Ek", "groups": ["omgangar"]}, "bo": {"groups": ["okänd"]},
         "cilla": {"groups": ["omgangar"], "amr": ["pwd"]}})
    configure(found, provider.issuer, algorithm)
    (tmp_path / "secret").write_text("hemligt-och-langt\n")

    def through(login, browser, again=""):
        out = browser.get(f"/staff/oidc/out?next=/staff/account{again}")
        assert out.status == 303, out.text
        back = at_provider(provider.issuer, out.location, login)
        assert parse_qs(urlsplit(back).query).get("code"), back
        return browser.get(back.removeprefix(found.url))

    try:
        found.serve()
        browser = visitor(found)
        assert (through("anna", browser).location, browser.get("/staff/account").status) == ("/staff/account", 200)
        assert "Anna Ek" in browser.get("/staff/account").text
        assert through("bo", visitor(found)).status == 403
        assert through("cilla", visitor(found)).status == 403
        assert provider.tell("rotate")["rotated"]
        browser = visitor(found)
        assert through("anna", browser).status == 303 and browser.get("/").status == 200
        found.write("UPDATE session SET second = second - 3600")
        assert browser.get("/staff/audit/csv").status == 403
        assert through("anna", browser, "&again=1").status == 303
        assert browser.get("/staff/audit/csv").status == 200
        found.check()
        found.stop()
    finally:
        provider.close()
        found.kill()


def at_provider(issuer, location, login):
    """A browser of its own at the provider: follows its redirects and types the login where it is asked for; returns
    where it is sent back to."""
    browser = Browser(issuer)
    path = location.removeprefix(issuer)
    reply = browser.get(path)
    for _ in range(10):
        if reply.location:
            if not reply.location.startswith(("/", issuer)):
                return reply.location
            path = reply.location.removeprefix(issuer)
            reply = browser.get(path)
        else:
            assert 'name="login"' in reply.text, (reply.status, reply.text)
            reply = browser.request("POST", path, f"login={login}")
    raise AssertionError("the provider never sends anybody back")
