"""The coordinator's pages: a file is tried, looked at and taken in; and those who wait are decided about."""
import html
import io
import os
import re
import resource
import threading
from pathlib import Path
from urllib.parse import quote

import openpyxl
import pytest

from fake_survey import FakeSurvey, wave
from gateway import left_out_lines, person_csv, phone
from person import Browser
from staff import FAKETIME
from staff_site import Site, check_chain, site
from survey import wait_until

DATA = Path(__file__).resolve().parents[1] / "data"
WAVE = "2027-1"
TITLE = f"Brukarenkät våren 2027 ({WAVE})"
FORM = {"wave": WAVE, "administration": "farsta", "response": "40"}
LIMIT = 32 * 1024 * 1024
HEADER = "person_id;telefon;namn;enhet;språk;verksamhetsområde;ålder;skyddad;sms_tillåtet\n"
CSV = "fil.csv"


def row(person="T-1", number=1, area="ekonomiskt-bistand", age="", secret="nej", sms="ja", name="Påhittad Testsson"):
    number = phone(number) if isinstance(number, int) else number
    return f"{person};{number};{name};Enhet Ett;sv;{area};{age};{secret};{sms}\n"


# Some of everything that a file can have, with two who have the same number.
MIXED = HEADER + "".join(row(f"T-{n}", n) for n in range(20)) + row("T-30", 30) + row("T-31", 30) \
    + row("T-40", "08-465 004 04") + row("T-41", "+358401234567") + row("T-42", "") + row("T-43", 43, sms="nej") \
    + row("T-44", 44, secret="ja") + row("T-45", 45, area="finns inte") + row("T-46", 46, age="12") \
    + row("T-47", 47, age="tolv") + row("T-1", 1) + "för;få\n"


@pytest.fixture(name="s")
def s_fixture(tmp_path):
    """A gateway that serves, and Karin, who coordinates Farsta."""
    with site("sms-gateway", tmp_path) as s:
        s.karin = s.seat("karin", "coordinator")
        yield s
        if s.process:
            check_chain(s)
    assert not s.fake.faults


def offer(who, content, name=CSV, **fields):
    """Uploads the file, to be tried."""
    return who.upload("/import/try", FORM | fields, (name, content if isinstance(content, bytes) else content.encode()))


def tried(who, content, **more):
    page = offer(who, content, **more)
    assert page.status == 200 and "<h1>Provad, inte sparad</h1>" in page.text, page.text
    return page


def token_of(page):
    found = set(re.findall(r'name="token" value="([0-9a-f]{32})"', page.text))
    assert len(found) == 1
    return found.pop()


def press(who, token, what="keep"):
    return who.post(f"/import/{what}", {"token": token})


def kept(who, content, **more):
    page = press(who, token_of(tried(who, content, **more)))
    assert page.status == 200 and "<h1>Inläst</h1>" in page.text, page.text
    return page


def assert_gone(page):
    assert page.status == 410 and "Filen finns inte kvar" in page.text


def everything(s):
    """What lies in the files that an import could touch."""
    return s.dump() | {f: f.read_bytes() for folder in (s.state, s.keys) for f in folder.rglob("*")
                       if f.is_file() and not f.name.endswith((".db", ".db-wal", ".db-shm", "-registering"))}


# What the page says, and what the command says.


def plain(text):
    return html.unescape(re.sub(r"<[^>]*>", "", text)).strip()


