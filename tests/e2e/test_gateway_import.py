"""The command `import`."""
import csv
import io
import json
import os
import pty
import random
import re
import shutil
import subprocess
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from xml.sax.saxutils import escape

import pytest
from fake_survey import wave
from gateway import (LONG, Gateway, environment, figure, killing, left_out_lines, left_out_persons,
                     marked, marks_of, must, person_csv, phone, taken, words_of)
from survey import running

TESTS = Path(__file__).resolve().parents[1]
CITY = TESTS / "data" / "city"
VALUES = TESTS.parent / "questionnaires" / "values"
HEADER = "person_id;telefon;namn;språk;verksamhetsområde;ålder;beslut_från;beslut_till;skyddad;sms_tillåtet\n"


def row(person="T-1", number="070-1740605", area="ekonomiskt-bistand", age="", start="", end="", secret="nej",
        sms="ja"):
    return f"{person};{number};Påhittad Testsson;sv;{area};{age};{start};{end};{secret};{sms}\n"


def xlsx(text, delimiter=";"):
    """A workbook with the CSV's rows, made here."""
    def cell(value):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    rows = "".join(f"<row>{''.join(map(cell, fields))}</row>" for fields in csv.reader(io.StringIO(text), delimiter=delimiter))
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/officeDocument" '
                       'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Blad1" sheetId="1" r:id="a"/>'
                           '</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/worksheet" '
                                      'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def test_a_city(gateway, survey):
    gateway.write_config(gateway.settings, values=VALUES)
    expected = json.loads((CITY / "expected.json").read_text())
    reasons, marks = words_of(), marks_of()
    for name, wanted in expected.items():
        done = must(gateway.run("import", "--wave", "2027-1", "--administration", name, "--report",
                                gateway.folder / "rapport.csv", CITY / f"{name}.csv"))
        assert left_out_lines(done.stdout) == {int(line): reasons[code] for line, code in wanted["left_out"].items()}
        assert taken(done.stdout) == wanted["usable"]
        report = list(csv.DictReader((gateway.folder / "rapport.csv").open(encoding="utf-8-sig"), delimiter=";"))
        assert {r["rad"]: r["anmärkning"] for r in report if r["anmärkning"] and r["utfall"] == "tas med"} \
            == {line: marks[code] for line, code in wanted["no_sms"].items()}
    assert not survey.puts
    must(gateway.send())
    for name, wanted in expected.items():
        batch = survey.batch(f"{name}-1")
        assert len(batch["invitations"]) == wanted["usable"]
        assert batch["left_out"]["protected"] == 1 and "duplicate" not in batch["left_out"]
        assert sum(batch["left_out"].values()) == len(wanted["left_out"]) - 1
        assert {area: n for (area, _), n in survey.strata(name).items()} == wanted["areas"]
        assert gateway.states(name) == {"queued": wanted["usable"] - len(wanted["no_sms"])}


def shuffled(text, seed=1):
    header, *rows = text.splitlines(keepends=True)
    random.Random(seed).shuffle(rows)
    return header + "".join(rows)


MANY = (HEADER + "".join(row(f"T-{n}", phone(n), ("aldreomsorg", "socialpsykiatri")[n % 2]) for n in range(25))
        # one person with two areas, one who stands twice with other words, one out for two reasons, one held pair
        + row("T-50", phone(50), "aldreomsorg") + row("T-50", phone(50), "socialpsykiatri")
        + row("T-51", phone(51)).replace("Testsson", "Bsson") + row("T-51", phone(52)).replace("Testsson", "Asson")
        + row("T-51", "") + row("T-53", phone(53), start="2026-01-01", end="2026-01-03") + row("T-53", phone(53), age="8")
        + row("T-54", phone(54), start="2026-01-01", end="2026-01-03") + row("T-54", phone(54), "finns inte")
        + row("T-55", phone(55)) + row("T-56", phone(55)) + row("T-57", "08-4650004") + row("T-58", phone(58), sms="nej"))


