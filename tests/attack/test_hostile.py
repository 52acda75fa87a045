"""Files built to do harm: formulas that must not come out as such, and workbooks that must not get in."""
import csv
import io
import os
import resource
import subprocess
import zipfile

import openpyxl
import pytest
from cities import COLUMNS, ROOT, VALUES
from fake_survey import FakeSurvey
from gateway import Gateway, environment

FORMULAS = ["=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r=1+1", "=HYPERLINK(\"http://x\";\"y\")",
            " =1+1", "\n=1+1", "'=1+1", "\"=1+1"]
GOOD = {"person_id": "T-1", "telefon": "070-1740605", "namn": "Påhittad Testsson", "språk": "sv",
        "verksamhetsområde": "ekonomiskt-bistand", "enhet": "Enhet 1", "insats": "Försörjningsstöd", "ålder": "40",
        "juridiskt_kön": "man", "ursprung": "Född i EU", "beslut_från": "2026-01-01", "beslut_till": "",
        "lagrum": "9 § LSS", "skyddad": "nej", "sms_tillåtet": "ja"}
HOSTILE = ["external-entity", "laughs", "no-such-string", "path-up", "path-outside", "deep", "long-tag", "twice",
           "truncated", "changed", "wrong-size", "encrypted", "wide"]
MEMORY = 512 * 1024 * 1024  # the sanitizers' own share included
SECONDS = 60


@pytest.fixture(name="gateway")
def gateway_fixture(tmp_path):
    survey = FakeSurvey()
    g = Gateway(tmp_path, survey)
    g.write_config(g.settings, values=VALUES)
    yield g
    survey.close()
    assert not survey.faults


# Formulas


def cells_of(path):
    text = path.read_bytes().decode("utf-8-sig")
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=";") for cell in row]


def write_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_workbook(rows, path):
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    for line, row in enumerate(rows, start=2):
        for place, column in enumerate(COLUMNS, start=1):
            cell = book.active.cell(line, place)
            cell.value = row[column]
            cell.data_type = "s"  # as text, also what begins with =
    book.save(path)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("where", ["after", "alone"])
def test_no_formula_comes_out(gateway, kind, where):
    """Each in every field, at its start or all of it: of a person who is taken where that can be."""
    rows = []
    for column in COLUMNS:
        for formula in FORMULAS:
            row = GOOD | {"person_id": f"T-{len(rows) + 1}", "telefon": f"070174{len(rows):04}"}
            rows.append(row | {column: formula + ("" if where == "alone" else row[column])})
    path, report, frame = (gateway.folder / name for name in ("fil", "report.csv", "frame.csv"))
    if kind == "csv":
        path.write_text(write_csv(rows), encoding="utf-8", newline="")
    else:
        write_workbook(rows, path)
    done = gateway.run("import", "--wave", "2027-1", "--administration", "farsta", "--report", report, path)
    assert done.returncode == 0, done.stderr
    assert len(cells_of(report)) == 4 * (len(rows) + 1)
    for plan in ("--per-area", "--per-unit"):
        done = gateway.sample("--administration", "farsta", plan, 3, "--seed", "0" * 64, "--frame", frame)
        assert done.returncode == 0, done.stderr
        cells = cells_of(report) + cells_of(frame)
        assert not [cell for cell in cells if cell[:1] and cell[0] in "=+-@\t\r"]
        # It did come in, and is there to be read.
        neutral = [cell for cell in cells if cell[:2] in ("'=", "'+", "'-", "'@")]
        assert (plan == "--per-area") == (not neutral)
    assert gateway.persons() > len(rows) / 2


# Workbooks


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET, STRINGS = "xl/sheet1.xml", "xl/sharedStrings.xml"