def tables(page):
    """By their label, the rows of each as lists of texts."""
    found = {}
    for label, body in re.findall(r'role="group" tabindex="0" aria-label="([^"]*)".*?<tbody>(.*?)</tbody>', page.text, re.DOTALL):
        found[html.unescape(label)] = [[plain(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", r, re.DOTALL)]
                                       for r in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]
    return found


def number(text):
    return int(text.replace("\xa0", ""))


def figures(page):
    return {words.lstrip("– "): number(n) for words, n in tables(page)["Antal"]}


def groups_of(page):
    """(persons, answers, fate, name) of every row, as the page shows them."""
    part = page.text.partition('id="groups"')[2]
    rows = re.findall(r'<tr><th scope="row" lang="sv">(.*?)</th><td>(.*?)</td><td>(.*?)</td>'
                      r'<td class="text" lang="sv">(.*?)</td></tr>', part)
    return [(number(persons), number(answers), plain(fate), plain(name)) for name, persons, answers, fate in rows]


FATES = "visas aldrig|visas i korthet|visas helt|slås ihop|ingen"


class Said:
    """What the command printed."""

    def __init__(self, text):
        self.text = text
        self.lines = left_out_lines(text)
        part = text.partition("Tas med, men\n")[2].partition("\n\n")[0]
        self.marks = {m[2]: int(m[1]) for m in re.finditer(r"^ *(\d+)  (.+)$", part, re.MULTILINE)}
        self.groups = []
        for part in text.partition("Små grupper i resultatet")[2].split("\n\n"):
            rows = [(int(m[1]), int(m[2]), m[3], m[4]) for m in
                    re.finditer(rf"^ *(\d+) +(\d+)  ({FATES}) +(.+)$", part, re.MULTILINE)]
            # The page leaves out those of nobody.
            self.groups += rows if any(persons for persons, *_ in rows) else []

    def number(self, pattern):
        found = re.search(pattern, self.text, re.MULTILINE)
        return int(found[1]) if found else None


FIGURES = {"Rader": r"^ *(\d+) rader i filen$", "Personer som tas med": r"^ *(\d+) personer tas med$",
           "nås med SMS": r"^ *(\d+) nås med SMS$", "kan bara ringas": r"^ *(\d+) kan bara ringas$",
           "nås bara med brev": r"^ *(\d+) nås bara med brev$",
           "Personer som lämnas utanför": r"^ *(\d+) personer lämnas utanför$",
           "Väntar på ditt beslut": r"^Obs: (\d+) personer väntar på samordnarens beslut",
           "Får inget mer": r"^Obs: (\d+) personer får inget mer", "Nya mot förra filen": r"^Mot förra filen: (\d+) nya",
           "Ändrade": r"(\d+) ändrade,", "Oförändrade": r"(\d+) oförändrade,", "Saknas nu": r"(\d+) saknas nu\.$"}


def assert_same(page, said):
    """The same figures, reasons, lines, marks, notes and groups."""
    assert figures(page) == {words: n for words, n in ((w, said.number(p)) for w, p in FIGURES.items()) if n is not None}
    by_reason = {}
    for line, words in said.lines.items():
        by_reason.setdefault(words, []).append(str(line))
    shown = {words: (number(n), lines) for words, n, lines in tables(page).get("Orsaker", [])}
    assert shown == {words: (len(lines), ", ".join(lines[:12]) + (" …" if len(lines) > 12 else ""))
                     for words, lines in by_reason.items()}
    assert {words: number(n) for words, n, _ in tables(page).get("Bra att veta", [])} == said.marks
    for note, words in [("Obs: filen saknar", "Filen saknar"), ("Kolumner som inte läses", "Kolumner som inte läses"),
                        ("Obs: utskicket har börjat", "Utskicket har börjat"),
                        ("Inget är ändrat", "Filen ändrar ingenting")]:
        assert (note in said.text) == (words in page.text), note
    assert groups_of(page) == said.groups
    assert html.unescape(plain(page.text)).count(said.text.partition(": ")[2].splitlines()[0].replace(
        "Provkörning, inget sparas. ", "")) == 1


def dry_run(s, content, *more):
    done = s.daemon.bring_in(content, "--dry-run", *more)
    assert done.returncode in (0, 1), done.stderr
    return Said(done.stdout)


def workbook(content):
    book, data = openpyxl.Workbook(), io.BytesIO()
    for line in content.splitlines():
        book.active.append(line.split(";"))
    book.save(data)
    return data.getvalue()


FARSTA = (DATA / "city" / "farsta.csv").read_bytes()
FILES = {"a city": FARSTA, "mixed": MIXED.encode(), "windows": MIXED.replace("\n", "\r\n").encode("cp1252"),
         "nobody": (HEADER + row(secret="ja")).encode(), "a workbook": workbook(MIXED),
         "many of a kind": (HEADER + "".join(row(f"T-{n}", 1, area="x") for n in range(30))).encode()}


@pytest.mark.parametrize("name", FILES)
def test_a_trial_says_what_the_command_says_and_keeps_nothing(s, name):
    before, lines = everything(s), len(s.lines())
    page = tried(s.karin, FILES[name])
    assert everything(s) == before and s.events(lines) == []
    assert_same(page, dry_run(s, FILES[name]))
    assert ("/import/keep" in page.text) == (figures(page)["Personer som tas med"] > 0) == bool(groups_of(page))
    assert not s.fake.puts


def test_a_trial_after_an_import(s):
    # Whose area is drawn is settled by a key that is there after the first import.
    several = MIXED + row("T-2", 2, area="aldreomsorg")
    s.daemon.bring_in(several)
    changed = several.replace("T-3;", "T-300;").replace(phone(4), phone(500)) + row("T-60", 60)
    before = everything(s)
    for content in [several, changed, HEADER + row("T-44", 44, secret="ja")]:
        assert_same(tried(s.karin, content), dry_run(s, content))
    assert everything(s) == before
    assert "om 7 %" in plain(tried(s.karin, several, response="7").text)
    assert groups_of(s.karin.page) == dry_run(s, several, "--response", "7").groups


def test_a_trial_after_the_sending_began(s):
    assert s.daemon.bring_in(MIXED).returncode == 0
    done = s.daemon.send()
    assert done.returncode == 0, done.stderr
    wait_until(lambda: s.daemon.states().get("sent", 0) > 15)
    later = MIXED.replace(f"T-5;{phone(5)};Påhittad Testsson;Enhet Ett;sv;ekonomiskt-bistand;;nej;ja",
                          f"T-5;{phone(5)};Påhittad Testsson;Enhet Ett;sv;ekonomiskt-bistand;;ja;ja") + row("T-70", 70)
    page = tried(s.karin, later)
    said = dry_run(s, later)
    assert_same(page, said)
    assert figures(page)["Får inget mer"] == 1 and "Utskicket har börjat" in page.text
    page = kept(s.karin, later)
    assert figures(page)["Får inget mer"] == 1
    assert s.daemon.query("SELECT count(*) FROM contact WHERE hold = 3") == [(1,)]
    assert "Inget är ändrat" in s.daemon.bring_in(later).stdout


def test_groups_are_those_of_the_command(s):
    for content in [None, MIXED]:
        if content:
            s.daemon.bring_in(content)
        said = Said(s.must("groups", "--wave", WAVE))
        assert groups_of(s.karin.get(f"/groups?wave={WAVE}")) == said.groups
        assert s.karin.page.status == 200 and "om 40 %" in s.karin.page.text
    said = Said(s.must("groups", "--wave", WAVE, "--response", "90"))
    assert groups_of(s.karin.get(f"/groups?wave={WAVE}&response=90")) == said.groups
    for wrong in ["0", "101", "-1", "x", ""]:
        assert "om 40 %" in s.karin.get(f"/groups?wave={WAVE}&response={wrong}").text
    for missing in ["/groups", "/groups?wave=", "/groups?wave=2030-1", "/groups?wave=%00", "/groups?wave=" + "x" * 200]:
        assert s.karin.get(missing).status == 404
    assert f'href="/groups?wave={WAVE}"' in s.karin.get("/messages").text


# Go.


def stored(s, administration="farsta"):
    """All that is kept of a frame, but for what is new with every key."""
    return {what: sorted(s.daemon.query(f"SELECT {what}", administration), key=repr) for what in [
        "wave, title, name, persons, held FROM wave", "language, channels, hold, phone IS NULL, length(details) FROM contact",
        "* FROM left_out", "* FROM cell", "count(*), count(DISTINCT person), count(DISTINCT content) FROM contact",
        "count(*) FROM decision", "count(*) FROM batch"]}


def test_go_keeps_what_the_command_keeps(s, tmp_path):
    first = tried(s.karin, FARSTA)
    lines = len(s.lines())
    page = press(s.karin, token_of(first))
    assert page.status == 200 and tables(page) == {**tables(first), **tables(page)}
    assert s.events(lines) == [("karin", "changed", f"import farsta wave {WAVE}")]
    (tmp_path / "other").mkdir()
    other = Site("sms-gateway", tmp_path / "other")
    try:
        done = other.daemon.bring_in(FARSTA)
        assert done.returncode == 0 and stored(other) == stored(s)
    finally:
        other.close()
    # And to the letter: what the file says of each is found to be what is there.
    assert "Inget är ändrat" in s.daemon.bring_in(FARSTA).stdout
    page = tried(s.karin, FARSTA)
    assert "Filen ändrar ingenting" in page.text and "/import/keep" not in page.text


def test_which_file_and_whose_is_said(s):
    name = 'Åsas "fil" <b>&amp;.csv'
    for page in [tried(s.karin, MIXED, name=name), press(s.karin, token_of(s.karin.page))]:
        assert plain(re.search(r"<p><strong>.*?</p>", page.text, re.DOTALL)[0]) == f"{name}Farsta, {TITLE}".replace(
            '"', "%22")
        assert "<b>" not in page.text


def test_the_report_is_the_command_s(s, tmp_path):
    token = token_of(tried(s.karin, MIXED))
    report = tmp_path / "report.csv"
    dry_run(s, MIXED, "--report", str(report))
    before, lines = s.dump(), len(s.lines())
    for _ in range(2):
        page = press(s.karin, token, "report")
        assert page.status == 200 and page.data == report.read_bytes()
        assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert page.headers["Content-Disposition"] == 'attachment; filename="inlasning.csv"'
    assert s.events(lines) == [("karin", "exported", f"import report farsta wave {WAVE}")] * 2
    assert s.dump() == before
    # The page that the report was asked for from is still there, and so is its button.
    assert press(s.karin, token).status == 200
    assert_gone(press(s.karin, token, "report"))


# The token.


def test_the_token_is_good_once(s):
    token = token_of(tried(s.karin, MIXED))
    assert press(s.karin, token).status == 200
    before, lines = everything(s), len(s.lines())
    assert_gone(press(s.karin, token))
    assert_gone(press(s.karin, token, "report"))
    assert everything(s) == before and s.events(lines) == []


@pytest.mark.parametrize("change", [
    lambda t: "", lambda t: t[:-1], lambda t: t + "0", lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"),
    lambda t: t.upper() if t.upper() != t else "x", lambda t: "0" * 32, lambda t: "å" * 16, lambda t: t + "\n"])
def test_a_token_that_is_none(s, change):
    token = token_of(tried(s.karin, MIXED))
    for what in ["keep", "report"]:
        assert_gone(press(s.karin, change(token), what))
    assert not s.daemon.query("SELECT 1 FROM contact") and press(s.karin, token).status == 200


def test_the_token_is_its_account_s(s):
    other = s.seat("lars", "coordinator")
    token = token_of(tried(s.karin, MIXED))
    assert_gone(press(other, token))
    assert_gone(press(other, token, "report"))
    assert not s.daemon.query("SELECT 1 FROM contact")
    # Whoever tried it has lost nothing; another browser of the same account has it too.
    assert press(s.session("karin"), token).status == 200


def test_a_token_of_an_administration_that_is_no_longer_the_account_s(s):
    token = token_of(tried(s.karin, MIXED))
    s.must("staff", "set", "karin", "--administration", "bromma")
    assert_gone(press(s.karin, token))
    assert_gone(press(s.karin, token, "report"))
    assert not s.daemon.query("SELECT 1 FROM contact")


def test_a_newer_file_takes_the_older_one_s_place(s):
    first = token_of(tried(s.karin, MIXED))
    second = token_of(tried(s.karin, HEADER + row("T-9", 9)))
    assert first != second
    assert_gone(press(s.karin, first))
    assert figures(press(s.karin, second))["Rader"] == 1


def test_a_file_that_can_not_be_read_leaves_the_last_one(s):
    token = token_of(tried(s.karin, MIXED))
    assert offer(s.karin, b"\0\1\2").status == 422
    assert press(s.karin, token).status == 200


def test_files_of_four_wait(s):
    """The one that has waited longest makes room for a fifth."""
    others = [s.seat(f"anna{n}", "coordinator") for n in range(4)]
    tokens = [token_of(tried(who, MIXED)) for who in [s.karin, *others]]
    assert_gone(press(s.karin, tokens[0], "report"))
    assert [press(who, token, "report").status for who, token in zip(others, tokens[1:])] == [200] * 4


def test_the_file_outlives_the_session(s):
    token = token_of(tried(s.karin, MIXED))
    again = s.session("karin")
    assert s.karin.post("/staff/sign-out").status == 303
    assert s.karin.post("/import/keep", {"token": token, "csrf": None}).status in (303, 403)
    assert not s.daemon.query("SELECT 1 FROM contact")
    assert press(again, token).status == 200


class Hurried(Site):
    """Its monotonic clock too is that of turn()."""

    def environment(self, offset=None):
        return super().environment(offset) | ({"FAKETIME_DONT_FAKE_MONOTONIC": "0"} if offset is None else {})


def test_the_file_is_forgotten_after_a_quarter_of_an_hour(tmp_path):
    assert FAKETIME
    s = Hurried("sms-gateway", tmp_path, moving=True)
    try:
        s.serve()
        karin = s.seat("karin", "coordinator")
        token = token_of(tried(karin, MIXED))
        s.turn(14 * 60)
        assert press(karin, token, "report").status == 200
        s.turn(62)
        assert_gone(press(karin, token))
        s.stop()
    finally:
        s.close()


# What is wrong with the form.


@pytest.mark.parametrize("fields, words", [
    ({"administration": "bromma"}, "Välj mätomgång och förvaltning."), ({"administration": ""}, "Välj mätomgång"),
    ({"administration": None}, "Välj mätomgång"), ({"administration": "../farsta"}, "Välj mätomgång"),
    ({"administration": "FARSTA"}, "Välj mätomgång"), ({"administration": "farsta" + "x" * 100}, "Välj mätomgång"),
    ({"wave": ""}, "Välj mätomgång"), ({"wave": None}, "Välj mätomgång"), ({"wave": "../2027-1"}, "Välj mätomgång"),
    ({"wave": "refusal"}, "Välj mätomgång"), ({"wave": "2030-1"}, "inte öppen"), ({"wave": "2026-1"}, "inte öppen")])
def test_a_wave_or_an_administration_that_is_not_the_account_s(s, fields, words):
    s.fake.waves = [wave(), wave("2026-1", phase="closed")]
    before = everything(s)
    page = offer(s.karin, MIXED, **fields)
    assert page.status == 422 and words in plain(page.text), page.text
    assert '<p class="fault" role="alert"' in page.text or 'role="alert"' in page.text
    assert 'type="file"' in page.text and "token" not in page.text
    assert everything(s) == before


@pytest.mark.parametrize("content, words", [
    (b"", "filen är tom"), (HEADER.encode(), "inga rader"), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "inte en textfil"), (b"namn;alder\n1;2\n", "person_id"),
    ("a;b\n".encode("utf-16"), "UTF-16"), (b"PK\x03\x04xxxx", "xlsx"), *[
        (DATA / "rows" / name, "") for name in [
            "external-entity.xlsx", "laughs.xlsx", "deep.xlsx", "encrypted.xlsx", "path-up.xlsx", "truncated.xlsx",
            "twice.xlsx", "wrong-size.xlsx", "libreoffice.xls", "libreoffice.ods"]]], ids=str)
def test_a_file_that_can_not_be_used(s, content, words):
    if isinstance(content, Path):
        content = content.read_bytes()
    before = everything(s)
    said = s.daemon.bring_in(content)
    assert said.returncode == 1
    page = offer(s.karin, content)
    if page.status == 200:
        # It can be read, and has nobody.
        assert figures(page)["Personer som tas med"] == 0
    else:
        assert page.status == 422 and words in plain(page.text)
        reason = said.stderr.partition("fil.csv: ")[2].splitlines()[0]
        assert reason and f"{CSV}: {reason}" in plain(page.text), (said.stderr, plain(page.text))
        # What was chosen is chosen still.
        assert '<option value="farsta" selected>' in page.text and f'<option value="{WAVE}" selected>' in page.text
    assert "/import/keep" not in page.text
    after = everything(s)
    assert {k: v for k, v in after.items() if k in before} == before and not s.daemon.query("SELECT 1 FROM contact")


def test_no_file(s):
    for fields, file in [(FORM, None), ({"wave": "x"}, None)]:
        page = s.karin.upload("/import/try", fields, file)
        assert page.status == 422 and "Välj en fil." in page.text
    # Nor from a form that is no form for files.
    page = s.karin.post("/import/try", FORM | {"file": MIXED})
    assert page.status == 422 and "Välj en fil." in page.text


def test_forms_that_are_none(s):
    s.karin.get("/import")
    csrf = s.karin.csrf()
    before = everything(s)
    assert offer(s.karin, MIXED, csrf=None).status == 403
    assert offer(s.karin, MIXED, csrf=csrf[:-1] + "x").status == 403
    for wrong in [{"Origin": "https://evil.example"}, {"Origin": None}, {"Sec-Fetch-Site": "cross-site"}]:
        assert s.karin.upload("/import/try", FORM, (CSV, MIXED.encode()), **wrong).status == 403
    assert s.karin.upload("/import/try", FORM, (CSV, MIXED.encode()),
                          **{"Content-Type": "multipart/form-data; boundary=other"}).status == 400
    assert s.karin.upload("/held", FORM, (CSV, MIXED.encode())).status == 400
    nobody = Browser(s.url)
    assert nobody.upload("/import/try", FORM, (CSV, MIXED.encode())).status == 303
    assert nobody.upload("/import/try", FORM, (CSV, b"x" * 1_000_000)).status == 303
    assert {k: v for k, v in everything(s).items() if not str(k).endswith(("audit.log", "audit.head"))} == {
        k: v for k, v in before.items() if not str(k).endswith(("audit.log", "audit.head"))}


def test_32_mib_and_no_more(s):
    """Of the form as a whole; whoever looks after the server reads what is larger."""
    count = LIMIT // 1100
    rows = "person_id;telefon;verksamhetsområde;skyddad;annat\n".encode() + b"".join(
        b"T-%06d;070174%04d;ekonomiskt-bistand;nej;%01000d\n" % (n, n % 1000, n) for n in range(count))
    assert LIMIT - 2_000_000 < len(rows) < LIMIT - 2000
    page = offer(s.karin, rows.ljust(LIMIT - 2000, b"\n"))
    assert page.status == 200 and figures(page)["Rader"] == count
    token = token_of(page)
    page = offer(s.karin, rows.ljust(LIMIT, b"\n"))
    assert page.status == 413 and "högst 32 MiB" in page.text and "kommandoraden" in page.text
    # The last one is still there, whole.
    assert press(s.karin, token, "report").data.count(b"\n") == count + 1


# Waiting for a decision.


def held(who, administration="farsta", number_of=WAVE):
    return who.get(f"/held?administration={administration}&wave={number_of}")


def waiting(page):
    """By name: telephone, unit, reason, and what the form of each button says."""
    found = {}
    for part in re.findall(r"<li><div>(.*?)</li>", page.text, re.DOTALL):
        cells = [plain(c) for c in part.partition("</div>")[0].split("<br>")]
        forms = [dict(re.findall(r'name="(?!csrf)(\w+)" value="([^"]*)"', f)) for f in part.split("<form")[1:]]
        found[cells[0]] = (*cells[1:4], {f["verdict"]: f for f in forms})
    return found


SHARED = HEADER + row("T-1", 1, name="Ett Testsson") + row("T-2", 2, name="Två Testsson") \
    + row("T-3", 2, name="Tre <b>Testsson") + row("T-4", 4, name="Fyra Testsson")


def test_who_waits_and_what_is_decided(s):
    page = kept(s.karin, SHARED)
    assert figures(page)["Väntar på ditt beslut"] == 2
    place = f"/held?administration=farsta&amp;wave={WAVE}"
    assert f'<a href="{place}">Besluta om dem som väntar</a>' in page.text
    start = s.karin.get("/").text
    assert f"2 personer från Farsta i {WAVE} väntar på beslut." in start and place in start.replace("&amp;", "&amp;")
    lines = len(s.lines())
    page = held(s.karin)
    found = waiting(page)
    assert page.status == 200 and set(found) == {"Två Testsson", "Tre <b>Testsson"} and "<b>" not in page.text
    assert found["Två Testsson"][:3] == ("+46701740002", "Enhet Ett", "samma telefonnummer som en annan person")
    assert s.events(lines) == [("karin", "viewed", f"held farsta wave {WAVE} persons 2")]
    page = s.karin.post("/held", found["Två Testsson"][3]["keep"])
    assert (page.status, page.location) == (303, f"/held?administration=farsta&wave={WAVE}")
    assert set(waiting(s.karin.get(page.location))) == {"Tre <b>Testsson"}
    assert f"1 person från Farsta i {WAVE} väntar på beslut." in s.karin.get("/").text
    s.karin.post("/held", found["Tre <b>Testsson"][3]["remove"])
    assert "Ingen väntar." in held(s.karin).text and "väntar på beslut" not in s.karin.get("/").text
    what = [what for _, event, what in s.events(lines) if event == "changed"]
    assert [re.sub(r"\d+$", "N", w) for w in what] == [f"contacts keep farsta {WAVE}/N", f"contacts remove farsta {WAVE}/N"]
    assert s.daemon.query("SELECT hold, count(*) FROM contact GROUP BY hold") == [(0, 3), (3, 1)]
    # It holds for the next file, and is what the command would have made of it.
    assert "Inget är ändrat" in s.daemon.bring_in(SHARED).stdout
    changed = SHARED + row("T-5", 5)
    assert "Väntar på ditt beslut" not in figures(kept(s.karin, changed))


def test_who_is_missing_from_a_newer_file_waits(s):
    kept(s.karin, SHARED)
    page = kept(s.karin, SHARED.replace(f"T-4;{phone(4)}", f"T-40;{phone(40)}"))
    assert figures(page)["Saknas nu"] == 1 and figures(page)["Väntar på ditt beslut"] == 3
    assert waiting(held(s.karin))["Fyra Testsson"][2] == "finns inte i den senaste filen"


def test_a_page_of_before_the_last_file_decides_about_the_same_person(s):
    """The numbers of persons are others then; the one whose button is pressed is meant all the same, or nobody."""
    kept(s.karin, SHARED)
    old = waiting(held(s.karin))
    kept(s.karin, SHARED + "".join(row(f"T-{n}", n // 2) for n in range(100, 160)))
    s.karin.post("/held", old["Två Testsson"][3]["remove"])
    left = set(waiting(held(s.karin)))
    assert "Två Testsson" not in left and "Tre <b>Testsson" in left and "Påhittad Testsson" in left
    kept(s.karin, (HEADER + row("T-3", 2, name="Tre <b>Testsson") + row("T-9", 2, name="Nio Testsson")))
    s.karin.post("/held", old["Två Testsson"][3]["keep"])
    assert {"Tre <b>Testsson", "Nio Testsson"} <= set(waiting(held(s.karin)))


def test_forms_that_decide_nothing(s):
    kept(s.karin, SHARED)
    form = waiting(held(s.karin))["Två Testsson"][3]["keep"]
    before, lines = s.dump(), len(s.lines())
    for wrong in [{"person": ""}, {"person": None}, {"person": "0" * 64}, {"person": "x" * 64}, {"person": "1"},
                  {"person": form["person"][:-1]}, {"person": form["person"] + "0"}, {"verdict": ""}, {"verdict": None},
                  {"verdict": "KEEP"}, {"verdict": "erase"}, {"verdict": "keep x"}]:
        assert s.karin.post("/held", form | wrong).status == 303, wrong
    for wrong in [{"wave": "2030-1"}, {"wave": ""}, {"wave": None}, {"wave": "refusal"}, {"administration": ""},
                  {"administration": "sodermalm"}, {"administration": "../farsta"}, {"administration": None}]:
        assert s.karin.post("/held", form | wrong).status == 404, wrong
    # One who does not wait.
    (person,), = s.daemon.query("SELECT person FROM contact WHERE hold = 0 LIMIT 1")
    assert s.karin.post("/held", form | {"person": person.hex()}).status == 303
    assert s.dump() == before and s.events(lines) == []


def test_those_of_another_administration(s):
    for administration in ["farsta", "bromma"]:
        s.daemon.bring_in(SHARED, administration=administration)
    own = waiting(held(s.karin))["Två Testsson"][3]["keep"]
    britta = s.seat("britta", "coordinator", administration="bromma")
    other = waiting(held(britta, "bromma"))["Två Testsson"][3]["keep"]
    before, lines = s.dump(), len(s.lines())
    assert held(s.karin, "bromma").status == 404 and "Testsson" not in s.karin.page.text
    assert "Bromma" not in s.karin.get("/").text
    assert s.karin.post("/held", other).status == 404
    # The other's person under one's own name, and one's own under the other's.
    assert s.karin.post("/held", own | {"person": other["person"]}).status == 303
    assert s.karin.post("/held", other | {"person": own["person"]}).status == 404
    assert s.dump() == before and s.events(lines) == []
    assert offer(s.karin, MIXED, administration="bromma").status == 422
    options = re.findall(r'<option value="([^"]*)"', s.karin.get("/import").text)
    assert options == [WAVE, "farsta"]


def test_held_of_nothing(s):
    for administration, name in [("farsta", WAVE), ("farsta", ""), ("", ""), ("farsta", "refusal"), ("..", "x"),
                                 ("farsta", quote("<b>")), ("farsta", "2030-1")]:
        page = held(s.karin, administration, name)
        assert page.status == 404 and "Det finns inget här" in page.text
    kept(s.karin, SHARED)
    assert held(s.karin, "farsta", "2030-1").status == 404
    assert "staff: " not in s.log.read_text()


# What goes wrong elsewhere.


def test_survey_server_is_away(s):
    token = token_of(tried(s.karin, MIXED))
    before, port = s.dump(), s.fake.port
    s.fake.close()
    try:
        for ask in [lambda: s.karin.get("/import"), lambda: offer(s.karin, SHARED), lambda: press(s.karin, token),
                    lambda: press(s.karin, token, "report"), lambda: s.karin.get(f"/groups?wave={WAVE}")]:
            page = ask()
            assert page.status == 503 and "Ingenting är ändrat" in page.text and page.headers["Retry-After"]
        assert s.dump() == before
        # What needs nobody else works.
        assert s.karin.get("/").status == 200 and s.karin.get("/messages").status == 200
        assert "survey-server does not answer" in s.log.read_text() and "Testsson" not in s.log.read_text()
    finally:
        key, s.fake = s.fake.key, FakeSurvey(port)
        s.fake.key = key
    # Back on the page that had the button.
    page = press(s.karin, token)
    assert page.status == 200 and figures(page)["Rader"] == MIXED.count("\n") - 1
    assert_gone(press(s.karin, token))


def test_a_file_that_failed_gives_way_to_a_newer_one(s):
    old = token_of(tried(s.karin, MIXED))
    log = s.staff / "audit.log"
    log.rename(log.with_suffix(".away"))
    log.mkdir()
    assert press(s.karin, old).status == 503
    log.rmdir()
    log.with_suffix(".away").rename(log)
    assert not s.daemon.query("SELECT 1 FROM contact")
    new = token_of(tried(s.karin, SHARED))
    assert_gone(press(s.karin, old))
    assert press(s.karin, new).status == 200


def test_what_is_kept_is_never_said_not_to_be(s):
    """Also when the rest of the page can't be made: another administration's file can't be read."""
    s.daemon.bring_in(SHARED, administration="bromma")
    token = token_of(tried(s.karin, MIXED))
    whole = (s.state / "bromma.db").read_bytes()
    (s.state / "bromma.db").write_bytes(b"\0" * len(whole))
    page = press(s.karin, token)
    assert page.status == 200 and "<h1>Inläst</h1>" in page.text and 'id="groups"' not in page.text
    assert s.daemon.query("SELECT count(*) FROM contact")[0][0] > 20
    (s.state / "bromma.db").write_bytes(whole)


def test_the_wave_closes_meanwhile(s):
    token = token_of(tried(s.karin, MIXED))
    s.fake.waves = [wave(phase="closed")]
    page = press(s.karin, token)
    assert page.status == 422 and "mätomgången är inte öppen" in page.text
    assert "Ingen mätomgång tar emot personer just nu." in s.karin.get("/import").text
    assert not s.daemon.query("SELECT 1 FROM contact")


def test_the_rules_of_the_wave_count(s):
    rules = s.folder / "rules"
    rules.mkdir()
    (rules / f"{WAVE}.ini").write_text("[frame]\nyoungest = 12\nadult = 12\n")
    s.stop()
    s.daemon.write_config(s.daemon.settings, rules="rules")
    s.serve()
    page = tried(s.karin, MIXED)
    assert_same(page, dry_run(s, MIXED))
    assert "omgångens egna regler" in page.text
    (rules / f"{WAVE}.ini").write_text("[frame]\nyoungest = tolv\n")
    assert offer(s.karin, MIXED).status in (422, 503)


# Side by side with the rest.


def test_a_file_is_read_while_sms_go_out(s):
    people = 300
    s.daemon.bring_in(person_csv(people, area="aldreomsorg"), administration="bromma")
    s.must("send", "--wave", WAVE)
    rows = HEADER + "".join(row(f"N-{n}", "070" + f"{2000000 + n}") for n in range(4000))
    stop, answers = threading.Event(), []

    def others():
        who = s.seat("lena", "leader")
        while not stop.is_set():
            answers.append(who.get("/messages").status)

    reader = threading.Thread(target=others)
    reader.start()
    try:
        page = kept(s.karin, rows)
        assert figures(page)["Personer som tas med"] == 4000
        wait_until(lambda: s.daemon.states("bromma") == {"sent": people}
                   or s.daemon.states("bromma") == {"delivered": people}, 60)
    finally:
        stop.set()
        reader.join()
    assert set(answers) == {200} and len(answers) > 3
    assert s.daemon.query("SELECT count(*), count(DISTINCT person) FROM contact") == [(4000, 4000)]


def test_many_at_once(s):
    """All who press are answered; each file is taken in whole, or one is told to come again."""
    people = [s.karin, *[s.seat(f"p{n}", "coordinator") for n in range(3)]]
    tokens = [token_of(tried(who, HEADER + "".join(row(f"P{n}-{k}", n * 100 + k) for k in range(50))))
              for n, who in enumerate(people)]
    done = []
    threads = [threading.Thread(target=lambda who=who, token=token: done.append(press(who, token).status))
               for who, token in zip(people, tokens)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [200] * 4
    assert s.daemon.query("SELECT persons FROM wave") == s.daemon.query("SELECT count(*) FROM contact") == [(200,)]


# What is left behind.


def of_persons(content, names=("Testsson", "Enhet Ett")):
    """What no file may say in clear: names, units, ids, and numbers however they are written."""
    rows = [line.split(";") for line in content.splitlines()[1:] if line.count(";") > 5]
    numbers = {"".join(c for c in r[1] if c.isdigit()) for r in rows} - {""}
    return {*names, *(f"+46{n[1:]}" for n in numbers if n.startswith("0")), *(n for n in numbers if len(n) > 7)}


def test_nothing_of_a_person_is_left_in_clear(s):
    unusual = MIXED.replace("T-1;", "Z-SARSKILT-NUMMER-1;")
    secrets = of_persons(unusual) | {"Z-SARSKILT", "Påhittad"}
    assert len(secrets) > 20
    token = token_of(tried(s.karin, unusual))

    def look():
        found = b"".join(f.read_bytes() for folder in (s.state, s.keys) for f in folder.rglob("*") if f.is_file())
        found += s.log.read_bytes()
        return {secret for secret in secrets if secret.encode() in found or secret.encode("utf-16-le") in found}

    assert not look()
    assert press(s.karin, token, "report").status == 200 and press(s.karin, token).status == 200
    assert held(s.karin).status == 200
    assert not look()
    assert CSV not in s.text() + s.log.read_text()


def memory(process):
    """What the process has written to, page by page, and where."""
    page = resource.getpagesize()
    with open(f"/proc/{process.pid}/maps", encoding="ascii") as maps, open(f"/proc/{process.pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            # The sanitizers' shadow is terabytes of nothing.
            if line.split()[1][0] != "r" or end - start > 1 << 33:
                continue
            for at in range(start, end, 1 << 20):
                try:
                    yield os.pread(mem.fileno(), min(1 << 20, end - at) + page, at)
                except OSError:
                    continue


def in_memory(s, words):
    return {word for part in memory(s.process) for word in words if word.encode() in part}


def test_the_file_is_not_in_memory_when_its_token_is_gone(s):
    names = [f"Minnesvärd{n}sson" for n in range(10)]
    content = HEADER + "".join(row(f"M-{n}", n, name=name) for n, name in enumerate(names))
    token = token_of(tried(s.karin, content))
    assert in_memory(s, names) == set(names)
    assert press(s.karin, token).status == 200
    assert in_memory(s, names) == set()


# In English.

SWEDISH = re.compile(r"[åäöÅÄÖ]|\b(och|inte|filen|personer|för)\b")


def test_in_english(s):
    s.karin.cookies["__Host-sms-language"] = "en"
    places = [s.karin.get("/import"), offer(s.karin, MIXED), press(s.karin, token_of(s.karin.page)), held(s.karin),
              s.karin.get(f"/groups?wave={WAVE}"), s.karin.get("/"), held(s.karin, "bromma"), press(s.karin, "x"),
              s.karin.upload("/import/try", FORM, None), offer(s.karin, b"x" * LIMIT)]
    heads = [plain(re.search(r"<h1[^>]*>(.*?)</h1>", p.text)[1]) for p in places]
    assert heads == ["Import persons", "Tried, not kept", "Imported", "Waiting for a decision", "Small groups", "Start",
                     "Nothing here", "The file is gone", "Import persons", "The file is too large"]
    for page in places:
        assert '<html lang="en">' in page.text
        rest = re.sub(r'<(\w+)[^>]* lang="sv"[^>]*>.*?</\1>', "", page.text, flags=re.DOTALL)
        rest = re.sub(r"<option.*?</option>|<p><strong>.*?</p>|<footer.*", "", rest, flags=re.DOTALL)
        rest = re.sub(r"Påhittad Testsson", "", plain(rest))
        assert not SWEDISH.search(rest), SWEDISH.search(rest).string[max(0, SWEDISH.search(rest).start() - 60):][:120]