@pytest.mark.parametrize("again", [
    lambda t: t.encode(), lambda t: shuffled(t).encode(), lambda t: shuffled(t, 2).encode(),
    lambda t: t.replace(";", "\t").encode("cp1252"), lambda t: ("\ufeff" + t.replace(";", ",")).encode(), xlsx,
    lambda t: xlsx(shuffled(t, 3)),
    lambda t: t.replace("namn;språk", "Kommentar;namn;SPRÅK").replace(";Påhittad", ";=cmd|'/c calc'!A0;Påhittad").encode()])
def test_the_same_file_again_changes_nothing(gateway, survey, again):
    must(gateway.bring_in(MANY))
    must(gateway.sample("--per-area", 3))
    must(gateway.send())
    before, puts = gateway.dump(), list(survey.puts)
    done = must(gateway.bring_in(again(MANY)))
    assert "Inget är ändrat." in done.stdout and "0 nya, 0 ändrade," in done.stdout and "0 saknas nu" in done.stdout
    assert gateway.dump() == before and survey.puts == puts and not survey.withdrawn


def test_the_row_that_reaches_the_person_best_is_used(gateway):
    rows = [row("T-1", ""), row("T-1", "08-4650004"), row("T-1", phone(1))]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        done = must(gateway.bring_in(HEADER + "".join(rows[n] for n in order), "--dry-run"))
        assert [figure(done.stdout, w) for w in ("nås med SMS", "kan bara ringas", "nås bara med brev")] == [1, 0, 0]


def test_dry_run_keeps_nothing(gateway, survey):
    def files():
        return {p: p.stat().st_size for p in gateway.folder.rglob("*") if p.name != "fil.csv" and p.is_file()}
    before = files()
    done = must(gateway.bring_in(person_csv(5) + "bara,en,kolumn\n", "--dry-run"))
    assert taken(done.stdout) == 5 and "Provkörning, inget sparas." in done.stdout
    assert left_out_lines(done.stdout) == {7: "raden har fler eller färre kolumner än rubrikraden"}
    assert files() == before and not survey.puts and not gateway.audit()
    must(gateway.bring_in(person_csv(3)))
    must(gateway.sample("--per-area", 1))
    before = gateway.dump()
    done = must(gateway.bring_in(person_csv(5, start=1), "--dry-run"))
    assert "3 nya, 0 ändrade, 2 oförändrade, 1 saknas nu" in done.stdout
    assert "urval och planerade utskick för förvaltningen skulle inte gälla längre." in done.stdout
    assert gateway.dump() == before


@pytest.mark.parametrize("encode", [
    lambda t: t.encode(), lambda t: b"\xef\xbb\xbf" + t.encode(), lambda t: t.encode("cp1252"),
    lambda t: t.replace("\n", "\r\n").encode(), lambda t: t.replace("\n", "\r").encode(),
    lambda t: t.replace(";", ",").encode(), lambda t: t.replace(";", "\t").encode("cp1252"),
    lambda t: ("sep=;\n" + t).encode(), lambda t: t.upper().encode(),
    lambda t: t.replace("å", "a").replace("ä", "a").replace("ö", "o").encode(),
    lambda t: t.replace("verksamhetsområde", "Verksamhetsområde").encode(),
    lambda t: (t + ";;;;;;;;;\n\n\n").encode(), xlsx,
])
def test_encodings_and_delimiters(gateway, encode):
    done = must(gateway.bring_in(encode(HEADER + row() + row("T-2", "0701740606", "Våld i nära relation"))))
    assert taken(done.stdout) == 2 and not marked(done.stdout)


@pytest.mark.parametrize("content,words", [
    (b"", "filen är tom"), (b"\x00\x01\x02", "inte en textfil"), (b"a;b\n1;\x00\n", "inte en textfil"),
    (b"PK\x03\x04xxxx", "fil.csv: "), ("a;b\n".encode("utf-16"), "UTF-16"), (b"namn;alder\n1;2\n", "person_id"),
    (HEADER.encode(), "inga rader"), (b"\n\n", "rubrikrad"), (b"telefon;telefon\n1;2\n", "två gånger"),
    (b"a\x81;b\n", "varken"), ((HEADER + row(secret="ja")).encode(), "no row"),
    ((HEADER + row()).replace("skyddad", "skyddat").encode(), "rubrikraden saknar skyddad"),
])
def test_files_that_cannot_be_used(gateway, survey, content, words):
    done = gateway.bring_in(content)
    assert done.returncode == 1
    assert words in done.stdout + done.stderr
    assert "sms-gateway: " in done.stderr
    assert not survey.puts and not gateway.query("SELECT 1 FROM contact")


