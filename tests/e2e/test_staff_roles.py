"""Who may open what: every route of both daemons with every role, with none, and with all but the right ones; what a
limited account sees; and that no account reaches both sides."""
import contextlib
import csv
import html
import io
import itertools
import json
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway import person_csv, phone
from person import Browser, Staff
from staff_site import DAEMONS, ROLES, check_chain, site
from survey import AREAS, THANKS, Client, answers_number, table, value_set

WAVE = "2027-1"


class Row(NamedTuple):
    """A route, as whoever decides about the work would write it down; not taken from the program."""
    method: str
    path: str
    who: str         # as `staff routes` says it
    status: int      # for those whom it lets in
    fields: dict = {}
    at: str = None   # a path that it matches
    unchanged: bool = False  # also for who must change the password first
    file: bytes = None       # brought along

    @property
    def address(self):
        return self.at or self.path

    @property
    def roles(self):
        return set(self.who.split()) - {"fresh"}

    @property
    def fresh(self):
        return self.who.endswith(" fresh")

    def opens_for(self, roles):
        return bool(self.roles & ({"anyone", "everyone"} | set(roles)))


COMMON = [
    Row("GET", "/", "everyone", 200),
    Row("GET", "/staff/staff.css", "anyone", 200),
    Row("GET", "/staff/language", "anyone", 303),
    Row("GET", "/staff/sign-in", "anyone", 303),
    Row("POST", "/staff/sign-in", "anyone", 403, {"name": "ingen", "password": "x", "code": "000000"}),
    Row("GET", "/staff/oidc/out", "anyone", 303),
    Row("GET", "/staff/oidc/back", "anyone", 303),
    Row("GET", "/staff/welcome/{token}", "anyone", 410, at="/staff/welcome/finns-inte"),
    Row("POST", "/staff/welcome/{token}", "anyone", 410, at="/staff/welcome/finns-inte"),
    Row("POST", "/staff/sign-out", "everyone", 303, unchanged=True),
    Row("GET", "/staff/confirm", "everyone", 200),
    Row("POST", "/staff/confirm", "everyone", 403, {"code": "fel", "confirm": "/"}),
    Row("GET", "/staff/account", "everyone", 200),
    Row("GET", "/staff/account/password", "everyone", 200, unchanged=True),
    Row("POST", "/staff/account/password", "everyone", 422, unchanged=True),
    Row("POST", "/staff/account/recovery", "everyone fresh", 200),
    Row("POST", "/staff/account/session", "everyone", 303, {"session": "ingen"}),
    Row("GET", "/staff/accounts", "accounts", 200),
    Row("POST", "/staff/accounts", "accounts fresh", 422, {"name": "Å"}),
    Row("GET", "/staff/accounts/{name}", "accounts", 200, at="/staff/accounts/auditor"),
    Row("POST", "/staff/accounts/{name}", "accounts fresh", 422, {"do": "inget"}, at="/staff/accounts/auditor"),
    Row("GET", "/staff/audit", "auditor", 200),
    Row("GET", "/staff/audit/whole", "auditor", 200),
    Row("GET", "/staff/audit/csv", "auditor fresh", 200),
    Row("GET", "/staff/routes", "accounts auditor", 200),
]
TABLE = {
    "survey-server": COMMON + [
        Row("GET", "/staff/waves", "waves reader publisher", 200),
        Row("GET", "/staff/report/{wave}", "reader publisher", 200, at=f"/staff/report/{WAVE}"),
        Row("GET", "/staff/report/{wave}/csv", "reader publisher fresh", 200, at=f"/staff/report/{WAVE}/csv"),
        Row("GET", "/staff/report/{wave}/json", "reader publisher fresh", 200, at=f"/staff/report/{WAVE}/json"),
    ],
    "sms-gateway": COMMON + [
        Row("GET", "/import", "coordinator", 200),
        Row("POST", "/import/try", "coordinator", 422, {"wave": WAVE, "administration": "farsta"}),
        Row("POST", "/import/keep", "coordinator", 410, {"token": "0" * 32}),
        Row("POST", "/import/report", "coordinator", 410, {"token": "0" * 32}),
        Row("GET", "/groups", "coordinator leader", 200, at=f"/groups?wave={WAVE}"),
        Row("GET", "/held", "coordinator", 200, at=f"/held?administration=farsta&wave={WAVE}"),
        Row("POST", "/held", "coordinator", 303, {"administration": "farsta", "wave": WAVE}),
        Row("GET", "/messages", "coordinator leader", 200),
        Row("GET", "/outbox", "leader", 200),
    ],
}
# What a refused form would have done, had it not been refused.
HARM = {
    "/staff/accounts": {"name": "inkrakt", "role-accounts": "yes"},
    "/staff/accounts/auditor": {"do": "remove"},
    "/staff/account/password": {"old": "x", "new": "y"},
}
# More than other forms may bring.
LARGE = (person_csv(1) + "\n" * 200_000).encode()


