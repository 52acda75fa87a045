"""Invented cities by seed: rows that hit every rule, and the files a case system could write of them.

What a row means is in the contract's own words, as the rules read it; what stands in the file may be a case system's.
"""
import configparser
import csv
import datetime
import io
import random
import unicodedata
from pathlib import Path

import openpyxl

ROOT = Path(__file__).resolve().parents[2]
VALUES = ROOT / "questionnaires" / "values"
MAPPINGS = ROOT / "deploy" / "mappings"
COLUMNS = ["person_id", "telefon", "namn", "språk", "verksamhetsområde", "enhet", "insats", "ålder", "juridiskt_kön",
           "ursprung", "beslut_från", "beslut_till", "lagrum", "skyddad", "sms_tillåtet"]
AREAS = ["ekonomiskt-bistand", "Missbruk och beroende", "SOCIALPSYKIATRI", "funktionsnedsattning", "Barn och  unga",
         "vald-nara-relation", "Våld i nära relation", "Äldreomsorg", "aldreomsorg"]
MEASURES = ["Försörjningsstöd", "Öppenvård", "Familjehem", "familjehem", "Bostad med särskild service", "Gruppbostad",
            "Jourhem", "Hemtjänst", ""]
GROUNDS = ["4 kap. 1 § SoL (2001:453)", "SoL 4:1", "sol-2025", "Bistånd enligt socialtjänstlagen (2025:400)", "9 § LSS",
           "LSS 9:2", "lss-9-4", "lss", "sol-2001-4-1"]
OTHER_GROUNDS = ["LVU (1990:52)", "3 § LVU", "lvm", "Annat beslut enligt SoL (2001:453)", "utan-beslut"]
NO_GROUNDS = ["", "17 kap. 4 §", "§"]
YES, NO = ["ja", "Ja", "J", "1", "true"], ["nej", "NEJ", "n", "0", "falskt"]


def read_ini(file):
    ini = configparser.ConfigParser(delimiters="=", interpolation=None)
    ini.optionxform = str
    ini.read(file, encoding="utf-8")
    return ini


def fold(text):
    """Letters and digits in lower case, without accents: how words are compared."""
    plain = unicodedata.normalize("NFKD", (text or "").casefold())
    return "".join(c for c in plain if c.isascii() and c.isalnum())