def test_broken_rows_never_stop_the_others(gateway):
    data = (HEADER + row("T-1", "0701740605")
            + 'T-2;"0701740606;x\n'                       # the quote is never closed
            + row("T-3", "0701740607") + "T-4;\n"
            + '"T-5";0701740609;"Rad ett\nrad ""två""";sv;aldreomsorg;;;;nej;ja\n'
            + 'T"6;0701740610;x;sv;aldreomsorg;;;;nej;ja\n'
            + row("T-7", "0701740611"))
    done = gateway.bring_in(data)
    words = words_of()
    assert left_out_lines(done.stdout) == {3: words["quotes"], 5: words["columns"], 8: words["quotes"]}
    assert taken(done.stdout) == 4


OUT = {
    row("T-6", "0701740606", area="x"): "area-unknown", row("T-7", "0701740607", area=""): "area-missing",
    row("", "0701740608"): "person-missing", row("T-9", "0701740609", secret="ja"): "protected",
    row("T-10", "0701740610", secret="kanske"): "value-protected",
    row("T-11", "0701740611", sms="jo"): "value-sms",
    row("T-12", "0701740612", area="vald-nara-relation", sms=""): "sms-not-safe",
    row("T-13", "0701740613", age="12"): "child", row("T-14", "0701740614", age="17", sms=""): "young",
    row("T-15", "0701740615", start="2026-01-31", end="2026-02-15"): "short",
    row("T-16", "0701740616", start="2026-02-31"): "value-date",
    row("T-17", "0701740617", age="tolv"): "value-age", row("T" * 64, "0701740618"): "person-long",
}
MARKED = {
    row("T-22", "08-465 004 04"): "landline", row("T-23", "+358401234567"): "foreign",
    row("T-24", "0900123456"): "premium", row("T-25", "abc"): "bad-phone", row("T-26", ""): "no-phone",
    row("T-27", "0701740627", sms="nej"): "sms-no", row("T-28", "0701740628").replace(";sv;", ";klingonska;"): "language",
    row("19121212-1213", "0701740629"): "person", row("T-29", "0701740640", age="17", sms="ja"): None,
    row("T-30", "0701740641", start="2026-03-01", end="2026-03-31"): None,
}


def test_rules_and_marks(gateway, survey):
    """A rule leaves a person out; all else is a mark, and decides only how the person is reached."""
    reasons, marks = words_of(), marks_of()
    done = must(gateway.bring_in(HEADER + "".join([*OUT, *MARKED]), "--report", gateway.folder / "rapport.csv"))
    assert left_out_lines(done.stdout) == {n: reasons[c] for n, c in enumerate(OUT.values(), start=2)}
    assert marked(done.stdout) == {marks[c]: 1 for c in MARKED.values() if c}
    assert taken(done.stdout) == len(MARKED)
    assert [figure(done.stdout, w) for w in ("nås med SMS", "kan bara ringas", "nås bara med brev")] == [4, 2, 4]
    report = (gateway.folder / "rapport.csv").read_text(encoding="utf-8-sig").splitlines()
    assert report == ["rad;utfall;orsak;anmärkning",
                      *(f'{n};"lämnas utanför";"{reasons[c]}";""' for n, c in enumerate(OUT.values(), start=2)),
                      *(f'{n};"tas med";"";"{marks[c] if c else ""}"'
                        for n, c in enumerate(MARKED.values(), start=2 + len(OUT)))]
    must(gateway.send())
    batch = survey.batch("farsta-1")
    assert batch["left_out"] == {code: 1 for code in OUT.values()}
    assert len(batch["invitations"]) == len(MARKED)
    assert gateway.query("SELECT count(*) FROM message") == [(4,)]
    assert gateway.query("SELECT count(*) FROM message NATURAL JOIN contact WHERE channels & 1 = 0") == [(0,)]


