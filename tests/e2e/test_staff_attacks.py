"""What a hostile page, link, browser or form tries with the staff's pages of both daemons."""
import contextlib
import html
import random
import re
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from fake_survey import FakeSurvey
from person import PASSWORD, new_source
from staff import PROGRAMS, at_once, serving_both
from survey import LONG

MINUTE = 60
FORM = "application/x-www-form-urlencoded"
EVIL = ["//evil.example", "//evil.example/%2f..", "/\\evil.example", "\\\\evil.example", "/\\/evil.example",
        "https://evil.example/", "https:evil.example", "http:/evil.example", "javascript:alert(1)", "evil.example",
        "data:text/html,x", "/\t/evil.example", "/\n/evil.example", " //evil.example", "\t//evil.example",
        "/%0d%0aX-Evil:1\r\nX-Evil: 1", "/x\r\nSet-Cookie: __Host-evil=1", "/x\nX-Evil: 1", "/\0/evil", "/å",
        "/" + "a" * 600, "", ".", "?x", "#x", "@evil.example", ".evil.example"]
# Odd, but of this site.
OWN = ["/", "/staff/account", "/%5cevil.example", "/%0d%0aX-Evil:%201", "/?a=b&c=//evil.example", "/.//evil"]
HTML = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><q9x>", "</textarea><q9x>", "<!--",
        "&lt;q9x&gt;", "<q9x/onclick=alert(1)>", "javascript:alert(1)//<q9x>"]
MARKUP = re.compile(rb"<(script|img|q9x|!--)", re.I)


WORKBOOKS = Path(__file__).resolve().parents[1] / "data" / "rows"
# Two of the three have the same number, so they wait for a decision.
PERSONS = ["person_id;telefon;namn;enhet;verksamhetsområde;skyddad",
           *[f"T-{n};070174000{n // 2};Påhittad Testsson;Ett;aldreomsorg;nej" for n in (1, 2, 3)]]
IMPORT = {"wave": "2027-1", "administration": "farsta"}


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    survey = FakeSurvey()
    with serving_both(tmp_path_factory.mktemp("staff"), moving=True) as both:
        import_persons(both["sms-gateway"], survey)
        yield both
    survey.close()


def import_persons(site, survey):
    """So that there is something to take in, and somebody to decide about."""
    site.stop()
    survey.key = (site.keys / "internal.key").read_bytes().hex()
    site.config.write_text(re.sub("(?m)^api = .*$", f"api = {survey.url}", site.config.read_text()))
    file = site.folder / "fil.csv"
    file.write_text("\n".join(PERSONS))
    site.must("import", "--wave", "2027-1", "--administration", "farsta", str(file))
    site.serve()


@pytest.fixture(params=PROGRAMS)
def site(request, sites):
    return sites[request.param]


@pytest.fixture(scope="module")
def people(sites):
    """In each daemon anna, with every role, and berit, to whom things are done."""
    def make(site):
        site.add("berit")
        anna = site.member("anna")
        if site.program == "sms-gateway":
            site.must("staff", "set", "anna", "--role", f"coordinator,{PROGRAMS[site.program]}", "--administration", "farsta")
        return anna
    return dict(zip(sites, at_once(*[lambda site=site: make(site) for site in sites.values()])))


def sit_down(site, who):
    browser = who.elsewhere()
    browser.cookies = site.session(who.name).cookies
    return browser


@pytest.fixture
def anna(site, people):
    return sit_down(site, people[site.program])


def at(path):
    """A path that the route matches."""
    return path.replace("{name}", "berit").replace("{wave}", "2027-1").replace("{token}", "finns-inte")


def persons(site):
    """All that is kept of whom to ask."""
    file = site.state / "farsta.db"
    if not file.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as db:
        return list(db.iterdump())


def kept(site):
    return site.accounts(but=["session.seen"]), persons(site)


def file_routes(site):
    return [path for _, path, _ in site.routes("POST") if path == "/import/try"]


# Small, and larger than a form without a file may be.
FILES = [("fil.csv", "\n".join(PERSONS).encode() + b"\n" * n) for n in (1, 200_000)]


# Whose form it is.