def check_digit(nine):
    total = sum(n // 10 + n % 10 for n in (int(d) * (2 - place % 2) for place, d in enumerate(nine)))
    return str(-total % 10)


class City:
    def __init__(self, seed, today, persons=130):
        self.chance = random.Random(seed)
        self.today = today
        self.mapping = [None, "treserva", None, "esset", "lifecare", "combine"][seed % 6]
        self.encoding = self.chance.choice(["utf-8", "utf-8-sig", "cp1252"])
        self.delimiter = self.chance.choice(";,\t")
        self.rules = self.choose_rules()
        self.exempt = self.chance.choice([[], [], ["missbruk-beroende"]])  # by the wave itself
        self.rows = []
        self.numbers = list(range(1000))
        self.chance.shuffle(self.numbers)
        for number in range(persons):
            self.rows += self.person(number)
        self.chance.shuffle(self.rows)
        for fault in ["columns"] * 3 + ["quotes"] * 3:
            self.rows.insert(self.chance.randrange(len(self.rows)), self.person(len(self.rows))[0] | {"problem": fault})

    def often(self, share):
        return self.chance.random() < share

    # The rules of the wave

    def choose_rules(self):
        chance = self.chance
        if chance.random() < 0.3:
            return None
        youngest = chance.choice([0, 13, 13, 16])
        return {"grounds": chance.choice([["bistand", "lss"], ["any"], ["lss"], ["bistand", "tvang"]]),
                "shortest": chance.choice([0, 1, 1, 3, 14]), "youngest": youngest,
                "adult": chance.choice([youngest, 18, 18, 20]),
                "unsafe": chance.choice([["vald-nara-relation"], [], ["vald-nara-relation", "barn-unga"]]),
                "areas": chance.choice([[], [], ["aldreomsorg"], ["aldreomsorg", "barn-unga"]]),
                "measures": chance.choice([[], ["Familjehem"], ["hvb", "Bostad med särskild service"],
                                           ["boende"]])}

    def rules_text(self):
        r = self.rules
        return (f"[frame]\ngrounds = {' '.join(r['grounds'])}\nshortest = {r['shortest']}\nyoungest = {r['youngest']}\n"
                f"adult = {r['adult']}\nunsafe = {' '.join(r['unsafe'])}\n[exempt]\nareas = {' '.join(r['areas'])}\n"
                f"measures = {' | '.join(r['measures'])}\n")

    # Persons

    def person(self, number):
        """One person's rows: mostly one."""
        chance = self.chance
        identity = self.identity(number)
        phone = self.phone()
        count = chance.choices([1, 2, 3, 5], [70, 18, 8, 4])[0]
        rows = [self.row(chance.choice(identity), chance.choice(phone), number) for _ in range(count)]
        if count > 1 and self.often(0.3):
            for row in rows[1:]:
                row["verksamhetsområde"] = rows[0]["verksamhetsområde"]
        return rows

    def identity(self, number):
        """The same person, written in several ways."""
        chance = self.chance
        kind = chance.choices(["own", "official", "mistyped", "reserve", "empty", "long"], [38, 42, 11, 4, 2, 3])[0]
        if kind == "own":
            return [f"T-{number:05}", f" T-{number:05} "]
        if kind == "reserve":
            return [chance.choice([f"19850101-AB{number % 100:02}", f"R-{number:08}"])]
        if kind == "empty":
            return ["", "  "]
        if kind == "long":
            return [chance.choice([f"{'å' * 31}{number:02}", "x" * 64])]
        born = self.born()
        day = born.day + chance.choice([0, 0, 0, 60])
        nine = f"{born:%y%m}{day:02}{chance.randint(0, 999):03}"
        digit = check_digit(nine)
        if kind == "mistyped":
            return [chance.choice([*[f"{born:%Y}{nine[2:6]}-{nine[6:]}{(int(digit) + chance.randint(1, 9)) % 10}"] * 3,
                                   f"{born:%Y}13{nine[4:]}{digit}", f"{born:%Y}0230-{nine[6:]}{digit}"])]
        ten, whole = nine + digit, f"{born:%Y}{nine[2:]}{digit}"
        sign = "+" if self.today.year - born.year >= 100 and self.hundred_years(born) else "-"
        return [whole, f"{whole[:8]}-{whole[8:]}", f"{whole[:8]} {whole[8:]}", f"{whole[:8]}\u2013{whole[8:]}",
                f"{ten[:6]}{sign}{ten[6:]}"] + ([ten] if sign == "-" else [])

    def hundred_years(self, born):
        return (born.month, born.day) <= (self.today.month, self.today.day) or self.today.year - born.year > 100

    def born(self):
        """Never a birthday today or about it; children, the young and the very old too."""
        chance = self.chance
        age = chance.choices([chance.randint(1, 15), chance.randint(12, 19), chance.randint(18, 99),
                              chance.randint(101, 110)], [10, 15, 70, 5])[0]
        while True:
            day = datetime.date(self.today.year - age, chance.randint(1, 12), chance.randint(1, 28))
            if abs(day.replace(year=2000).toordinal() - self.today.replace(year=2000, day=min(28, self.today.day))
                   .toordinal()) > 3:
                return day

    def phone(self):
        """The same number, written in several ways."""
        chance = self.chance
        kind = chance.choices(["mobile", "shared", "landline", "foreign", "premium", "bad", "missing"],
                              [66, 10, 8, 4, 3, 4, 5])[0]
        if kind == "landline":
            local = f"8{chance.randint(4650040, 4650049)}"
            return [f"0{local}", f"+46 (0){local}", f"0046{local}", f"08-{local[1:4]} {local[4:6]} {local[6:]}", f"tel 0{local}"]
        if kind == "foreign":
            return chance.choice([["+358 40 1234567", "00358401234567"], ["+1 202 555 0143"]])
        if kind == "premium":
            return ["0900 123 456", "+46 939 123 456", "0944123456", "099-123 45 67"]
        if kind == "bad":
            return ["070-17406", "mamma 0701740605", "070-1740605 / 070-1740606", "okänt", "1234567"]
        if kind == "missing":
            return ["", " "]
        digits = f"70174{self.numbers.pop() if kind == 'mobile' else chance.choice([990, 991, 992, 993]):04}"
        return [f"0{digits}", f"0{digits[:2]}-{digits[2:]}", f"+46 (0){digits}", f"0046{digits}", f"mobil: 0{digits}",
                f"Tel. 0{digits[:2]}/{digits[2:5]} {digits[5:]}", digits, f"46{digits}",
                # Which Windows-1252 does not have.
                *([f"0{digits[:2]}\u2011{digits[2:]}"] if self.encoding != "cp1252" else [])]

    def row(self, person, phone, number):
        chance = self.chance
        return {"problem": None, "person_id": person, "telefon": phone,
                "namn": chance.choice(["Prova Påhittsdotter", "Låtsa \"Lo\" Äng", "a;b,c", "två\nrader", f"Nr {number}", ""]),
                "språk": chance.choice(["sv", "Svenska", "en", "arabiska", "klingonska", "", "ti"]),
                "verksamhetsområde": "" if self.often(0.01) else "Parkförvaltning" if self.often(0.02) else chance.choice(AREAS),
                "enhet": f"Enhet {chance.randint(1, 3)}",
                "insats": chance.choice(MEASURES),
                "ålder": self.age(), "juridiskt_kön": chance.choice(["kvinna", "man", ""]), "ursprung": "",
                "lagrum": chance.choices([chance.choice(GROUNDS), chance.choice(OTHER_GROUNDS), chance.choice(NO_GROUNDS)],
                                         [86, 8, 6])[0],
                "skyddad": chance.choices([chance.choice(NO), "", chance.choice(YES), "kanske"], [80, 14, 5, 1])[0],
                "sms_tillåtet": chance.choices([chance.choice(YES), "", chance.choice(NO), "vet ej"], [60, 28, 10, 2])[0],
                } | self.decision()

    def age(self):
        chance = self.chance
        return chance.choices([str(chance.randint(18, 99)), str(chance.randint(10, 21)), "", chance.choice(["elva", "1234", "-1"])],
                              [45, 15, 38, 2])[0]

    def decision(self):
        """A day, and another so many months later: give or take some days."""
        chance = self.chance
        start = datetime.date(2026, 1, 1) + datetime.timedelta(chance.randrange(365))
        if self.often(0.3):
            start = start.replace(month=chance.choice([1, 3, 5, 8]), day=31)
        end = start + datetime.timedelta(chance.choice([-3, 0, 13, *range(26, 33), *range(88, 94), 300, 420, 430]))
        texts = [start.isoformat(), chance.choice([end.isoformat(), ""])]
        if self.often(0.02):
            texts[chance.randrange(2)] = chance.choice(["2026-02-30", "1/2 2026", "26-01-01", "2026-13-01"])
        return dict(zip(["beslut_från", "beslut_till"], texts))

    # Files

    def in_file(self):
        """Header and rows in the words of the file's system, in any order of columns."""
        columns = COLUMNS[:]
        self.chance.shuffle(columns)
        if not self.mapping:
            return [self.vary(name) for name in columns], columns, {}
        ini = read_ini(MAPPINGS / f"{self.mapping}.ini")
        header = [self.vary(self.chance.choice(ini["columns"].get(name, name).split("|")).strip()) for name in columns]
        words = {}
        for column in ("verksamhetsområde", "lagrum", "skyddad", "sms_tillåtet"):
            for theirs, ours in ini[f"values {column}"].items() if ini.has_section(f"values {column}") else []:
                words.setdefault((column, fold(ours)), []).extend(word.strip() for word in theirs.split("|"))
        return header, columns, words

    def vary(self, name):
        ways = [str, str.upper, str.title, lambda s: f" {s} ", lambda s: s.replace("_", " "),
                lambda s: s.replace("å", "a").replace("ä", "a").replace("ö", "o")]
        return self.chance.choice(ways)(name)

    def fields(self, row, columns, words):
        return [self.chance.choice([row[c], *words.get((c, fold(row[c])), [])]) for c in columns]

    def csv_file(self):
        """The bytes; every row is given its line."""
        chance = self.chance
        header, columns, words = self.in_file()
        newline = chance.choice(["\n", "\r\n"])
        out = []
        line = 1

        def add(text):
            nonlocal line
            line += text.count("\n") + 1
            out.append(text)

        if self.often(0.3):
            add(f"sep={self.delimiter}")
        if self.often(0.3):
            add("")
        add(self.csv_line(header))
        for row in self.rows:
            if self.often(0.03):
                add(chance.choice(["", self.delimiter * (len(columns) - 1)]))
            row["line"] = line
            fields = self.fields(row, columns, words)
            if row["problem"] == "columns":
                fields = chance.choice([fields[:-1] + ["x", "y"], fields[:3]])
                # Three columns with nothing in them would be a blank row.
                fields[0] = "x"
            if row["problem"] == "quotes":
                add(chance.choice(["\"T;x", "T\"1"]) + self.delimiter + self.delimiter.join("x" for _ in columns[1:]))
            else:
                add(self.csv_line(fields))
        return (newline.join(out) + newline).encode(self.encoding)

    def csv_line(self, fields):
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator="\n").writerow(fields)
        return text.getvalue()[:-1]

    def workbook(self, path):
        """The rows as a spreadsheet has them: days, numbers and truths are no texts there."""
        header, columns, words = self.in_file()
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(header)
        self.rows = [row for row in self.rows if not row["problem"]]
        line = 1
        for row in self.rows:
            line += 2 if self.often(0.03) else 1
            row["line"] = line
            for place, (column, text) in enumerate(zip(columns, self.fields(row, columns, words)), start=1):
                sheet.cell(line, place, self.cell(column, text))
        book.save(path)

    def cell(self, column, text):
        if column in ("beslut_från", "beslut_till") and self.often(0.7):
            try:
                return datetime.date.fromisoformat(text)
            except ValueError:
                return text
        if column in ("ålder", "telefon", "person_id") and text.isdigit() and text[0] != "0" and self.often(0.5):
            return int(text)
        if column in ("skyddad", "sms_tillåtet") and text in ("ja", "nej") and self.often(0.3):
            return text == "ja"
        return text