def harmful(s, row):
    if row.path == "/import/try":
        return row._replace(file=LARGE)
    if (row.method, row.path) == ("POST", "/held"):
        person, = s.daemon.query("SELECT person FROM contact WHERE hold = 1")[0]
        return row._replace(fields=row.fields | {"person": person.hex(), "verdict": "remove"})
    return row._replace(fields=HARM.get(row.address, row.fields))


def count_a_wave(s):
    """Three areas with answers enough to be shown; counted, not published."""
    survey = s.daemon
    survey.add_wave(WAVE)
    people = survey.invite(150, WAVE, areas=3)
    with survey.public() as web:
        for n, person in enumerate(people[:120]):
            assert THANKS in web.post(person.path, answers_number(n * 53)).body
    survey.must("wave", "close", "--id", WAVE)
    survey.must("count", "--wave", WAVE)


def import_persons(s):
    """The last two have the same number, so they wait for a decision."""
    for administration, count in [("farsta", 7), ("bromma", 5)]:
        file = person_csv(count).replace(phone(count - 1), phone(count - 2))
        done = s.daemon.bring_in(file, administration=administration)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", name="sites")
def sites_fixture(tmp_path_factory):
    """Both daemons with something to show."""
    with site("survey-server", tmp_path_factory.mktemp("survey")) as first, \
            site("sms-gateway", tmp_path_factory.mktemp("gateway")) as second:
        count_a_wave(first)
        import_persons(second)
        yield {"survey-server": first, "sms-gateway": second}
        for s in (first, second):
            check_chain(s)


@pytest.fixture(scope="module", name="people")
def people_fixture(sites):
    """Per daemon one who is signed in for each role; the accounts bear the role's name."""
    with ThreadPoolExecutor(2) as pool:
        auditors = dict(zip(DAEMONS, pool.map(lambda name: sites[name].person("auditor", "auditor"), DAEMONS)))
    return {name: {role: auditors[name] if role == "auditor" else sites[name].seat(role, role) for role in ROLES[name]}
            for name in DAEMONS}


@pytest.fixture(params=DAEMONS, name="s")
def s_fixture(request, sites):
    return sites[request.param]


each_role = pytest.mark.parametrize("name, role", [(name, role) for name in DAEMONS for role in ROLES[name]])


def ask(who, row, method=None):
    if row.file:
        return who.upload(row.address, row.fields, ("fil.csv", row.file))
    if row.method == "POST":
        return who.post(row.address, row.fields)
    return who.request(method or row.method, row.address)


def assert_refused(s, who, name, row, method=None):
    """403, in the log with who it was, and nothing else has changed."""
    before, lines = s.dump(), len(s.lines())
    reply = ask(who, harmful(s, row), method)
    assert reply.status == 403, (row, reply.status)
    if method != "HEAD":
        assert "Du har inte behörighet" in reply.text
        assert "Bekräfta att det är du" not in reply.text
    assert s.events(lines) == [(name, "refused", f"{method or row.method} {row.address.partition('?')[0]}")]
    assert s.dump() == before


def assert_sent_to_sign_in(s, reply, row):
    where = urlsplit(reply.location or "")
    assert (reply.status, where.path) == (303, "/staff/sign-in"), (row, reply.status, reply.location)
    wanted = {"next": [row.address]} if row.method == "GET" and row.address != "/" else {}
    assert parse_qs(where.query) == wanted
    assert reply.data == b""


# Routes.


