#!/usr/bin/env python3
"""Makes the workbooks of this folder, with python3-openpyxl and LibreOffice: see README.md."""
import datetime
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.utils.datetime import CALENDAR_MAC_1904

CSV = """personnummer;telefon;namn;ålder;beslut_från;andel;skyddad;anteckning
189001019802;+46701740605;Påhittad Testsson;37;2026-01-15;0,25;nej;"två
rader"
T-2;+46701740606;Åsa Öst;;2027-02-28;1234,5;ja;"a;b "
"""


def with_openpyxl(folder):
    book = openpyxl.Workbook()
    book.active.title = "Dolt"
    book.active.append(["fel", "blad"])
    book.active.sheet_state = "hidden"
    numbers = book.create_sheet("Diagramunderlag")
    numbers.sheet_state = "veryHidden"
    numbers.append([1])
    chart = BarChart()
    chart.add_data(Reference(numbers, min_col=1, min_row=1))
    book.create_chartsheet("Diagram").add_chart(chart)
    sheet = book.create_sheet("Export åäö")
    sheet["A2"] = "personnummer"
    for column, name in zip("BCDEFG", ["dag", "tal", "text", "", "svar", "tom"]):
        sheet[f"{column}2"] = name or None
    rows = [
        [189001019802, datetime.date(2027, 2, 1), 0.1 + 0.2, " två\nrader ", None, True, None],
        [None] * 7,
        [123456789012345, datetime.datetime(2026, 12, 31, 23, 59, 30), -1234567.5, "=1+1", None, False, None],
        ["T-3", datetime.date(1900, 1, 1), 1e21, "a_x000D_b", None, None, None],
        [7, datetime.time(12, 30), 45000, "50 %", "e", "ja", None, None, " "],
        [8, None, None, None, None, None, None, "för långt till höger"],
    ]
    for row in rows:
        sheet.append(row)
    sheet["B5"].number_format = 'yyyy\\-mm\\-dd\\ "kl" hh:mm;@'
    sheet["C3"].number_format = '#,##0.00 "mdy"'
    sheet["C7"].number_format = "[$-41D]d mmmm yyyy"
    sheet["C5"].number_format = "[Red]0.00"
    book.save(folder / "openpyxl.xlsx")


def with_1904(folder):
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["dag"])
    book.active.append([datetime.date(2027, 2, 1)])
    book.active.append([datetime.date(1904, 1, 2)])
    book.save(folder / "1904.xlsx")


def with_libreoffice(folder):
    with tempfile.TemporaryDirectory() as temporary:
        text = Path(temporary) / "libreoffice.csv"
        text.write_text(CSV, encoding="utf-8")
        for kind in ("xlsx", "ods", "xls"):
            # ; and ", UTF-8, from line 1, all columns as they look, Swedish.
            subprocess.run(["soffice", "--headless", f"-env:UserInstallation=file://{temporary}/profile",
                            "--infilter=CSV:59,34,76,1,,1053,false,true", "--convert-to", kind,
                            "--outdir", folder, text], check=True, stdout=subprocess.DEVNULL)


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = f'<worksheet {MAIN}><sheetData>%s</sheetData></worksheet>'
FINE = '<row><c t="inlineStr"><is><t>a</t></is></c></row><row><c t="s"><v>0</v></c></row>'


def parts():
    """A small workbook, part by part."""
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return {
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" '
                       f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{office}"><sheets>'
                           '<sheet name="Blad1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels":
            f'<Relationships xmlns="{relations}">'
            f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {MAIN}><si><t>b</t></si></sst>",
        "xl/worksheets/sheet1.xml": SHEET % FINE,
    }


def write(folder, name, changes, twice=None):
    """The small workbook with some parts changed, and one there twice."""
    with zipfile.ZipFile(folder / f"{name}.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in (parts() | changes).items():
            archive.writestr(zipfile.ZipInfo(part), text, zipfile.ZIP_DEFLATED, 9)
        if twice:
            archive.writestr(zipfile.ZipInfo(twice), parts()[twice])


def hostile(folder):
    sheet, strings, book = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels"
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    write(folder, "smallest", {})
    write(folder, "external-entity", {
        sheet: '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
               + SHEET % '<row><c t="inlineStr"><is><t>&e;</t></is></c></row>'})
    write(folder, "laughs", {
        strings: f'<!DOCTYPE sst [<!ENTITY l0 "ha">{laughs}]><sst {MAIN}><si><t>&l9;</t></si></sst>'})
    write(folder, "no-such-string", {sheet: SHEET % (FINE + '<row><c t="s"><v>1</v></c></row>')})
    write(folder, "path-up", {book: parts()[book].replace("worksheets/", "../../../../etc/")})
    write(folder, "path-outside", {book: parts()[book].replace("worksheets/sheet1.xml", "file:///etc/passwd")})
    write(folder, "deep", {sheet: SHEET % ("<c>" * 1_000_000)})
    write(folder, "wide", {sheet: SHEET % (FINE + '<row><c r="XFD3" t="s"><v>0</v></c></row>')})
    write(folder, "long-tag", {sheet: SHEET % f'<row x="{"y" * 1_000_000}"/>'})
    sys.stderr = open("/dev/null", "w", encoding="utf-8")  # zipfile warns of this one
    write(folder, "twice", {}, twice=sheet)
    whole = (folder / "smallest.xlsx").read_bytes()
    (folder / "truncated.xlsx").write_bytes(whole[:-60])
    at = whole.index(b"sheet1.xml") + 30
    (folder / "changed.xlsx").write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1:])
    # The archive says that the sheet is one byte.
    at = whole.rindex(b"PK\1\2", 0, whole.rindex(b"sheet1.xml"))
    (folder / "wrong-size.xlsx").write_bytes(whole[:at + 24] + b"\1\0\0\0" + whole[at + 28:])
    # And that it is encrypted.
    (folder / "encrypted.xlsx").write_bytes(whole[:at + 8] + b"\1" + whole[at + 9:])


def main():
    folder = Path(sys.argv[1])
    with_openpyxl(folder)
    with_1904(folder)
    with_libreoffice(folder)
    hostile(folder)


if __name__ == "__main__":
    main()