def good_parts():
    """A small workbook that is taken, part by part; every text is a shared string."""
    texts = [text for row in (dict(zip(COLUMNS, COLUMNS)), GOOD, GOOD | {"person_id": "T-2", "telefon": "070-1740606"})
             for text in (row[column] for column in COLUMNS)]
    cells = "".join(("<row>" if n % len(COLUMNS) == 0 else "") + f'<c t="s"><v>{n}</v></c>'
                    + ("</row>" if n % len(COLUMNS) == len(COLUMNS) - 1 else "") for n in range(len(texts)))
    relations = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
    relation = f'<Relationship Id="%s" Type="{OFFICE}/%s" Target="%s"/>'
    parts = {
        "_rels/.rels": relations % (relation % ("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="Blad1" sheetId="1" r:id="r1"/>'
                           "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations % (relation % ("r1", "worksheet", "sheet1.xml")
                                                   + relation % ("r2", "sharedStrings", "sharedStrings.xml")),
        STRINGS: f'<sst xmlns="{MAIN}">' + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>",
        SHEET: f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>',
    }
    return {name: text.encode() for name, text in parts.items()}


def pack(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in parts.items():
            with archive.open(name, "w", force_zip64=True) as out:
                for piece in [data] if isinstance(data, bytes) else data:
                    out.write(piece)


def limited_import(gateway, path):
    """What came of it, and the most memory that it had."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 22, 1 << 22))
    command = gateway.command("import", "--wave", "2027-1", "--administration", "farsta", "--report",
                              gateway.folder / "report.csv", path)
    with open(gateway.folder / "said", "w+b") as said, subprocess.Popen(
            command, stdout=said, stderr=said, env=environment(leaks=False), preexec_fn=limit) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return process.returncode, said.read().decode(), usage.ru_maxrss * 1024


def refused(gateway, path):
    before = sorted(p for p in gateway.folder.rglob("*") if p.name != "said")
    status, said, memory = limited_import(gateway, path)
    assert status == 1 and said.startswith("sms-gateway: ") and said.count("\n") == 1, said[:300]
    assert "Sanitizer" not in said and "root:" not in said
    assert memory < MEMORY, memory
    assert sorted(p for p in gateway.folder.rglob("*") if p.name != "said") == before
    return said


def repeated(before, piece, count, after):
    block = piece * (1 << 14)
    yield before
    for _ in range(count >> 14):
        yield block
    yield after


def bombs(parts):
    """One thing each done to a workbook that would be taken."""
    sheet, strings = parts[SHEET], parts[STRINGS]
    head, tail = sheet.partition(b"</row>")[0] + b"</row>", b"</sheetData></worksheet>"
    row = b"<row>%s</row>" % sheet.partition(b"</row><row>")[2].partition(b"</row>")[0]
    mega = 1 << 20

    def entity(declared, text):
        return {STRINGS: b"<!DOCTYPE sst [%s]>" % declared + strings.replace(b"<t>T-1<", b"<t>%s<" % text)}

    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"ha") for n in range(10))
    return {name: parts | changed for name, changed in {
        "spaces": {SHEET: repeated(head, b" " * 16, 20 * mega, tail)},
        "strings": {STRINGS: repeated(b'<sst xmlns="%s">' % MAIN.encode(), b"<si><t>ha</t></si>", 20 * mega, b"</sst>")},
        "rows": {SHEET: repeated(head, b'<row><c t="s"><v>15</v></c></row>', 2 * mega, tail)},
        "one endless cell": {SHEET: repeated(head + b'<row><c t="inlineStr"><is><t>', b"x" * 16, 20 * mega,
                                             b"</t></is></c></row>" + tail)},
        "one name in many rows": {STRINGS: strings.replace(b"<t>P\xc3\xa5hittad Testsson<", b"<t>%s<" % (b"y" * 30000)),
                                  SHEET: repeated(head, row, mega // 4, tail)},
        "a billion laughs": entity(laughs, b"&l9;"),
        "an external entity": entity(b'<!ENTITY e SYSTEM "file:///etc/passwd">', b"&e;"),
        "a parameter entity": entity(b'<!ENTITY % e SYSTEM "http://127.0.0.1:1/x"> %e;', b"T-1"),
        "an external subset": {STRINGS: b'<!DOCTYPE sst SYSTEM "file:///etc/passwd">' + strings},
        "quadratic": entity(b'<!ENTITY q "%s">' % (b"q" * 100000), b"&q;" * 30000),
        "a sheet cut short": {SHEET: sheet[:-40]},
        "a sheet that is no XML": {SHEET: bytes(range(1, 255)) * 16},
        "no strings": {STRINGS: b""},
        "strings by the billion": {SHEET: sheet.replace(b"<v>20<", b"<v>4294967316<")},
        "a row far below": {SHEET: sheet.replace(b"<row>", b'<row r="4294967297">', 1)},
    }.items()} | {"no sheet": {name: data for name, data in parts.items() if name != SHEET},
                  "nothing at all": {"x": b""}}


def test_hostile_workbooks(gateway):
    parts = good_parts()
    path = gateway.folder / "fil.xlsx"
    said = {}
    for what, changed in bombs(parts).items():
        pack(path, changed)
        said[what] = refused(gateway, path)
        print(f"{what}: {said[what].strip()}")
    # And the workbook itself is a good one.
    pack(path, parts)
    assert limited_import(gateway, path)[0] == 0 and gateway.persons() == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_workbooks_of_the_tree(gateway, name):
    print(refused(gateway, ROOT / "tests" / "data" / "rows" / f"{name}.xlsx"))


def test_an_archive_of_many_files(gateway):
    path = gateway.folder / "fil.xlsx"
    pack(path, {f"{n}.xml": b"x" for n in range(70000)} | good_parts())
    print(refused(gateway, path))


def test_half_a_workbook_anywhere(gateway):
    """Cut at every place, and with a byte changed at many: taken whole or not at all."""
    path = gateway.folder / "fil.xlsx"
    pack(path, good_parts())
    whole = path.read_bytes()
    # Without its last bytes, the length of a comment, a workbook is as good.
    for at in range(1, len(whole) - 22, len(whole) // 40):
        path.write_bytes(whole[:at])
        refused(gateway, path)
    for at in range(0, len(whole), len(whole) // 60):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1:])
        status, said, memory = limited_import(gateway, path)
        assert status in (0, 1) and "Sanitizer" not in said and memory < MEMORY
        stored = gateway.query("SELECT count(*) FROM contact")
        assert stored in ([], [(2,)]) if status == 0 else stored in ([], [(0,)], [(2,)]), said