def test_the_table_is_the_program_s(s):
    """A route that is not in the table above, or is for others than it says, fails here."""
    rows = [line.split("\t") for line in s.must("staff", "routes").splitlines()]
    assert rows == [[r.method, r.path, r.who] for r in TABLE[s.program]]


def test_the_page_about_it_says_the_same(s, people):
    page = people[s.program]["auditor"].get("/staff/routes").text
    shown = re.findall(r'<tr><th scope="row">(GET|POST) ([^<]+)</th><td class="text">([^<]*)</td>', page)
    assert [(method, path) for method, path, _ in shown] == [(r.method, r.path) for r in TABLE[s.program]]
    words = {"anyone": "alla, utan inloggning", "everyone": "alla som är inloggade", "accounts": "kontoadministratör",
             "auditor": "granskare", "waves": "mätomgångsansvarig", "reader": "resultatläsare",
             "publisher": "publicerare", "coordinator": "samordnare", "leader": "ledare"}
    for (_, _, who), row in zip(shown, TABLE[s.program]):
        names, _, fresh = who.partition("; ")
        assert {words[role] for role in row.roles} == (set(names.split(", ")) if row.roles - {"anyone"} else {names})
        assert bool(fresh) == row.fresh


@each_role
def test_with_one_role(sites, people, name, role):
    s, who = sites[name], people[name][role]
    for row in TABLE[name]:
        if not row.opens_for([role]):
            assert_refused(s, who, role, row)
            if row.method == "GET":
                assert_refused(s, who, role, row, "HEAD")
        elif row.path not in ("/staff/sign-in", "/staff/sign-out") or row.method == "GET":
            reply = ask(who, row)
            assert reply.status == row.status, (row, reply.status)
            if row.path == "/staff/account/recovery":
                who.recovery = [html.unescape(c) for c in re.findall(r"<li><code>([^<]+)</code>", reply.text)]
            assert "Du har inte behörighet" not in (reply.text if row.path != "/staff/staff.css" else "")
    # The last thing one does; of a session of its own, since the others need theirs.
    other = s.session(role)
    assert other.get("/").status == 200
    reply = other.post("/staff/sign-out")
    assert (reply.status, reply.location) == (303, "/staff/sign-in")
    assert other.get("/").status == 303 and who.get("/").status == 200


@each_role
def test_the_navigation_leads_nowhere_else(sites, people, name, role):
    """What is shown can be opened, and what can be opened is shown."""
    who = people[name][role]
    shown = set(re.findall(r'<li><a href="(/[^"]*)"', who.get("/").text.partition("</nav>")[0]))
    places = {"/", "/staff/waves", "/import", "/messages", "/outbox", "/staff/accounts", "/staff/audit", "/staff/routes"}
    assert shown == {r.path for r in TABLE[name] if r.path in places and r.method == "GET" and r.opens_for([role])}


def test_with_no_session(s):
    """To the sign-in, with nothing of the page, nothing done and nothing logged."""
    nobody = Browser(s.url)
    before, lines = s.dump(), s.lines()
    for row in TABLE[s.program]:
        if "anyone" not in row.roles:
            assert_sent_to_sign_in(s, ask(nobody, harmful(s, row)), row)
            if row.method == "GET":
                assert_sent_to_sign_in(s, ask(nobody, row, "HEAD"), row)
        elif row.path == "/staff/sign-in" and row.method == "GET":
            assert ask(nobody, row).status == 200
        elif row.path != "/staff/sign-in":
            assert ask(nobody, row).status == row.status, row
    assert s.dump() == before and s.lines() == lines
    row = next(r for r in TABLE[s.program] if (r.method, r.path) == ("POST", "/staff/sign-in"))
    assert ask(nobody, row).status == 403 and nobody.get("/").status == 303
    assert s.dump() == before and s.events(len(lines)) == [("-", "sign-in-refused", "password")]


@pytest.mark.parametrize("broken", ["", "x" * 43, "A" * 43, "A" * 42 + "=", "A" * 4000, "..", "%00"])
def test_with_a_session_that_is_none(s, broken):
    nobody = Browser(s.url)
    for row in TABLE[s.program]:
        if row.method == "GET" and not row.opens_for([]):
            nobody.cookies = {s.cookie: broken}
            assert_sent_to_sign_in(s, nobody.get(row.address), row)