def test_forms_of_others_do_nothing(site, sites, people, anna):
    """Each POST route, without the token or with one of another session, of the other daemon, or not quite it."""
    token = anna.csrf()
    again = sit_down(site, people[site.program])
    other = next(other for other in sites.values() if other is not site)
    wrong = [None, "", again.csrf(), sit_down(other, people[other.program]).csrf(), token.upper(), token[:-1],
             token + "0", token[:-1] + ("0" if token[-1] != "0" else "1"), "0" * 32, token + "å"]
    assert len(set(wrong)) == len(wrong)
    before = kept(site)
    for _, path, _ in site.routes("POST"):
        for csrf in wrong:
            fields = {"csrf": csrf, "do": "remove", "name": "evil", "role-auditor": "yes", "code": anna.recovery[0],
                      "session": "0" * 64, "confirm": "/", "password": PASSWORD}
            page = anna.request("POST", at(path), urlencode({k: v for k, v in fields.items() if v is not None}))
            assert page.status == 403 and not page.cookies, (path, csrf)
    for path in file_routes(site):
        for csrf in wrong:
            for file in FILES:
                page = anna.upload(path, IMPORT | {"csrf": csrf}, file)
                assert page.status == 403 and not page.cookies and "token" not in page.text, (path, csrf)
    assert kept(site) == before
    refused = {about for who, event, about in site.audit() if (who, event) == ("anna", "refused")}
    assert "POST /staff/accounts/berit" in refused
    # An invitation that can still be used is nothing for the log.
    assert "POST before signing in" in refused and not any("finns-inte" in about for about in refused)
    assert anna.is_in


@pytest.mark.parametrize("headers", [
    {"Origin": None}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "https://evil.example"},
    {"Origin": "URL.evil.example"}, {"Origin": "URL/"}, {"Origin": "httpsURL"}, {"Origin": "URL0"},
    {"Origin": "URL URL"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "same-origin, cross-site"}, {"Origin": None, "Referer": "URL/"}],
    ids=lambda headers: ",".join(f"{k}={v}" for k, v in headers.items()))
def test_forms_from_elsewhere_do_nothing(site, anna, headers):
    """With everything else right: also the sign-in, by which one could be brought into somebody else's account."""
    headers = {name: value and value.replace("httpsURL", site.url.replace("http:", "https:")).replace("URL", site.url)
               for name, value in headers.items()}
    before = kept(site)
    fields = {"full": "Evil", "role-auditor": "yes", "do": "save"}
    assert anna.post("/staff/accounts/berit", fields, **headers).status == 403
    assert anna.post("/staff/sign-out", **headers).status == 403
    assert {anna.upload(path, IMPORT, file, **headers).status for path in file_routes(site) for file in FILES} <= {403}
    stranger = anna.elsewhere()
    page = stranger.post("/staff/sign-in", {"name": "anna", "password": PASSWORD, "code": anna.recovery[0]}, **headers)
    assert page.status == 403 and not page.cookies and 'name="password"' not in page.text
    assert stranger.post("/staff/welcome/finns-inte", **headers).status == 403
    assert kept(site) == before and anna.is_in


def test_forms_of_ones_own_go_through(site, anna):
    assert anna.post("/staff/accounts/berit", {"full": "Berit", "role-auditor": "yes", "do": "save"},
                     **{"Sec-Fetch-Site": "same-origin"}).status == 303
    assert site.query("SELECT full_name FROM account WHERE name = 'berit'") == [("Berit",)]


def test_only_the_right_host(site, anna):
    """A name that leads here through somebody else's page is none of ours."""
    before = kept(site)
    host = f"{site.host}:8082"
    for wrong in ["evil.example", f"{host}.evil.example", site.host, "localhost:8082", f"{host}0", f"evil@{host}",
                  f"{host}/", ""]:
        for path in file_routes(site):
            for file in FILES:
                page = anna.upload(path, IMPORT | {"csrf": "0" * 32}, file, Host=wrong)
                assert page.status == 421 and not page.cookies and "evil" not in page.text, wrong
        for method, path in [("GET", "/"), ("GET", "/staff/sign-in"), ("GET", "/finns/inte"),
                             ("POST", "/staff/sign-out"), ("POST", "/staff/sign-in")]:
            page = anna.request(method, path, "csrf=" + "0" * 32 if method == "POST" else None, Host=wrong)
            assert page.status == 421 and not page.cookies and "evil" not in page.text, (wrong, method, path)
    assert kept(site) == before
    # A whole address in the request is a path like any other, and leads nowhere else.
    page = anna.get("http://evil.example/", Host=host)
    assert page.status == 404 and "//evil.example" not in page.text
    page = site.browser().get("http://evil.example/", Host=host)
    assert (page.status, page.location) == (303, "/staff/sign-in")


# What every reply says.

SAID = {"Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin"}
POLICY = {"default-src 'none'", "style-src 'self'", "img-src data:", "form-action 'self'", "base-uri 'none'",
          "frame-ancestors 'none'"}