def test_a_no_to_sms_holds_for_all_the_rows_of_a_person(gateway):
    """Also when that row is not used, or is out for something else."""
    files = [row("T-1", phone(1), "aldreomsorg", sms="nej") + row("T-1", phone(1), "socialpsykiatri"),
             row("T-1", phone(1), "aldreomsorg") + row("T-1", phone(1), "aldreomsorg", sms="nej"),
             row("T-1", phone(1)) + row("T-1", phone(1), "aldreomsorg", start="2026-01-01", end="2026-01-02", sms="nej"),
             row("T-1", phone(1), "finns inte", sms="nej") + row("T-1", phone(1))]
    for rows in files:
        done = must(gateway.bring_in(HEADER + rows, "--dry-run"))
        assert figure(done.stdout, "kan bara ringas") == 1, rows


def test_one_person_several_rows(gateway, survey):
    data = (HEADER + row("18960605-9880", "0701740605", "socialpsykiatri")
            + row("189606059880", "0701740605", "aldreomsorg")
            + row("18960605-9880", "070 174 06 05", "aldreomsorg")
            + row("T-2", "0701740606", "aldreomsorg") + row("T-2", "0701740606", "socialpsykiatri", secret="ja")
            + row("T-3", "0701740607") + row("T-4", "0701740607") + row("T-5", "0701740608", secret="ja")
            + row("T-6", "0701740608") + row("T-7", "0701740609"))
    done = gateway.bring_in(data)
    words = words_of()
    lines = left_out_lines(done.stdout)
    assert set(lines) == {3, 4, 5, 6, 9} or set(lines) == {2, 4, 5, 6, 9} or set(lines) == {2, 3, 5, 6, 9}
    assert sorted(lines[n] for n in lines if n < 5) == sorted([words["duplicate"], words["other-area"]])
    assert lines[5] == lines[6] == lines[9] == words["protected"]
    assert marked(done.stdout) == {marks_of()["shared"]: 3}
    assert "3 personer väntar på samordnarens beslut" in done.stdout
    assert gateway.query("SELECT hold, count(*) FROM contact GROUP BY hold") == [(0, 2), (1, 3)]
    must(gateway.send())
    assert len(survey.ids()) == 5 and gateway.states() == {"queued": 2}
    assert survey.batch("farsta-1")["left_out"] == {"protected": 2}


def several(count, areas):
    return HEADER + "".join(row(f"T-{n}", phone(n), area) for n in range(count) for area in areas)


def test_the_area_of_a_person_with_several_is_drawn(gateway, survey):
    """By a keyed hash: the same at every import, whatever the order, and each area as likely."""
    areas = ["ekonomiskt-bistand", "socialpsykiatri", "aldreomsorg"]
    done = must(gateway.bring_in(several(600, areas)))
    assert taken(done.stdout) == 600 and figure(done.stdout, "personer lämnas utanför") == 0
    first = gateway.query("SELECT key, persons FROM cell WHERE breakdown = 'area'")
    assert sorted(a for a, _ in first) == sorted(areas) and sum(n for _, n in first) == 600
    chi2 = sum((n - 200) ** 2 / 200 for _, n in first)
    assert chi2 < 27.6, first  # 1 in 1,000,000, two degrees of freedom
    before = gateway.dump()
    for other in (shuffled(several(600, areas)), several(600, areas[::-1])):
        assert "Inget är ändrat" in must(gateway.bring_in(other)).stdout and gateway.dump() == before
    dry = must(gateway.bring_in(several(600, areas), "--dry-run"))
    assert "Inget är ändrat" in dry.stdout
    must(gateway.bring_in(several(600, areas), administration="bromma"))
    assert gateway.query("SELECT person FROM contact LIMIT 1") != gateway.query("SELECT person FROM contact LIMIT 1", "bromma")
    must(gateway.send())
    assert {a: n for (a, _), n in survey.strata().items()} == dict(first)


EXEMPT = (HEADER + row("T-1", phone(1), "Barn och unga") + row("T-2", phone(2))
          + row("T-3", phone(3), "barn-unga") + row("T-3", phone(3), "aldreomsorg")
          + row("T-4", phone(4), "aldreomsorg") + row("T-4", phone(4), "barn-unga")
          + row("T-5", "", "barn-unga", sms="") + row("T-6", phone(6), "barn-unga", sms="nej")
          + row("T-7", phone(7), "barn-unga") + row("T-7", phone(7), "barn-unga"))
