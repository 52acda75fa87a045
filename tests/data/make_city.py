#!/usr/bin/env python3
"""Writes the synthetic city: one import file per administration, and what is wrong on purpose.

Everybody in it is invented. The seed is fixed: the same files come out every time.
Usage: make_city.py FOLDER
"""
import json
import random
import sys
from pathlib import Path

COLUMNS = ("person_id;telefon;namn;språk;verksamhetsområde;enhet;insats;ålder;juridiskt_kön;"
           "ursprung;beslut_från;beslut_till;lagrum;skyddad;sms_tillåtet").split(";")

AREAS = {
    "ekonomiskt-bistand": ("Ekonomiskt bistånd", ["Försörjningsstöd"]),
    "missbruk-beroende": ("Missbruk och beroende", ["Öppenvård", "Boendestöd"]),
    "socialpsykiatri": ("Socialpsykiatri", ["Boendestöd", "Sysselsättning"]),
    "funktionsnedsattning": ("Funktionsnedsättning", ["Ledsagning", "Kontaktperson"]),
    "barn-unga": ("Barn och unga", ["Föräldrastöd", "Kontaktfamilj"]),
    "vald-nara-relation": ("Våld i nära relation", ["Stödsamtal"]),
    "aldreomsorg": ("Äldreomsorg", ["Hemtjänst", "Dagverksamhet"]),
}

# The legal grounds of a decision, as case workers write them: all count.
GROUNDS = {
    "funktionsnedsattning": ["9 § LSS", "LSS 9:4", "4 kap. 1 § SoL (2001:453)"],
    None: ["4 kap. 1 § SoL (2001:453)", "SoL 4:1", "Bistånd enligt socialtjänstlagen (2025:400)"],
}

# The last two digits of a telephone number tell the area: the outbox shows no more of a number than that, and
# deploy/demo must know whose link it answers.
ENDINGS = {"ekonomiskt-bistand": 30, "missbruk-beroende": 12, "socialpsykiatri": 10, "funktionsnedsattning": 14,
           "barn-unga": 10, "vald-nara-relation": 6, "aldreomsorg": 3, None: 15}

# What is wrong on purpose with one person each of every administration. Left out of the frame by a rule:
LEFT_OUT = [
    ("protected", {"skyddad": "ja"}),
    ("child", {"ålder": "11"}),
    ("young", {"ålder": "15", "sms_tillåtet": ""}),
    ("short", {"beslut_från": "2024-03-01", "beslut_till": "2024-03-14"}),
    ("ground", {"lagrum": "3 § LVU"}),
    ("ground-unknown", {"lagrum": ""}),
    ("area-unknown", {"verksamhetsområde": "Parkförvaltning"}),
]
# In the frame, and no SMS goes there:
NO_SMS = [
    ("landline", {"telefon": "08-465 004 04"}),
    ("foreign", {"telefon": "+1 202 555 0143"}),
    ("no-phone", {"telefon": ""}),
    ("bad-phone", {"telefon": "070-17406"}),
    ("sms-no", {"sms_tillåtet": "nej"}),
]

# Persons per area, in the order of AREAS. The last is small on purpose: with six of ten answering it stays under
# ten answers over the whole city, and the report must join it with the next smallest.
CITY = {
    "farsta": ([85, 25, 20, 30, 20, 12, 4], "utf-8", "\n"),
    "bromma": ([60, 20, 20, 25, 20, 11, 3], "utf-8", "\n"),
    "sodermalm": ([65, 30, 25, 30, 20, 12, 3], "cp1252", "\r\n"),
    "hagersten-alvsjo": ([70, 25, 20, 30, 20, 11, 4], "utf-8-sig", "\r\n"),
}

FIRST = ["Exempla", "Prova", "Testa", "Låtsa", "Fiktiva", "Demo", "Påhitta", "Mönstra"]
LAST = ["Exempelsson", "Provberg", "Påhittsdotter", "Testlund", "Låtsasäng", "Fiktivström",
        "Mallkvist", "Övningsson"]
ORIGINS = ["Född i Sverige", "Född i Norden", "Född i EU", "Född utanför EU"]
LANGUAGES = ["sv"] * 14 + ["en", "ar", "so", "fi", "uk", "fa"]


def luhn(digits):
    total = 0
    for place, digit in enumerate(digits):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number // 10 + number % 10
    return str(-total % 10)


def old_personnummer(chance):
    """Born in the 1890s, as Skatteverket's test numbers are: nobody alive has one."""
    day = f"{chance.randint(1890, 1899)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    serial = f"98{chance.randint(0, 9)}"
    return f"{day}-{serial}{luhn(day[2:] + serial)}"