def test_with_all_roles_but_the_right_ones(s, people):
    """Whatever others an account has; and a role that is taken away or given counts from the next request on."""
    who = people[s.program]["accounts"]
    try:
        for roles, rows in itertools.groupby(sorted(TABLE[s.program], key=lambda r: sorted(r.roles)), lambda r: r.roles):
            if roles & {"anyone", "everyone"}:
                continue
            others = [r for r in s.roles if r not in roles]
            limit = ["--administration=farsta"] if "coordinator" in others else []
            s.must("staff", "set", "accounts", "--role", ",".join(others), *limit)
            rows = list(rows)
            for row in rows:
                assert_refused(s, who, "accounts", row)
            for role in roles:
                s.must("staff", "set", "accounts", "--role", role,
                       *(["--administration=farsta"] if role == "coordinator" else limit and ["--administration="]))
                assert all(ask(who, row).status == row.status for row in rows), (role, rows)
                if role == "coordinator":
                    s.must("staff", "set", "accounts", "--role", "leader", "--administration=")
    finally:
        s.must("staff", "set", "accounts", "--role", "accounts",
               *(["--administration="] if s.program == "sms-gateway" else []))


@each_role
def test_with_a_second_factor_of_long_ago(sites, people, name, role):
    """What needs a fresh one asks for it, of those alone who may go on then, and does nothing yet."""
    s, who = sites[name], people[name][role]
    hashed = s.session_hash(who)
    s.write("UPDATE session SET second = second - 1200 WHERE hash = ?", hashed)
    try:
        for row in TABLE[name]:
            if not row.fresh:
                continue
            if not row.opens_for([role]):
                assert_refused(s, who, role, row)
                continue
            before, lines = s.dump(), len(s.lines())
            reply = ask(who, row)
            assert reply.status == 403 and "Bekräfta att det är du" in reply.text, row
            assert f'name="confirm" value="{row.address}"' in reply.text
            assert s.dump() == before and s.events(lines) == []
    finally:
        s.write("UPDATE session SET second = second + 1200 WHERE hash = ?", hashed)


@each_role
def test_while_the_password_must_be_changed(sites, people, name, role):
    s, who = sites[name], people[name][role]
    s.write("UPDATE account SET must_change = 1 WHERE name = ?", role)
    try:
        for row in TABLE[name]:
            if row.path == "/staff/sign-out" or "anyone" in row.roles:
                continue
            if not row.opens_for([role]):
                assert_refused(s, who, role, row)
            elif row.unchanged:
                assert ask(who, row).status == row.status
            else:
                before = s.dump()
                who.get("/staff/account/password")
                reply = ask(who, row)
                assert (reply.status, reply.location) == (303, "/staff/account/password"), row
                assert s.dump() == before
    finally:
        s.write("UPDATE account SET must_change = 0 WHERE name = ?", role)


@pytest.mark.parametrize("change", [
    lambda p: p + "/", lambda p: "/" + p, lambda p: p.replace("/staff", "/staff/."), lambda p: p.upper(),
    lambda p: p.replace("/staff", "/x/../staff"), lambda p: p.replace("a", "%61"), lambda p: p + "%00", lambda p: p + ";x",
    lambda p: p + "%2f..", lambda p: "/staff/staff.css/.." + p])
def test_other_ways_to_write_a_path(s, people, change):
    """Lead nowhere, for those without the role as for those without a session."""
    nobody = Browser(s.url)
    for row in TABLE[s.program]:
        path = change(row.address)
        if row.method == "GET" and not row.opens_for([]) and path != row.address:
            reply = nobody.get(path)
            assert (reply.status, urlsplit(reply.location or "").path) == (303, "/staff/sign-in"), (path, reply.status)
            for role, who in people[s.program].items():
                if not row.opens_for([role]):
                    assert who.get(path).status in (403, 404), (role, path)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"])
def test_other_methods(s, people, method):
    who, nobody = people[s.program]["interviewer" if s.program == "sms-gateway" else "waves"], Browser(s.url)
    before = s.dump()
    for path in {row.address for row in TABLE[s.program]}:
        for visitor in (who, nobody):
            assert visitor.request(method, path).status in (303, 400, 404, 405, 501), (method, path)
    assert s.dump() == before


# How much of it.