def test_every_reply_has_the_headers(site):
    """No page may be framed, kept, or fetch anything from elsewhere; those that refuse neither."""
    seen = {}

    def look(page, what):
        seen.setdefault(page.status, []).append(what)
        said = dict(SAID)
        if page.headers.get("Content-Type", "").startswith("text/css"):
            said["Cache-Control"] = "max-age=86400"
        assert {name: page.headers[name] for name in said} == said, what
        assert set(page.headers["Content-Security-Policy"].split("; ")) == POLICY, what
        assert len(page.headers.get_all("Content-Security-Policy")) == 1
        assert not page.headers.get("Access-Control-Allow-Origin")
        assert page.data or page.status in (303, 307) or what[0] == "HEAD", what
        if page.headers.get("Content-Type", "").startswith("text/html"):
            assert not re.search(rb"<script|style=|\son\w+=|https?://(?!www\.)", page.data), what

    karin, stranger = site.lend("karin"), site.browser()
    form = urlencode({"csrf": karin.csrf(), "name": "x"})
    for method, path, _ in site.routes():
        for who in (karin, stranger):
            if path != "/staff/sign-out":
                look(who.request(method, at(path), form if method == "POST" else None), (method, path))
            if method == "GET":
                look(who.request("HEAD", at(path)), ("HEAD", path))
    for method, path, body, headers in [
            ("GET", "/finns/inte", None, {}), ("DELETE", "/", None, {}), ("PUT", "/staff/accounts", "x", {}),
            ("OPTIONS", "/", None, {}), ("GET", "/", None, {"Host": "evil.example"}),
            ("POST", "/staff/accounts", "a=%", {}), ("POST", "/staff/accounts", "csrf=x", {}),
            ("POST", "/staff/sign-in", "x" * 20000, {}), ("POST", "/finns/inte", "a=b", {})]:
        look(karin.request(method, path, body, **headers), (method, path, body and body[:10]))
    site.turn(11 * MINUTE)
    look(karin.get("/staff/audit/csv"), "asks again")
    for n in range(4):
        look(stranger.post("/staff/sign-in", {"name": "anna", "password": "x" * 1025}), "wait")
    assert {200, 303, 400, 403, 404, 405, 410, 413, 421, 422, 429} <= set(seen), seen


def test_reading_changes_nothing(site, anna):
    """But the audit log, and when a session was seen: links are followed by who knows what."""
    token = site.add("kalle").rpartition("/")[2]
    files = {f: f.read_bytes() for folder in (site.keys, site.state) for f in folder.rglob("*")
             if f.is_file() and f.parent != site.state / "staff" and f.suffix not in (".db-shm", ".db-wal")}
    before = kept(site)
    query = urlencode({"csrf": anna.csrf(), "do": "remove", "name": "berit", "role-auditor": "yes", "to": "en",
                       "new": "x", "session": "0" * 64, "code": anna.recovery[0], "step": "code", "confirm": "/",
                       "password": PASSWORD})
    for _, path, _ in site.routes():
        path = at(path).replace("finns-inte", token)
        for method in ("GET", "HEAD"):
            for asked in ("", "?" + query):
                assert anna.request(method, path + asked).status < 500
                assert site.browser().request(method, path + asked).status < 500
    assert kept(site) == before
    assert {f: f.read_bytes() for f in files} == files
    assert anna.is_in


# Where a link leads.

def value_of(page, name):
    return html.unescape(re.search(f'name="{name}" value="([^"]*)"', page.text)[1])


@pytest.mark.parametrize("next_path", EVIL + OWN, ids=lambda path: ascii(path)[:30])
def test_no_way_leads_elsewhere(site, anna, next_path):
    """Nor does what is asked for come into the headers as a line of its own."""
    right = next_path if next_path in OWN else "/"
    stranger = site.browser()
    asked = "next=" + quote(next_path, safe="")
    pages = [stranger.get("/staff/language?" + asked), anna.get("/staff/sign-in?" + asked)]
    for page in pages:
        assert (page.status, page.location) == (303, right)
    page = stranger.get("/staff/sign-in?" + asked)
    assert value_of(page, "next") == right
    stranger.source = anna.source = new_source()
    tried = [stranger.post("/staff/sign-in", {"name": "x", "password": "x" * 1025, "code": "1", "next": next_path}),
             anna.post("/staff/confirm", {"code": "fel", "confirm": next_path, "confirm-way": "post"})]
    if "\0" in next_path:
        assert [page.status for page in tried] == [400, 400]
    else:
        assert [page.status for page in tried] == [403, 403]
        assert [value_of(tried[0], "next"), value_of(tried[1], "confirm")] == [right, right]
    for page in pages + tried:
        assert not page.headers.get("X-Evil") and "__Host-evil" not in page.cookies