EXEMPT_LINES = {2, 4, 7, 8, 9, 10, 11}
EXEMPT_LEFT_OUT = {"exempt": 4}


@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_an_exempt_area(gateway, survey, dry):
    """Nobody is asked there; a person who has another area too is asked about that one."""
    survey.waves = [wave(exempt=["barn-unga"])]
    done = must(gateway.bring_in(EXEMPT, *dry))
    words = words_of()
    assert left_out_lines(done.stdout) == {line: words["exempt"] for line in EXEMPT_LINES}
    assert taken(done.stdout) == 3 and left_out_persons(done.stdout) == {words["exempt"]: 4}
    if dry:
        return
    must(gateway.send())
    batch = survey.batch("farsta-1")
    assert {s["area"]: s["drawn"] for s in batch["strata"]} == {"ekonomiskt-bistand": 1, "aldreomsorg": 2}
    assert batch["left_out"] == EXEMPT_LEFT_OUT


def test_nobody_but_in_an_exempt_area(gateway, survey):
    """What was left out is told all the same, by a batch of nobody."""
    survey.waves = [wave(exempt=["barn-unga"])]
    done = gateway.bring_in(person_csv(3, area="barn-unga"))
    assert done.returncode == 1 and "no row" in done.stderr
    done = must(gateway.send())
    assert "0 SMS är planerade" in done.stdout
    assert survey.batch("farsta-1") == {"administration": "farsta", "strata": [], "left_out": {"exempt": 3},
                                        "invitations": []}


def real(tmp_path, server):
    keys = tmp_path / "gateway" / "keys"
    keys.mkdir(parents=True)
    for name in ("internal.key", "invitation.key"):
        shutil.copy(server.keys / name, keys)
    return Gateway(keys.parent, SimpleNamespace(url=f"http://{server.host}:8081"))


def test_the_real_survey_server(tmp_path):
    """A draw, a corrected file, a new draw, one administration of nobody: up to the quality declaration."""
    with running(tmp_path / "survey") as server:
        settings = tmp_path / "wave.conf"
        settings.write_text("[area barn-unga]\nexempt = yes\n")
        server.add_wave(settings=settings)
        gateway = real(tmp_path, server)
        must(gateway.bring_in(EXEMPT))
        assert gateway.bring_in(person_csv(3, area="barn-unga"), administration="bromma").returncode == 1
        must(gateway.sample("--per-area", 1))
        must(gateway.bring_in(EXEMPT + row("T-8", phone(8), "aldreomsorg")))
        must(gateway.sample("--per-area", 1))
        must(gateway.send())
        assert gateway.query("SELECT state FROM batch") == [(1,)] == gateway.query("SELECT state FROM batch", "bromma")
        assert sum(gateway.states().values()) == 2
        server.must("wave", "close", "--id", "2027-1")
        server.must("count", "--wave", "2027-1")
        quality = json.loads(server.report())["quality"]
        assert quality["invited"] == 4 and quality["left_out"] == {"exempt": 7}


@pytest.mark.parametrize("phase,code", [("planned", 0), ("open", 0), ("closed", 1), ("counted", 1)])
def test_phases(gateway, survey, phase, code):
    survey.waves = [wave(phase=phase)]
    done = gateway.bring_in(person_csv(2))
    assert done.returncode == code
    assert bool(gateway.query("SELECT 1 FROM contact")) == (code == 0)


def test_what_does_not_exist(gateway):
    assert "no wave" in gateway.bring_in(person_csv(1), wave="2030-1").stderr
    assert "förvaltning" in gateway.bring_in(person_csv(1), administration="kista").stderr
    assert "not the name of a wave" in gateway.bring_in(person_csv(1), wave="refusal").stderr
    assert gateway.bring_in(person_csv(1), administration="../farsta").returncode == 1
    assert gateway.run("import", "--wave", "2027-1", "--administration", "farsta", "/finns/inte").returncode == 1
    assert not list(gateway.state.glob("*.db"))


def test_survey_server_out_of_reach(gateway, survey):
    survey.close()
    done = gateway.bring_in(person_csv(1))
    assert done.returncode == 1 and "does not answer" in done.stderr and "nothing was stored" in done.stderr
    assert not list(gateway.state.glob("*.db"))