def phone_text(chance, number):
    """The same number the ways case workers write it."""
    local = f"0701740{number:03}"
    return chance.choice([local, f"{local[:3]}-{local[3:]}", f"+46{local[1:]}",
                          f"{local[:3]}-{local[3:6]} {local[6:8]} {local[8:]}"])


def numbers_by_area():
    """070-1740000 … 070-1740999, dealt out by their last two digits; None: for those who get none.

    PTS has set 070-1740605 to 070-1740699 aside; they come first and are too few, see README.md.
    """
    order = [*range(605, 700), *range(0, 605), *range(700, 1000)]
    dealt, first = {}, 0
    for area, count in ENDINGS.items():
        dealt[area] = [number for number in order if first <= number % 100 < first + count]
        first += count
    return dealt


class City:
    def __init__(self):
        self.chance = random.Random(20270201)
        self.numbers = numbers_by_area()
        self.next_person = 123

    def person(self, administration, code, named, usable=True):
        chance = self.chance
        name, measures = AREAS[code]
        self.next_person += chance.randint(1, 9)
        row = {
            "person_id": f"T-{self.next_person:06}",
            "telefon": phone_text(chance, self.numbers[code if usable else None].pop(0)),
            "namn": f"{chance.choice(FIRST)} {chance.choice(LAST)}",
            "språk": chance.choice(LANGUAGES),
            "verksamhetsområde": name if named else code,
            "enhet": f"{administration}-enhet-{chance.randint(1, 3)}",
            "insats": chance.choice(measures),
            "ålder": str(chance.randint(66, 95) if code == "aldreomsorg" else chance.randint(18, 64)),
            "juridiskt_kön": chance.choice(["kvinna", "man"]),
            "ursprung": chance.choice(ORIGINS),
            "beslut_från": f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "beslut_till": "",
            "lagrum": chance.choice(GROUNDS.get(code, GROUNDS[None])),
            "skyddad": "nej",
            "sms_tillåtet": "ja",
        }
        if chance.random() < 0.03:
            row["person_id"] = old_personnummer(chance)
        return row

    def wrong(self, administration, named, good):
        """Rows of which something is to be said: which list of expected.json they stand in, and what is said."""
        def person(code):
            return self.person(administration, code, named, False)

        for reason, change in LEFT_OUT:
            yield "left_out", reason, person("ekonomiskt-bistand") | change
        for mark, change in NO_SMS:
            yield "no_sms", mark, person("ekonomiskt-bistand") | change
        one, other = person("socialpsykiatri"), person("socialpsykiatri")
        yield "no_sms", "shared", one
        yield "no_sms", "shared", other | {"telefon": one["telefon"]}
        yield "left_out", "duplicate", dict(good[0])
        yield "left_out", "sms-not-safe", person("vald-nara-relation") | {"sms_tillåtet": ""}

    def administration(self, administration, sizes, named):
        good = [self.person(administration, code, named)
                for code, size in zip(AREAS, sizes) for _ in range(size)]
        self.chance.shuffle(good)
        rows = [(None, None, row) for row in good]
        for wrong in list(self.wrong(administration, named, good)):
            # Late in the file: of two rows for one person it is the later that is left out.
            rows.insert(self.chance.randint(len(rows) * 3 // 4, len(rows)), wrong)
        return rows


def expected_of(rows):
    """What an import must make of the rows: persons of the frame, and by line, whom a rule leaves out and whom no
    SMS may go to."""
    codes = {name: code for code, (name, _) in AREAS.items()}
    lists = {"left_out": {}, "no_sms": {}}
    areas = dict.fromkeys(AREAS, 0)
    for line, (where, what, row) in enumerate(rows, start=2):
        if where:
            lists[where][str(line)] = what
        if where != "left_out":
            area = row["verksamhetsområde"]
            areas[codes.get(area, area)] += 1
    return {"usable": sum(areas.values()), "areas": areas} | lists


def main(folder):
    city = City()
    expected = {}
    for place, (administration, (sizes, encoding, newline)) in enumerate(CITY.items()):
        rows = city.administration(administration, sizes, named=place % 2 == 0)
        lines = [";".join(COLUMNS)] + [";".join(row[c] for c in COLUMNS) for _, _, row in rows]
        text = "".join(line + newline for line in lines)
        (folder / f"{administration}.csv").write_bytes(text.encode(encoding))
        expected[administration] = expected_of(rows)
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make_city.py FOLDER")
    main(Path(sys.argv[1]))