def test_right_code_leads_nowhere_else(site, people):
    anna = people[site.program]
    site.turn(31)
    browser = anna.elsewhere()
    page = browser.sign_in(next_path="//evil.example")
    assert (page.status, page.location) == (303, "/")
    anna.step = browser.step
    for way, status in [("post", 307), ("get", 303), ("", 303)]:
        for path, right in [("https://evil.example", "/"), ("/\\evil.example", "/"),
                            ("/staff/accounts", "/staff/accounts")]:
            site.turn(31)
            page = browser.confirm(confirm=path, **{"confirm-way": way})
            assert (page.status, page.location) == (status, right)
    anna.step = browser.step


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "/%2fevil.example", "/aåb",
                                  "//evil.example\\@x"])
def test_address_that_was_asked_for_leads_nowhere_else(site, path):
    """Who must sign in first comes back to the page, and only to a page."""
    page = site.browser().get(path)
    assert page.status == 303 and page.location.startswith("/staff/sign-in")
    following = page.location.partition("?next=")[2]
    assert following in ("", quote(path, safe="")) and not following.startswith("%2F%2F")


# What is typed is text.

@pytest.mark.parametrize("text", HTML)
def test_markup_is_shown_as_text(site, anna, text):
    asked = quote(text, safe="")
    full = text[:120]
    assert anna.post("/staff/accounts/berit", {"full": full, "role-auditor": "yes", "do": "save"}).status == 303
    site.write("UPDATE account SET full_name = ? WHERE name = 'anna'", full)
    pages = [anna.get(path) for path in (
        "/", "/staff/accounts", "/staff/accounts/berit", "/staff/accounts/" + asked,
        f"/staff/audit?who={asked}&text={asked}&from={asked}&to={asked}&event={asked}&below={asked}",
        f"/staff/{asked}", "/staff/welcome/" + asked, "/staff/report/" + asked, f"/{asked}?{asked}={asked}")]
    assert all(full in html.unescape(page.text) for page in pages[:2])
    pages += [anna.post("/staff/accounts", {field: text for field in ("name", "full", "areas", "administrations")}),
              anna.post("/staff/accounts/berit", {"do": "save", "areas": text, "administrations": text, "full": text}),
              anna.post("/staff/accounts/berit", {"do": text}),
              anna.post("/staff/sign-in", {"name": text, "next": "/" + text}),
              anna.post("/staff/confirm", {"confirm": "/" + text, "code": text, "confirm-way": text, text: text})]
    pages += [anna.get("/staff/audit"), anna.get("/staff/account", User_Agent=text, Accept_Language=text, Cookie=None)]
    site.turn(13 * MINUTE)
    assert anna.get("/").status == 200
    site.turn(8 * MINUTE)
    # The form that is sent again when the code has been shown, and what the log keeps of a path.
    pages.append(anna.post("/staff/accounts", {"name": text, text: text}))
    assert pages[-1].status == 403 and value_of(pages[-1], "name") == text
    pages.append(anna.get("/staff/audit"))
    for page in pages:
        assert not MARKUP.search(page.data) and page.status < 500
    assert anna.cookies.keys() == {site.cookie}
    site.write("UPDATE account SET full_name = '' WHERE name = 'anna'")


@pytest.mark.parametrize("text", HTML)
def test_markup_in_a_file_is_shown_as_text(sites, people, text):
    """Whatever is typed beside it, its name, its headings, what stands in it."""
    site = sites["sms-gateway"]
    anna = sit_down(site, people["sms-gateway"])
    good, cells = FILES[0][1], "\n".join([PERSONS[0]] + [
        f"{quoted};0701740001;{quoted};{quoted};aldreomsorg;{quoted}" for quoted in ['"' + text.replace('"', '""') + '"'] * 2])
    asked = quote(text, safe="")
    pages = [anna.upload("/import/try", IMPORT, (text, good))]
    assert text.replace('"', "%22").rpartition("/")[2] in html.unescape(pages[0].text)
    token = value_of(pages[0], "token")
    pages += [anna.upload("/import/try", IMPORT | {field: text}, ("fil.csv", good)) for field in (*IMPORT, "response")]
    pages += [anna.upload("/import/try", IMPORT, ("fil.csv", file.encode())) for file in (
        text, f"{text};{text}\n1;2\n", cells, cells.replace("aldreomsorg", text), f"{PERSONS[0]};{text}\n{text}\n")]
    pages += [anna.get(f"/groups?wave={asked}"), anna.get(f"/groups?wave=2027-1&response={asked}"),
              anna.get(f"/held?administration={asked}&wave=2027-1"), anna.get(f"/held?administration=farsta&wave={asked}"),
              anna.post("/import/keep", {"token": text}), anna.post("/held", IMPORT | {"person": text, "verdict": text})]
    # Taken in, with the names of those who wait.
    named = "\n".join(line.replace(";Ett;", ";" + '"' + text.replace('"', '""') + '";') for line in PERSONS)
    pages.append(anna.post("/import/keep", {"token": value_of(anna.upload("/import/try", IMPORT, (text, named.encode())),
                                                             "token")}))
    assert pages[-1].status == 200
    pages.append(anna.get("/held?administration=farsta&wave=2027-1"))
    assert text in html.unescape(pages[-1].text)
    assert anna.post("/import/keep", {"token": token}).status == 410
    for page in pages:
        assert not MARKUP.search(page.data) and page.status < 500