def test_the_audit_log_says_it_first(gateway):
    must(gateway.bring_in(person_csv(2), "--dry-run"))
    assert gateway.bring_in(person_csv(2), wave="2030-1").returncode == 1
    assert gateway.bring_in(b"namn\nx\n").returncode == 1
    assert not gateway.audit()
    must(gateway.bring_in(person_csv(2)))
    assert gateway.audit() == [("changed", "import farsta wave 2027-1")]
    log = gateway.state / "staff" / "audit.log"
    log.unlink()
    log.mkdir()
    done = gateway.bring_in(person_csv(4))
    assert done.returncode == 1 and "audit.log" in done.stderr and "nothing was stored" in done.stderr
    assert gateway.persons() == 2


def test_nothing_of_a_person_in_clear(gateway):
    must(gateway.bring_in(MANY.replace("T-5", "19121212-121"), "--report", gateway.folder / "rapport.csv"))
    must(gateway.bring_in(MANY))
    data = gateway.everything() + (gateway.folder / "rapport.csv").read_bytes()
    for n in range(60):
        for clear in (phone(n), phone(n)[1:], f"T-{n}\x00", f"T-{n};"):
            assert clear.encode() not in data, clear
    assert b"19121212" not in data and "Påhittad".encode() not in data and b"Asson" not in data


def test_the_wrong_key_file_opens_nothing(gateway):
    must(gateway.bring_in(person_csv(3)))
    before = gateway.dump()
    key = gateway.keys / "farsta.2027-1.key"
    key.write_bytes(bytes(32))
    for dry in ([], ["--dry-run"]):
        done = gateway.bring_in(person_csv(2), *dry)
        assert done.returncode == 1 and "key file" in done.stderr
    for command in (gateway.sample("--per-area", 1), gateway.send()):
        assert command.returncode == 1 and "key file" in command.stderr
    key.unlink()
    for command in (gateway.send(), gateway.bring_in(person_csv(3)), gateway.bring_in(person_csv(3), "--dry-run")):
        assert command.returncode == 1 and "farsta.2027-1.key" in command.stderr
    assert gateway.dump() == before and not key.exists()


def test_many_rows(gateway, survey):
    rows = ["person_id,telefon,namn,verksamhetsområde,skyddad"]
    rows += [f"N{n},07{'02369'[n // 4000]}{n:07d},Påhittad {n},Socialpsykiatri,nej" for n in range(20000)]
    rows += ["X,,,Socialpsykiatri,ja"]
    began = time.monotonic()
    done = must(gateway.bring_in("\n".join(rows)))
    took = time.monotonic() - began
    assert taken(done.stdout) == 20000
    print(f"20 000 rows in {took:.1f} s")
    assert took < 30
    must(gateway.send())
    assert len(set(survey.ids())) == 20000
    assert sorted(survey.batches) == [("2027-1", "farsta-1"), ("2027-1", "farsta-2")]
    assert [survey.batch(f"farsta-{n}")["left_out"] for n in (1, 2)] == [{"protected": 1}, {}]


def test_the_report_of_many_lines(gateway):
    done = must(gateway.bring_in(person_csv(1) + "x\n" * 400, "--report", gateway.folder / "rapport.csv"))
    assert len(left_out_lines(done.stdout)) == 300 and "och 100 rader till; --report FIL visar alla" in done.stdout
    assert len((gateway.folder / "rapport.csv").read_text().splitlines()) == 402
    done = gateway.bring_in(person_csv(1), "--report", "/finns/inte/rapport.csv")
    assert done.returncode == 1 and "/finns/inte/rapport.csv" in done.stderr


def test_no_formula_leaves_in_the_report(gateway):
    """Whatever a file says, and wherever."""
    evil = ["=cmd|'/c calc'!A0", "+1+1", "-2", "@SUM(A1)", "\t=1", '"=HYPERLINK(""http://x"")"']
    header = "person_id;telefon;namn;språk;verksamhetsområde;enhet;skyddad;sms_tillåtet;=1+1\n"
    rows = "".join(f"{e};{e};{e};{e};{e};{e};nej;ja;{e}\n" + f"T{n};{phone(n)};{e};{e};aldreomsorg;{e};nej;ja;{e}\n"
                   + f"T{n}x;{phone(n)};x;sv;aldreomsorg;{e};{e};{e};{e}\n" for n, e in enumerate(evil))
    done = must(gateway.bring_in(header + rows, "--report", gateway.folder / "rapport.csv"))
    data = (gateway.folder / "rapport.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\r\n") == data.count(b"\n") == 1 + len(evil) * 3
    cells = [c for line in csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";") for c in line]
    assert cells and not [c for c in cells if c[:1] in "=+-@\t\r" and c]
    assert "läses: =1+1." in done.stdout and not [e for e in evil if e.strip('"\t')[:6] in data.decode()]