class Reader:
    """What one account sees of the result, in each form of it."""

    def __init__(self, who):
        self.page = who.get(f"/staff/report/{WAVE}")
        self.csv = who.get(f"/staff/report/{WAVE}/csv")
        self.json = who.get(f"/staff/report/{WAVE}/json")
        assert [r.status for r in (self.page, self.csv, self.json)] == [200, 200, 200]
        self.document = json.loads(self.json.text)

    def names(self):
        """Whose rows are there: of the page, of the CSV and of the JSON."""
        rows = list(csv.reader(io.StringIO(self.csv.text.lstrip("\ufeff")), delimiter=";"))
        in_page = set(re.findall(r'<tr><th scope="row">([^<]+)</th>', self.page.text)) | set(
            re.findall(r'<tr[^>]*><th scope="row"[^>]*>([^<]+)<', self.page.text))
        known = {code: name for code, name in value_set("area").items()} | {"rest": "Övriga områden"}
        in_json = {known.get(v, v) for t in self.document["tables"] for r in t["rows"] for v in r["key"].values()}
        in_json |= {"Hela staden"} if any(not r["key"] for t in self.document["tables"] for r in t["rows"]) else set()
        return {html.unescape(n) for n in in_page}, {r[0] for r in rows[1:] if r}, in_json


@pytest.fixture(name="reader")
def reader_fixture(sites, people):
    yield people["survey-server"]["reader"]
    sites["survey-server"].must("staff", "set", "reader", "--role", "reader", "--area=", "--administration=")


def test_a_reader_of_some_areas(sites, reader):
    s = sites["survey-server"]
    names = value_set("area")
    shown = AREAS[:3]  # those with answers
    everything = Reader(reader)
    page, table_rows, document = everything.names()
    whole = {names[code] for code in shown}
    assert whole | {"Hela staden"} <= page and whole | {"Hela staden"} <= table_rows and whole <= document
    for areas in [shown[:1], shown[1:3], [AREAS[4]], ["finns-inte"]]:
        s.must("staff", "set", "reader", "--area", ",".join(areas))
        own = Reader(reader)
        page, table_rows, document = own.names()
        mine = {names[a] for a in areas if a in names}
        with_answers = mine & whole
        for found in (page, table_rows, document):
            # A value that nobody was invited under has no row on the page.
            assert with_answers <= found <= mine | {"Hela staden"}, (areas, found)
            assert "Hela staden" in found
        for code, name in names.items():
            for reply in (own.page, own.csv, own.json):
                if code not in areas:
                    assert name not in html.unescape(reply.text) and code not in reply.text
        assert "Övriga områden" not in own.csv.text
        assert {r["key"].get("area") for r in table(own.document, "area")} <= set(areas)
        # What is shown is what everybody else is shown.
        for by in [t["by"] for t in own.document["tables"]]:
            rows = [json.dumps(r) for r in table(everything.document, *by)]
            assert all(json.dumps(r) in rows for r in table(own.document, *by))
        assert own.document["quality"] == everything.document["quality"]
    s.must("staff", "set", "reader", "--role", "reader,publisher,auditor", "--area", shown[0])
    assert names[shown[1]] not in Reader(reader).page.text
    s.must("staff", "set", "reader", "--area=")
    assert Reader(reader).document == everything.document