def test_lines_can_not_be_forged(site, anna):
    """In the log, in a name, in a header."""
    before = len(site.audit())
    for text in ["x\n1\t2027-03-01T09:15:00Z\tbo\tsigned-in\tx", "x\r\ny", "x\ty"]:
        assert anna.post("/staff/accounts/berit", {"full": text, "role-auditor": "yes", "do": "save"}).status == 422
        assert anna.post("/staff/accounts", {"name": text, "role-auditor": "yes"}).status == 422
        assert site.command("staff", "set", "berit", "--full", text).returncode == 2
        assert site.browser().post("/staff/sign-in", {"name": text, "password": "x" * 1025}).status == 403
        assert anna.post("/staff/confirm", {"code": text, "confirm": text, "confirm-way": text}).status in (403, 429)
    assert {len(line) for line in site.audit()[before:]} == {3}
    assert not any(who == "bo" for who, _, _ in site.audit())


def test_what_is_too_long_comes_back_whole(site, anna):
    """Also where it is longer than what is kept: not cut, and not in the middle of a letter."""
    for name in ["å" * 33, "x" + "å" * 40]:
        for full in ["ö" * 100, "x" + "ö" * 100]:
            page = anna.post("/staff/accounts", {"name": name, "full": full, "role-auditor": "yes"})
            assert page.status == 422 and f'value="{name}"' in page.text and f'value="{full}"' in page.text
            page = anna.post("/staff/accounts/berit", {"full": full, "role-auditor": "yes", "do": "save"})
            assert page.status == 422 and f'value="{full}"' in page.text


# Forms that are none.

def test_form_is_read_strictly(site, anna):
    """Anything but one well-formed form changes nothing."""
    good = {"csrf": anna.csrf(), "do": "save", "full": "Annat", "role-auditor": "yes"}
    body = urlencode(good)
    before = kept(site)
    many = [f"f{n}=1" for n in range(61)]
    for bad in [body + "&do=save", body + "&csrf=" + good["csrf"], body + "&full=", "&".join([body, *many]),
                body + "&a=%", body + "&a=%4", body + "&a=%zz", body + "&a=%00", body + "&a=%ff", body + "&=x",
                "%ff=1&" + body, body + "&a=%ed%a0%80", body + "&a=%c0%80"]:
        assert anna.request("POST", "/staff/accounts/berit", bad).status == 400, bad
    for kind in [None, "text/plain", "multipart/form-data; boundary=x", "application/json", "", "text/plain; " + FORM]:
        assert anna.request("POST", "/staff/accounts/berit", body, **{"Content-Type": kind}).status == 400, kind
    assert anna.request("POST", "/staff/accounts/berit", body + "&a=" + "x" * 16384).status == 413
    # What stands in the address is no part of the form.
    assert anna.request("POST", "/staff/accounts/berit?" + body, "csrf=" + good["csrf"]).status == 422
    assert anna.request("POST", "/staff/accounts/berit?" + body, "").status == 403
    assert kept(site) == before
    fine = "&".join([body, *many[:60]])
    kind = {"Content-Type": FORM + "; charset=UTF-8"}
    assert anna.request("POST", "/staff/accounts/berit", fine, **kind).status == 303