def test_two_imports_at_once(gateway):
    path = gateway.file(person_csv(200))
    command = gateway.command("import", "--wave", "2027-1", "--administration", "farsta", path)
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment()) for _ in range(3)]
    assert [p.wait() for p in both] == [0, 0, 0]
    assert gateway.query("SELECT count(*), count(DISTINCT person) FROM contact") == [(200, 200)]


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
@pytest.mark.parametrize("corrected", [False, True])
def test_killed_at_every_point(tmp_path, survey, call, corrected):
    """Whatever the moment, the file is stored whole or not at all; after the next import and `send` everyone has
    one code and one registered invitation."""
    killed = 0
    for at in range(1, 1000, 3 if call == "pwrite64" and not LONG else 1):
        folder = tmp_path / f"{call}-{at}"
        folder.mkdir()
        survey.batches.clear()
        survey.withdrawn.clear()
        gateway = Gateway(folder, survey)
        if corrected:
            must(gateway.bring_in(person_csv(12)))
            must(gateway.sample("--per-area", 4))
        before = gateway.dump() if corrected else None
        done = gateway.bring_in(person_csv(20, start=2), before=killing(call, at))
        if corrected and done.returncode != 0:
            assert gateway.dump() == before or gateway.persons() == 22
        must(gateway.bring_in(person_csv(20, start=2)))
        must(gateway.send())
        persons = 22 if corrected else 20
        assert len(survey.ids()) == len(set(survey.ids())) == persons
        assert gateway.query("SELECT state, count(*) FROM batch GROUP BY state") == [(1, 1)]
        assert gateway.query("SELECT count(*), count(DISTINCT person), count(code) FROM contact") == [(persons,) * 3]
        assert bool(survey.withdrawn) == corrected
        if done.returncode == 0:
            break
        killed += 1
    assert done.returncode == 0 and killed >= 2
    print(f"{killed} kills at {call}")


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_a_full_disk_or_a_broken_one(tmp_path, survey, call):
    """Whichever write fails, nothing is stored by halves, and it works again when there is room."""
    for at in range(1, 1000, 7 if call == "pwrite64" and not LONG else 1):
        folder = tmp_path / f"{call}-{at}"
        folder.mkdir()
        survey.batches.clear()
        gateway = Gateway(folder, survey)
        before = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                  "-e", f"inject={call}:error=ENOSPC:when={at}+"]
        done = gateway.bring_in(person_csv(20), before=before)
        made = gateway.query("SELECT 1 FROM sqlite_master WHERE name = 'contact'")
        assert not made or gateway.persons() in (0, 20)
        must(gateway.bring_in(person_csv(20)))
        must(gateway.send())
        assert len(set(survey.ids())) == len(survey.ids()) == 20
        if done.returncode == 0:
            return
        assert "sms-gateway: " in done.stderr
    raise AssertionError("the import never got through")


def test_progress_on_a_terminal_and_nothing_elsewhere(gateway):
    """3,000 rows are reported more than once; the line is gone when the work is done."""
    file = gateway.file(person_csv(3000))
    command = gateway.command("import", "--wave", "2027-1", "--administration", "farsta", file)
    mine, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment()) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(mine, 4096)
            except OSError:  # the other end is closed
                break
    os.close(mine)
    assert process.returncode == 0
    steps = [int(n) for n in re.findall(rb"\rL\xc3\xa4ser in (\d+) %", shown)]
    assert len(steps) >= 3 and steps == sorted(steps) and 0 < steps[0] and steps[-1] <= 100
    assert shown.endswith(b"\r\x1b[K")
    assert must(gateway.bring_in(person_csv(3001))).stderr == ""
