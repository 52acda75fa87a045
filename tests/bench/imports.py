#!/usr/bin/python3
"""What it takes to read a case system's file of 100,000 rows.

    meson test --benchmark imports

In one run, one after the other: the import for real and its dry run, CSV and .xlsx, and beside them the sqlite3 shell,
which only puts the same CSV into a table. Fails when an import of the CSV takes more than 2 s or 64 MiB (medians).
"""
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from fake_survey import FakeSurvey, wave  # noqa: E402
from gateway import Gateway  # noqa: E402

ROWS = 100_000
ROUNDS = 5
SECONDS, MEBIBYTES = 2, 64
HEADER = ("person_id telefon namn språk verksamhetsområde enhet insats ålder juridiskt_kön ursprung beslut_från "
          "beslut_till lagrum skyddad sms_tillåtet").split()
AREAS = ["Ekonomiskt bistånd", "Missbruk och beroende", "Socialpsykiatri", "Funktionsnedsättning", "Barn och unga",
         "Äldreomsorg"]


def rows():
    chance = random.Random(1)
    for n in range(ROWS):
        yield [f"T-{n:06d}", f"07017{n:05d}", f"Påhittad Testsson{n}", "sv", chance.choice(AREAS), f"Enhet {n % 50}",
               "Boendestöd", str(chance.randint(18, 99)), chance.choice(["Kvinna", "Man"]), "Född i Sverige",
               "2026-01-15", "", "4 kap. 1 § SoL (2001:453)", "nej", "ja"]


def write_csv(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(";".join(HEADER) + "\n")
        file.writelines(";".join(row) + "\n" for row in rows())


def write_xlsx(path):
    import openpyxl  # pylint: disable=import-outside-toplevel
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    sheet.append(HEADER)
    for row in rows():
        sheet.append(row)
    book.save(path)


def measured(command):
    """Seconds, and the most memory in MiB."""
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def import_once(folder, survey, file, *more):
    gateway = Gateway(tempfile.mkdtemp(dir=folder), survey)
    return measured(gateway.command("import", "--wave", "2027-1", "--administration", "farsta", *more, file))


def into_table(folder, file):
    database = tempfile.mktemp(dir=folder)
    return measured(["sqlite3", database, ".mode csv", ".separator ;", f".import {file} rows"])


def main():
    survey = FakeSurvey()
    survey.waves = [wave()]
    with tempfile.TemporaryDirectory() as folder:
        csv, xlsx = Path(folder) / "rows.csv", Path(folder) / "rows.xlsx"
        write_csv(csv)
        write_xlsx(xlsx)
        ways = {"import, CSV": lambda: import_once(folder, survey, csv),
                "dry run, CSV": lambda: import_once(folder, survey, csv, "--dry-run"),
                "import, .xlsx": lambda: import_once(folder, survey, xlsx),
                "sqlite3 .import": lambda: into_table(folder, csv)}
        found = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                found[name].append(way())
    survey.close()
    medians = {name: tuple(map(statistics.median, zip(*values))) for name, values in found.items()}
    print(f"{ROWS} rows, medians of {ROUNDS}")
    for name, (seconds, memory) in medians.items():
        print(f"{name:16} {seconds:6.2f} s  {memory:6.1f} MiB  {seconds / medians['sqlite3 .import'][0]:5.1f} x sqlite3")
    seconds, memory = medians["import, CSV"]
    sys.exit(0 if seconds < SECONDS and memory < MEBIBYTES else 1)


if __name__ == "__main__":
    main()