def test_form_with_a_file_is_read_strictly(sites, people):
    site = sites["sms-gateway"]
    anna = sit_down(site, people["sms-gateway"])
    before, csrf = kept(site), anna.csrf()

    def part(name, value, more=""):
        return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'

    def send(*parts, end="--x--\r\n", kind="multipart/form-data; boundary=x"):
        return anna.request("POST", "/import/try", ("".join(parts) + end).encode(), **{"Content-Type": kind})

    fields = [part(name, value) for name, value in {"csrf": csrf, **IMPORT}.items()]
    file = part("file", "\n".join(PERSONS), '; filename="fil.csv"')
    assert send(*fields, file).status == 200
    for bad in [send(*fields, file, file), send(*fields, fields[0], file), send(*fields, file, end=""),
                send(*fields, file, end="--x"), send(*fields, file, part("", "x")), send("x", *fields, file),
                send(*fields, file, end="--x--\r\nx"), send(*fields, file, part("a", "\0")),
                send(*fields, file.replace("fil.csv", "fil\0.csv")), send(*fields, file, part("a\r\nX: y", "x")),
                send(*fields, file, *[part(f"f{n}", "x") for n in range(64)]), send(*fields, file, part("a", "x" * 16384)),
                send(*fields, file, kind="multipart/form-data"), send(*fields, file, kind="multipart/form-data; boundary=y"),
                send(*fields, file, kind="multipart/mixed; boundary=x"),
                send(*fields, file, kind='multipart/form-data; boundary="'),
                send(*fields, file, kind="multipart/form-data; boundary=" + "x" * 71)]:
        assert bad.status == 400, bad.text
    # A file where a field should be, and a field where the file should be.
    assert send(part("csrf", csrf, '; filename="x"'), *fields[1:]).status == 403
    assert send(*fields, part("file", "\n".join(PERSONS))).status == 422
    assert send(*fields[:1], part("wave", "2027-1", '; filename="x"'), *fields[2:]).status == 422
    assert kept(site) == before


# The second factor, once more.

def test_old_code_is_asked_for_again(site, people, anna):
    """Before an export when it is ten minutes old, before a change when it is twenty: a form that was opened before it
    was too old may be sent. What was typed goes through when the code has been shown."""
    site.turn(9 * MINUTE)
    assert anna.get("/staff/audit/csv").status == 200
    assert anna.post("/staff/accounts/berit", {"full": "Ett", "role-auditor": "yes", "do": "save"}).status == 303
    site.turn(2 * MINUTE)
    exports = [path for method, path, who in site.routes() if method == "GET" and who.endswith("fresh")]
    assert "/staff/audit/csv" in exports
    assert {anna.get(at(path)).status for path in exports} == {403}
    assert value_of(anna.page, "confirm") == at(exports[-1])
    site.turn(8 * MINUTE)
    assert anna.post("/staff/accounts/berit", {"full": "Två", "role-auditor": "yes", "do": "save"}).status == 303
    site.turn(2 * MINUTE)
    before = kept(site)
    for path in [path for _, path, who in site.routes("POST") if who.endswith("fresh")]:
        page = anna.post(at(path), {"name": "ny", "full": "Tre", "role-auditor": "yes", "do": "save", "code": "123456",
                                    "confirm": "/staff/sign-out", "confirm-way": "get"})
        assert page.status == 403 and value_of(page, "confirm") == at(path), path
    assert kept(site) == before
    page = anna.post("/staff/accounts/berit", {"full": "Tre & \"fyra\"", "role-auditor": "yes", "do": "save",
                                               "code": "1", "confirm": "/", "confirm-way": "get"})
    sent = {html.unescape(name): html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)}
    assert sent.keys() == {"csrf", "confirm", "full", "role-auditor", "do"}
    step = people[site.program].step
    anna.step = max(step, anna.step)
    site.turn(31)
    sent |= {"code": anna.code(), "confirm-way": "post"}
    people[site.program].step = anna.step
    page = anna.post("/staff/confirm", sent)
    assert (page.status, page.location) == (307, "/staff/accounts/berit")
    # As a browser follows it: the same body.
    assert anna.post(page.location, sent).status == 303
    assert site.query("SELECT full_name FROM account WHERE name = 'berit'") == [("Tre & \"fyra\"",)]
    assert anna.get("/staff/audit/csv").status == 200
    # Once more with the same code: no.
    assert anna.post("/staff/confirm", sent).status == 403


def test_guessed_codes_wait(site, anna):
    tries = [anna.confirm(code=f"fel {n}").status for n in range(5)]
    assert tries == [403, 403, 403, 429, 429]
    # A right one is not looked at meanwhile, and not used up.
    code = anna.recovery.pop()
    assert anna.confirm(code=code).status == 429
    anna.source = new_source()
    assert anna.confirm(code=code).status == 303
    assert site.audit()[-1][:2] == ("anna", "confirmed")


# Anything at all.