def test_a_reader_of_some_administrations(sites, reader):
    """No row is of another administration than the account's; and none at all of what is shown only together. A count
    makes no such table today, so one is put into what it stored."""
    s = sites["survey-server"]

    def store(new):
        with contextlib.closing(sqlite3.connect(s.state / "survey.db", timeout=10)) as db, db:
            (old,), = db.execute("SELECT document FROM release")
            db.execute("UPDATE release SET document = ?", (new(old),))
        return old

    def with_administrations(old):
        document = json.loads(old)
        city, = table(document)
        keys = [{"administration": a} for a in ("bromma", "farsta", "rest")] + [
            {"administration": a, "area": AREAS[0]} for a in ("bromma", "farsta")]
        document["tables"] += [{"by": list(keys[i]), "rows": [dict(city, key=k) for k in keys[i:i + 3]]} for i in (0, 3)]
        return json.dumps(document)

    kept = store(with_administrations)
    try:
        def administrations():
            return {r["key"]["administration"] for t in Reader(reader).document["tables"] for r in t["rows"]
                    if "administration" in r["key"]}

        assert administrations() == {"bromma", "farsta", "rest"}
        for limit, wanted in [("farsta", {"farsta"}), ("bromma", {"bromma"}), ("bromma,farsta", {"bromma", "farsta"}),
                              ("finns-inte", set()), ("fars", set())]:
            s.must("staff", "set", "reader", "--administration", limit)
            assert administrations() == wanted, limit
            rows = csv.reader(io.StringIO(Reader(reader).csv.text.lstrip("\ufeff")), delimiter=";")
            assert {r[0] for r in rows} & {"Farsta", "Bromma"} == {a.title() for a in wanted}
        # Both limits at once.
        s.must("staff", "set", "reader", "--administration", "farsta", "--area", AREAS[0])
        keys = [r["key"] for t in Reader(reader).document["tables"] for r in t["rows"]]
        assert {"administration": "farsta", "area": AREAS[0]} in keys
        assert all(k.get("administration", "farsta") == "farsta" and k.get("area", AREAS[0]) == AREAS[0] for k in keys)
    finally:
        store(lambda _: kept)


def test_the_result_is_for_nobody_else_before_it_is_published(sites, people):
    s = sites["survey-server"]
    secret = Reader(people["survey-server"]["reader"])
    assert secret.document["published"] is False
    assert Reader(people["survey-server"]["publisher"]).document == secret.document
    paths = [f"/staff/report/{WAVE}", f"/staff/report/{WAVE}/csv", f"/staff/report/{WAVE}/json"]
    for path in paths:
        for role in ["waves", "accounts", "auditor"]:
            assert people["survey-server"][role].get(path).status == 403
        assert Browser(s.url).get(path).status == 303
    with s.daemon.public() as web, s.daemon.api() as api, Client(s.daemon.host, 8081) as keyless:
        for path in [f"/resultat/{WAVE}", *paths]:
            assert [web.get(path).status, keyless.get(path).status, api.get(path).status] == [404] * 3 or (
                web.get(path).status in (404, 410) and keyless.get(path).status in (401, 404)
                and api.get(path).status == 404), path
    for role in ["reader", "publisher"]:
        start = len(s.lines())
        for path, event, what in zip(paths, ["viewed", "exported", "exported"], ["", " csv", " json"]):
            assert people["survey-server"][role].get(path).status == 200
            assert s.events(start)[-1] == (role, event, f"wave {WAVE} result{what}")
    for path in [f"{p}x" for p in paths[1:]] + ["/staff/report/finns-inte", "/staff/report/2027-1%00"]:
        assert people["survey-server"]["reader"].get(path).status == 404


def test_no_result_before_the_count(sites, people):
    s = sites["survey-server"]
    s.daemon.add_wave("oraknad")
    for path in ["/staff/report/oraknad", "/staff/report/oraknad/csv", "/staff/report/oraknad/json"]:
        for role in ["reader", "publisher"]:
            start = len(s.lines())
            assert people["survey-server"][role].get(path).status == 404
            assert s.events(start) == []


def seen_messages(who):
    """{administration: persons} of the page."""
    text = who.get("/messages").text
    return {name: int(count) for name, count in
            re.findall(r'<tr><th scope="row">([^<]+?)(?:<br>[^<]*)?</th><td>(\d+)</td>', text)}


def assert_only_those(who, scope, imported):
    """The administrations that files can be for, and whose persons can be seen and decided about."""
    offered = set(re.findall(r'<option value="([^"]*)"', who.get("/import").text)) - {WAVE}
    assert offered == set(scope)
    for code in ["farsta", "bromma", "sodermalm"]:
        form = {"wave": WAVE, "administration": code}
        tried = who.upload("/import/try", form, ("fil.csv", person_csv(2).encode()))
        assert tried.status == (200 if code in scope else 422) and ("/import/keep" in tried.text) == (code in scope)
        seen = who.get(f"/held?administration={code}&wave={WAVE}")
        assert seen.status == (200 if code in imported else 404) and ("Testsson" in seen.text) == (code in imported)
        assert who.post("/held", form).status == (303 if code in imported else 404)
        assert (f"administration={code}" in who.get("/").text) == (code in imported)