NASTY = EVIL + HTML + [
    "a" * 70, "a" * 129, "å" * 600, "a" * 5000, "%s%s%s%n%n", "%x" * 50, "%99999999d", "'; DROP TABLE account; --",
    "' OR '1'='1", "\" OR 1=1 --", "$1", "\\", "\\x00", "%", "%%", "\x01\x02\x7f", "\x1b[2J", "\u202e\u200f\ufeff",
    "\ufffe\uffff", "\U0010ffff", "e" + "\u0301" * 300, "ﬃ" * 50, "İıſK", "0", "-1", "9" * 30, "-9223372036854775808",
    "9223372036854775807", "1e400", "NaN", "2027-02-30", "0000-00-00", "9999-12-31", "1900-01-01", "2027-03-01",
    "berit", "anna", "accounts", "save", "remove", "keep", "2027-1", "code", "password", "post", "../../etc/passwd", "/../..", "\t",
    " ", "true", "null", "{}", "[]", "$(id)", "`id`", "|id", "a,b c", "farsta"]
RAW = ["%", "%0", "%zz", "%00", "%ff", "%c3", "%e2%82", "%ed%a0%80", "%f4%90%80%80", "%c0%af", "%u0041", "+%2", "&",
       "&&", "=", ";", "%0d%0a", "%26x%3d", "\x7f"]
QUERY = ["next", "to", "again", "code", "state", "iss", "error", "from", "who", "event", "text", "below", "lang",
         "wave", "administration", "response"]
FIELDS = {"/staff/sign-in": ["name", "password", "code", "next"],
          "/staff/welcome/{token}": ["new", "again", "step", "code"],
          "/staff/confirm": ["code", "confirm", "confirm-way", "full", "name"],
          "/staff/account/password": ["old", "new", "again"], "/staff/account/recovery": [], "/staff/sign-out": [],
          "/staff/account/session": ["session"], "/import/try": ["wave", "administration", "response", "file"],
          "/import/keep": ["token"], "/import/report": ["token"], "/held": ["administration", "wave", "person", "verdict"],
          "/staff/accounts": ["name", "full", "areas", "administrations", "role-auditor", "role-reader",
                              "role-coordinator"],
          "/staff/accounts/{name}": ["do", "full", "areas", "administrations", "role-auditor", "role-reader",
                                     "role-leader"]}


class Fuzz:
    """Requests with one or more things wrong in them, the same for the same seed."""

    def __init__(self, site, who, seed):
        self.site, self.who, self.random = site, who, random.Random(seed)
        self.csrf = who.csrf()
        self.token = "0" * 32
        self.routes = site.routes()
        self.link = site.add(f"fuzz{seed}").rpartition("/")[2]

    def encoded(self, value):
        """Now and then not as a browser would."""
        return value + self.random.choice(RAW) if value.isascii() and " " not in value and self.random.random() < 0.1 \
            else quote(value, safe=self.random.choice(["", "/", "/<>"]))

    def nasty(self):
        value = self.random.choice(NASTY)
        if self.random.random() < 0.2:
            value += self.random.choice(NASTY)
        if self.random.random() < 0.1:
            value = "".join(chr(self.random.choice([self.random.randrange(1, 128), self.random.randrange(1, 0xd800)]))
                            for _ in range(self.random.randrange(40)))
        return value

    def pairs(self, names, chance):
        return [f"{name}={self.encoded(self.nasty())}" for name in names if self.random.random() < chance]

    def path(self, route):
        word = self.random.choice(["berit", self.link, "2027-1", quote(self.nasty(), safe="") or "x"])
        path = re.sub(r"\{\w+\}", word.replace("\\", r"\\"), route)
        if self.random.random() < 0.4:
            path += "?" + "&".join(self.pairs(QUERY, 0.3))
        return path[:8000]  # what is longer, here and above, may end the connection

    def right(self, name):
        """What gets further than what is nasty does."""
        if name == "token":
            return self.token
        if name == "person":
            file = self.site.state / "farsta.db"
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as db:
                return self.random.choice([person.hex() for person, in db.execute("SELECT person FROM contact")] or [""])
        return {"wave": "2027-1", "administration": "farsta", "verdict": self.random.choice(["keep", "remove"])}.get(name)

    def file(self):
        """One that could be taken in, with some of it wrong; or a workbook."""
        if self.random.random() < 0.2:
            data = bytearray(self.random.choice(sorted(WORKBOOKS.glob("*.xlsx"))).read_bytes())
        else:
            lines = [line.split(";") for line in PERSONS]
            for _ in range(self.random.randrange(4)):
                cells = self.random.choice(lines)
                cells[self.random.randrange(len(cells))] = self.nasty()
            data = bytearray("\n".join(";".join(cells) for cells in lines).encode("utf-8", "replace"))
        for _ in range(self.random.choice([0, 0, 1, 10])):
            data[self.random.randrange(len(data))] = self.random.randrange(256)
        return bytes(data)

    def parts(self):
        """The body of a form with a file, now and then not as a browser would."""
        fields = {"csrf": self.csrf, "wave": "2027-1", "administration": "farsta", "response": "40"}
        for name in [name for name in fields if self.random.random() < 0.15]:
            fields[name] = self.nasty()
        body = b"".join(b'--limit\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (
            name.encode(), value.encode("utf-8", "replace")) for name, value in fields.items())
        name = self.nasty() if self.random.random() < 0.3 else "fil.csv"
        body += b'--limit\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n' % (
            name.encode("utf-8", "replace")) + self.file() + b"\r\n--limit--\r\n"
        if self.random.random() < 0.1:
            at = self.random.randrange(len(body))
            body = body[:at] + self.random.choice([b"", b"\r\n--limit", b"\0", b"\r\n", b'"']) + body[at + 1:]
        return body

    def body(self, route):
        names = FIELDS[route]
        right = {name: self.right(name) for name in names if self.random.random() < 0.5}
        pairs = [f"{name}={value}" for name, value in right.items() if value]
        pairs += self.pairs([name for name in names if not right.get(name)], 0.8) + self.pairs([self.encoded(self.nasty()) or "x"], 0.1)
        if route == "/staff/sign-in":
            # Hashing takes its time, and is no different for what is fuzzed.
            pairs = [pair for pair in pairs if not pair.startswith("password")] + ["password=" + "x" * 1025]
        if self.random.random() < 0.9:
            pairs.append("csrf=" + (self.csrf if self.random.random() < 0.9 and route != "/staff/sign-out"
                                    else self.encoded(self.nasty())))
        self.random.shuffle(pairs)
        return "&".join(pairs).encode("utf-8", "replace")[:16384]

    def request(self):
        method, route, _ = self.random.choice(self.routes)
        if self.random.random() < 0.2:
            # What takes most to read.
            method, route, _ = self.random.choice([row for row in self.routes if row[1].startswith(("/import", "/held"))]
                                                  or self.routes)
        self.who.source = new_source()
        headers = {}
        if self.random.random() < 0.2:
            name = self.random.choice(["User-Agent", "Accept-Language", "Cookie", "Origin", "Sec-Fetch-Site",
                                       "X-Forwarded-For", "Content-Type", "Referer"])
            value = re.sub(r"[\r\n\0]", "", self.nasty())
            headers[name] = f"{self.site.cookie}={value}".encode() if name == "Cookie" else value.encode()
        body = self.body(route) if method == "POST" else None
        if route == "/import/try" and self.random.random() < 0.8:
            body = self.parts()
            headers.setdefault("Content-Type", "multipart/form-data; boundary=limit")
        path = self.path(route)
        if len(path) + sum(map(len, headers.values())) > 4000:
            # Where headers leave no room for the reply's own, the connection ends.
            headers = {name: value for name, value in headers.items() if name == "Content-Type" and len(value) < 100}
        page = self.who.request(method, path, body, **headers)
        token = re.search(rb'name="token" value="([0-9a-f]{32})"', page.data)
        self.token = token[1].decode() if token else self.token
        return page, (method, path, body, headers)


def test_fuzz(site, anna):
    """Every field and argument: no fault of the server, no markup, no way out, nothing forged."""
    fuzz = Fuzz(site, anna, 2027)
    end = time.monotonic() + (120 if LONG else 5)
    seen, reached = {}, set()
    for n in range(100_000 if LONG else 2000):
        cookies = dict(anna.cookies)
        page, sent = fuzz.request()
        anna.cookies = cookies
        seen[page.status] = seen.get(page.status, 0) + 1
        reached.add((sent[0], sent[1].partition("?")[0], page.status))
        assert page.status < 500, sent
        assert not page.headers.get("X-Evil") and "__Host-evil" not in page.cookies, sent
        if page.location:
            assert re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", page.location), sent
        if page.headers.get("Content-Type", "").startswith("text/html"):
            assert not MARKUP.search(page.data), sent
            page.data.decode()
        if time.monotonic() > end and n > 200:
            break
    assert {200, 303, 400, 403, 404, 422} <= set(seen), seen
    for path in file_routes(site) if LONG else []:
        assert {("POST", path, status) for status in (200, 400, 422)} <= reached
        assert {("POST", "/import/keep", 200), ("POST", "/import/report", 200), ("POST", "/held", 303)} <= reached
    assert anna.is_in
    assert not MARKUP.search(anna.get("/staff/audit").data)
    site.check()
    for line in site.log.read_text().splitlines():
        assert line.startswith(f"{site.program}: "), line