def test_a_coordinator_of_some_administrations(sites, people):
    s, everyone = sites["sms-gateway"], people["sms-gateway"]
    who = everyone["coordinator"]
    try:
        for scope, wanted in [("farsta", {"Farsta": 7}), ("bromma", {"Bromma": 5}), ("sodermalm", {}),
                              ("bromma,farsta", {"Bromma": 5, "Farsta": 7})]:
            s.must("staff", "set", "coordinator", "--administration", scope)
            assert seen_messages(who) == wanted
            assert_only_those(who, scope.split(","), set(map(str.lower, wanted)))
            for page in (who.get("/"), who.get("/messages")):
                for code, name in [("farsta", "Farsta"), ("bromma", "Bromma")]:
                    assert name in wanted or (name not in page.text and f'"{code}"' not in page.text)
        # Without a limit there is no coordinator.
        assert "named administrations" in s.refused("staff", "set", "coordinator", "--administration=", status=2)
        assert seen_messages(everyone["leader"]) == {"Bromma": 5, "Farsta": 7}
    finally:
        s.must("staff", "set", "coordinator", "--administration", "farsta")


# No account reaches both sides.


@pytest.mark.parametrize("here, there", [DAEMONS, DAEMONS[::-1]])
def test_nothing_of_one_side_opens_the_other(sites, people, here, there):
    """The same name and password are on both sides; what an account of one has is worth nothing at the other."""
    mine, other = sites[here], sites[there]
    who = people[here]["auditor"]
    before = other.dump()
    # The session, under whichever name; and with it the proof of a form.
    for name in (mine.cookie, other.cookie):
        thief = Browser(other.url)
        thief.cookies[name] = who.cookies[mine.cookie]
        assert thief.get("/").status == 303 and thief.get("/staff/audit").status == 303
    who.get("/")
    thief = Browser(other.url)
    thief.cookies = dict(people[there]["auditor"].cookies)
    assert thief.post("/staff/account/session", {"csrf": who.csrf(), "session": "x"}).status == 403
    # Name, password, code; and the recovery code.
    for code, kind in [(who.code(), "code"), (who.recovery[-1], "code")]:
        thief = Staff(other.url, "auditor", source="127.0.0.9")
        reply = thief.post("/staff/sign-in", {"name": "auditor", "password": who.password, "code": code})
        assert reply.status == 403 and not set(reply.cookies) & {mine.cookie, other.cookie}
        assert other.events()[-1] == ("auditor", "sign-in-refused", kind)
    # The invitation.
    link = urlsplit(mine.link(f"ny-{there}", "auditor")).path
    assert Browser(mine.url).get(link).status == 200
    thief = Browser(other.url)
    assert thief.get(link).status == 410
    assert thief.post(link, {"step": "password", "new": "sju sjösjuka sjömän", "again": "sju sjösjuka sjömän"}).status == 410
    assert other.dump() == before
    # The log's key, too, is another.
    assert mine.audit_key != other.audit_key


def test_both_in_one_browser(sites, people):
    """Cookies know nothing of ports: on one host each side must leave the other's alone."""
    jars = [dict(people[name]["auditor"].cookies) for name in DAEMONS]
    assert not set(jars[0]) & set(jars[1])
    assert all(re.fullmatch(r"__Host-(enkat|sms)(-[a-z]+)?", name) for jar in jars for name in jar)
    for name in DAEMONS:
        both = sites[name].session("auditor")
        own = both.cookies
        both.cookies = {**jars[0], **jars[1], **own}
        assert both.get("/").status == 200
        reply = both.post("/staff/sign-out")
        assert reply.status == 303 and set(reply.cookies) == {sites[name].cookie}
    assert all(people[name]["auditor"].get("/").status == 200 for name in DAEMONS)


# Last, since it can't be taken back.


def test_published_for_everyone(sites, people):
    s = sites["survey-server"]
    s.must("publish", "--wave", WAVE)
    with s.daemon.public() as web:
        assert web.get(f"/resultat/{WAVE}").status == 200
    assert people["survey-server"]["waves"].get(f"/staff/report/{WAVE}").status == 403
    assert Browser(s.url).get(f"/staff/report/{WAVE}").status == 303
