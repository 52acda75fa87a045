#!/usr/bin/env python3
"""The invented city's respondents, for deploy/demo: finds their links in the outbox, answers them over HTTP,
and compares every published number with what was sent in.

Written apart from the daemons, from their definitions: which figures there are, when a group is hidden and what
a rest group holds.
"""
import argparse
import configparser
import csv
import html
import html.parser
import io
import json
import math
import random
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from person import Staff  # noqa: E402  a member of staff with a browser and an app for codes

GRADES = {"q1": 5, "q2": 5, "q3": 4, "q4": 5, "q5": 5, "q6": 4}
AREAS = ["ekonomiskt-bistand", "missbruk-beroende", "socialpsykiatri", "funktionsnedsattning",
         "barn-unga", "vald-nara-relation", "aldreomsorg"]
AREA_NAMES = {
    "ekonomiskt bistånd": "ekonomiskt-bistand", "missbruk och beroende": "missbruk-beroende",
    "socialpsykiatri": "socialpsykiatri", "funktionsnedsättning": "funktionsnedsattning",
    "barn och unga": "barn-unga", "våld i nära relation": "vald-nara-relation",
    "äldreomsorg": "aldreomsorg",
}
ANSWERED_FROM = 3     # of six questions; fewer is a break-off
THRESHOLD = 10        # graded answers in a shown group
DETAIL_FROM = 30      # graded answers in the smallest shown group
SEED = 20270201
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Disagreement(Exception):
    pass


def expect(what, got, wanted):
    if got != wanted:
        raise Disagreement(f"{what}: got {got!r}, expected {wanted!r}")


# The city


def read_rows(file):
    """An import file's rows, each with its line, and the area's code for its name."""
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    for line, row in enumerate(csv.DictReader(io.StringIO(text), delimiter=";"), start=2):
        area = row["verksamhetsområde"]
        yield str(line), row | {"verksamhetsområde": AREA_NAMES.get(area.lower(), area)}


class City:
    """Who is in the frame, and who of them can be called and get an SMS, from what is known to be wrong on purpose."""

    def __init__(self, folder, by_telephone):
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        self.invited = Counter()      # persons of the frame, by area
        self.drawn = 0                # to be called
        self.left_out = Counter()     # persons, by the reason's code
        self.endings = {}             # areas of those an SMS may go to, by the last two digits of their numbers
        self.most = Counter()         # SMS, by area, if the draw passes over everybody who can get one …
        self.fewest = Counter()       # … or over everybody who can't
        for administration, facts in expected.items():
            reachable, callable_ = Counter(), Counter()
            for line, row in read_rows(folder / f"{administration}.csv"):
                if line not in facts["left_out"]:
                    self.add(row, facts["no_sms"].get(line), reachable, callable_)
            self.left_out.update(reason for reason in facts["left_out"].values() if reason != "duplicate")
            for area in callable_:
                drawn = min(by_telephone, callable_[area])
                self.drawn += drawn
                self.most[area] += reachable[area] - max(0, drawn - (callable_[area] - reachable[area]))
                self.fewest[area] += reachable[area] - min(drawn, reachable[area])
        for ending, areas in self.endings.items():
            expect(f"the areas of the numbers that end in {ending}", len(set(areas)), 1)

    def add(self, row, no_sms, reachable, callable_):
        area = row["verksamhetsområde"]
        self.invited[area] += 1
        callable_[area] += no_sms in (None, "landline", "sms-no", "shared")
        if not no_sms:
            reachable[area] += 1
            self.endings.setdefault(re.sub(r"\D", "", row["telefon"])[-2:], []).append(area)


def read_mapping(file):
    """What a case system calls columns and areas: its first word for each."""
    mapping = configparser.ConfigParser(delimiters="=", interpolation=None)
    mapping.optionxform = str
    mapping.read(file, encoding="utf-8")
    return ({ours: theirs.split("|")[0].strip() for ours, theirs in mapping["columns"].items()},
            {code: theirs.split("|")[0].strip() for theirs, code in mapping["values verksamhetsområde"].items()})


def command_workbook(options):
    """The import file as a case system would write it, in a workbook with as few parts as there can be (ECMA-376)."""
    columns, areas = read_mapping(options.mapping)
    rows = [row | {"verksamhetsområde": areas.get(row["verksamhetsområde"], row["verksamhetsområde"])}
            for _, row in read_rows(options.file)]
    texts = [[columns.get(name, name) for name in rows[0]], *(row.values() for row in rows)]
    cells = "".join("<row>" + "".join(f'<c t="inlineStr"><is><t>{html.escape(text)}</t></is></c>' for text in row)
                    + "</row>" for row in texts)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' \
        f'<Relationship Id="r1" Type="{office}/%s" Target="%s"/></Relationships>'
    with zipfile.ZipFile(options.to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", relations % ("officeDocument", "xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
                                            '<sheet name="Export" sheetId="1" r:id="r1"/></sheets></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", relations % ("worksheet", "sheet1.xml"))
        archive.writestr("xl/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>')


# Links


class Words(html.parser.HTMLParser):
    """A page's text, without its tags."""

    def __init__(self, page):
        super().__init__()
        self.words = []
        self.feed(page)

    def handle_data(self, data):
        self.words.append(data)


def read_outbox(page, public):
    """Pairs of the number's last two digits and the code, from the page that shows the SMS."""
    ending = r"•• (?P<ending>[0-9]{2})\b"
    link = re.escape(public) + r"/(?P<code>[0-9A-Z]{16})\b"
    pairs, last = [], None
    for match in re.finditer(f"{ending}|{link}", "\n".join(Words(page).words)):
        if match["ending"]:
            last = match["ending"]
        else:
            pairs.append((last, match["code"]))
    return pairs


def wait_for_links(options, city):
    """The gateway sends in its own time; its outbox fills up. Area and link of everyone who got an SMS."""
    deadline = time.monotonic() + 60
    leader = take_seat(options.staff)
    while True:
        reply = leader.get("/outbox")
        expect("the outbox's status", reply.status, 200)
        pairs = read_outbox(reply.text, options.public)
        if len(pairs) >= options.messages or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    expect("how many SMS there are", len(pairs), options.messages)
    unwanted = Counter(ending for ending, _ in pairs) \
        - Counter({ending: len(areas) for ending, areas in city.endings.items()})
    expect("who got an SMS that was another's", unwanted, Counter())
    expect("how many codes there are", len({code for _, code in pairs}), len(pairs))
    links = sorted((city.endings[ending][0], f"{options.public}/{code}") for ending, code in pairs)
    for area, count in Counter(area for area, _ in links).items():
        if not city.fewest[area] <= count <= city.most[area]:
            raise Disagreement(f"{area}: got {count} SMS, expected {city.fewest[area]} to {city.most[area]}: "
                               "all who can get one and were not drawn to be called")
    return links


# Staff


def take_seat(file):
    """Who has been enrolled there, signed in."""
    kept = json.loads(file.read_text(encoding="utf-8"))
    staff = Staff(kept["url"], kept["name"])
    staff.recovery = kept["recovery"]
    fields = {"name": staff.name, "password": staff.password, "code": staff.recovery.pop(), "next": "/"}
    expect("signing in", staff.post("/staff/sign-in", fields).status, 303)
    file.write_text(json.dumps(kept), encoding="utf-8")
    return staff


def command_enrol(options):
    """Uses an invitation's link as its owner would, and shows what signs in: it is all invented."""
    site, _, _ = options.link.rpartition("/staff/welcome/")
    staff = Staff(site, options.name).enrol(options.link)
    kept = {"url": site, "name": staff.name, "recovery": staff.recovery}
    options.staff.write_text(json.dumps(kept), encoding="utf-8")
    print(f"    {site}/  name {staff.name}, password {staff.password}\n"
          f"        codes, each good once: {' '.join(staff.recovery[:4])}")


# The respondent's side


def fetch(address, fields=None):
    body = None if fields is None else urllib.parse.urlencode(fields).encode()
    try:
        with DIRECT.open(address, body, timeout=30) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Form(html.parser.HTMLParser):
    """What the answer form carries: hidden fields, and the options of each question."""

    def __init__(self, page):
        super().__init__()
        self.hidden = {}
        self.options = {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        field = dict(attributes)
        if tag == "input" and field.get("type") == "hidden":
            self.hidden[field["name"]] = field.get("value", "")
        if tag == "input" and field.get("type") == "radio":
            self.options.setdefault(field["name"], []).append(field.get("value", ""))


def open_form(address):
    status, page = fetch(address)
    expect("the form's status", status, 200)
    return Form(page).hidden


def walk(address, answers):
    """Goes through the form page by page, as a browser without JavaScript; what its last page would send."""
    fields, number = open_form(address), 1
    while True:
        status, page = fetch(address, fields | {"page": str(number)})
        expect("a page's status", status, 200)
        form = Form(page)
        question = next((name for name in form.options if name in GRADES), None)
        if question is None:
            return form.hidden
        offered = {value for value in form.options[question] if value}
        expect(f"the options of {question}", offered, {str(n) for n in range(1, GRADES[question] + 2)})
        chosen = {question: answers[question]} if question in answers else {}
        fields, number = form.hidden | chosen, int(question[1:]) + 1


class Respondent:
    """One person's behaviour: decided by the area and a place in it. What differs between two runs is whom the draw
    takes from the SMS."""

    def __init__(self, area, place):
        chance = random.Random(f"{SEED} {area} {place}")
        self.area = area
        self.does = chance.choices(["answer", "stop", "decline", "silence"], [61, 5, 4, 30])[0]
        self.reason = chance.choice(["wrong-person", "no"])
        self.twice = chance.random() < 0.1
        self.errs_first = chance.random() < 0.1
        self.answers = self.choose(chance) if self.does in ("answer", "stop") else {}

    def choose(self, chance):
        mood = 0.35 + 0.1 * (AREAS.index(self.area) % 4)
        answers = {}
        for question, grades in GRADES.items():
            luck = chance.random()
            if luck < 0.05:
                continue
            if luck < 0.13:
                answers[question] = grades + 1
            else:
                weights = [(1 - mood) * (grades - n) + mood * n for n in range(grades)]
                answers[question] = chance.choices(range(1, grades + 1), weights)[0]
        if self.does == "stop":
            answers = dict(list(answers.items())[: chance.randint(1, 2)])
        return answers or {"q4": 1}


def respond(address, person):
    """Plays one person; every reply on the way is checked."""
    if person.does == "silence":
        expect("a link that is only opened", fetch(address)[0], 200)
        return
    if person.does == "decline":
        again = open_form(address)
        hidden = open_form(address)
        expect("declining", fetch(address, hidden | {"decline": person.reason})[0], 200)
        expect("the link after declining", fetch(address)[0], 410)
        expect("an answer after declining", fetch(address, again | {"q1": "1"})[0], 410)
        return
    answers = {question: str(code) for question, code in person.answers.items()}
    again = open_form(address)
    if person.errs_first:
        expect("a form without an answer", fetch(address, again)[0], 422)
        expect("an option that is none", fetch(address, again | {"q1": "9"})[0], 422)
    filled = walk(address, answers)
    expect("an answer", fetch(address, filled)[0], 200)
    if person.twice:
        expect("the same form again", fetch(address, filled)[0], 200)
        expect("a second answer", fetch(address, again | {"q5": "5"})[0], 410)
        expect("the link after the answer", fetch(address)[0], 410)


def answer_all(options, city):
    respondents, places = [], Counter()
    for area, address in wait_for_links(options, city):
        person = Respondent(area, places[area])
        places[area] += 1
        respond(address, person)
        respondents.append(person)
    unknown = f"{options.public}/0123456789ABCDEF"
    expect("an unknown code", fetch(unknown)[0], 410)
    expect("an answer to an unknown code", fetch(unknown, {"q1": "1"})[0], 410)
    return respondents


# The figures, from the definitions


def in_base(question, answers):
    """Question 3 is for those who answered 1 or 2 on question 1 or 2."""
    return question != "q3" or answers.get("q1") in (1, 2) or answers.get("q2") in (1, 2)


def has_answered(answers):
    return bool(answers) and sum(not in_base(q, answers) or q in answers for q in GRADES) >= ANSWERED_FROM


def figures(question, group):
    """What one question's row would show if nothing were hidden."""
    codes = [person.answers.get(question) for person in group if in_base(question, person.answers)]
    grades = GRADES[question]
    options = [codes.count(code) for code in range(1, grades + 1)]
    return {"graded": sum(options), "dont_know": codes.count(grades + 1), "missing": codes.count(None),
            "options": options, "positive": options[0] + options[1]}


def joined(all_figures):
    total = {"options": [sum(column) for column in zip(*(f["options"] for f in all_figures))]}
    for key in ("graded", "dont_know", "missing", "positive"):
        total[key] = sum(f[key] for f in all_figures)
    return total


def unsafe(group):
    """Too few graded answers, or all alike."""
    alike = len(group["options"]) > 1 and max(group["options"]) == group["graded"]
    return group["graded"] < THRESHOLD or alike


def sibling_rule(children):
    """Which children are shown, and which make up the rest group: stats.md's rule 2."""
    rest = [code for code in children if unsafe(children[code])]
    shown = [code for code in children if code not in rest]
    while rest and shown and (len(rest) < 2 or unsafe(joined([children[code] for code in rest]))):
        smallest = min(shown, key=lambda code: children[code]["graded"])
        shown.remove(smallest)
        rest.append(smallest)
    groups = len(shown) + (1 if rest and not unsafe(joined([children[code] for code in rest])) else 0)
    return (shown, rest) if groups >= 2 else ([], [])


def wilson(positive, graded):
    """The 95 % score interval."""
    z, p = 1.959963984540054, positive / graded
    centre = (p + z * z / (2 * graded)) / (1 + z * z / graded)
    half = z / (1 + z * z / graded) * math.sqrt(p * (1 - p) / graded + z * z / (4 * graded ** 2))
    return centre - half, centre + half


def mean100(options):
    best = len(options)
    points = sum(count * 100 * (best - 1 - place) / (best - 1) for place, count in enumerate(options))
    return points / sum(options)


# The comparison


def is_hidden(value):
    if isinstance(value, dict):
        return all(is_hidden(part) for part in value.values())
    if isinstance(value, list):
        return all(is_hidden(part) for part in value)
    return value is None


def compare_rounded(what, got, exact, step):
    """Rounded to whole steps, whichever way a half goes."""
    if abs(got - exact) > step / 2 + 1e-9 or abs(got / step - round(got / step)) > 1e-6:
        raise Disagreement(f"{what}: got {got}, expected {exact:.4f} rounded to {step}")


def compare_question(where, got, wanted, detail):
    """How many figures were compared. wanted is None where nothing may be shown."""
    if wanted is None:
        expect(f"{where} is hidden", got is None or is_hidden(got), True)
        return 1
    expect(f"{where}, graded", got["graded"], wanted["graded"])
    positive = got["positive"]
    expect(f"{where}, positive n", positive["n"], wanted["positive"])
    low, high = wilson(wanted["positive"], wanted["graded"])
    compare_rounded(f"{where}, share", positive["share"], wanted["positive"] / wanted["graded"], 0.01)
    compare_rounded(f"{where}, low", positive["low"], low, 0.01)
    compare_rounded(f"{where}, high", positive["high"], high, 0.01)
    if not detail:
        rest = {key: got[key] for key in ("dont_know", "missing", "options", "mean100")}
        expect(f"{where}, detail is hidden", is_hidden(rest), True)
        return 6
    for key in ("dont_know", "missing", "options"):
        expect(f"{where}, {key}", got[key], wanted[key])
    compare_rounded(f"{where}, mean100", got["mean100"], mean100(wanted["options"]), 1)
    return 8 + len(wanted["options"])


def compare_city(row, respondents):
    checked = 0
    for question in GRADES:
        wanted = figures(question, respondents)
        checked += compare_question(f"the city, {question}", row["questions"][question], wanted,
                                    wanted["graded"] >= DETAIL_FROM)
    return checked


def compare_areas(rows, invited, respondents):
    """Every value of the set is a row, and perhaps a rest group."""
    areas = [area for area in rows if invited[area]]
    groups = {area: [p for p in respondents if p.area == area] for area in areas}
    checked = compare_counts(rows, invited, groups)
    for question in GRADES:
        children = {area: figures(question, groups[area]) for area in areas}
        shown, rest = sibling_rule(children)
        wanted = {area: children[area] for area in shown}
        if rest:
            wanted["rest"] = joined([children[area] for area in rest])
            print(f"    {question}: {' and '.join(rest)} are joined into one rest group")
        smallest = min((group["graded"] for group in wanted.values()), default=0)
        for area in rows | {"rest": None}:
            got = rows[area]["questions"].get(question) if area in rows else None
            checked += compare_question(f"{area}, {question}", got, wanted.get(area),
                                        smallest >= DETAIL_FROM)
    return checked


def compare_counts(rows, invited, groups):
    """How many answered is a breakdown too, with one kind of answer."""
    children = {area: {"graded": len(group), "options": [len(group)], "dont_know": 0, "missing": 0,
                       "positive": 0} for area, group in groups.items()}
    shown, rest = sibling_rule(children)
    for area, row in rows.items():
        if area != "rest":
            expect(f"{area}, invited", row["invited"], invited[area])
            expect(f"{area}, answered", row["answered"], len(groups[area]) if area in shown else None)
    if rest:
        expect("rest, invited", rows["rest"]["invited"], sum(invited[area] for area in rest))
        expect("rest, answered", rows["rest"]["answered"], sum(len(groups[area]) for area in rest))
    return 2 * len(rows)


def compare_quality(quality, city, respondents):
    answered = [p for p in respondents if has_answered(p.answers)]
    broken = [p for p in respondents if p.answers and not has_answered(p.answers)]
    counts = {"invited": city.invited.total(), "answered": len(answered)}
    expect("the frame", quality["frame"], counts["invited"])
    expect("invited", quality["invited"], counts["invited"])
    expect("answered", quality["answered"], counts["answered"])
    expect("break-offs", quality["break_off"], len(broken))
    # Nobody was called, so the two ways can't be told apart without telling how many answered in each.
    expect("channels", quality["channels"],
           {"sms": {"invited": counts["invited"] - city.drawn, "answered": None},
            "telephone": {"invited": city.drawn, "answered": None}})
    expect("left out", quality["left_out"], dict(city.left_out))
    return 6 + len(city.left_out)


def compare_report(report, city, respondents):
    answered = [p for p in respondents if has_answered(p.answers)]
    expect("counted", report["counted"], True)
    expect("published", report["published"], False)
    checked = 2 + compare_quality(report["quality"], city, respondents)
    tables = {tuple(table["by"]): table["rows"] for table in report["tables"]}
    expect("the tables", set(tables), {(), ("area",)})
    (whole,) = tables[()]
    expect("the city, invited", whole["invited"], city.invited.total())
    expect("the city, answered", whole["answered"], len(answered))
    checked += 2 + compare_city(whole, answered)
    rows = {row["key"]["area"]: row for row in tables[("area",)]}
    return checked + compare_areas(rows, city.invited, answered)


def show(report):
    """The report as a table to read in a terminal."""
    quality = report["quality"]
    print(f"\n{report['title']}: {quality['invited']} invited, {quality['answered']} answered, "
          f"{quality['break_off']} broke off")
    print(f"\n{'positive share':24}{'invited':>8}{'answered':>9}" + "".join(f"{q:>14}" for q in GRADES))
    for table in report["tables"]:
        for row in table["rows"]:
            name = " · ".join(row["key"].values()) or "the city"
            cells = "".join(f"{cell(row['questions'].get(q)):>14}" for q in GRADES)
            counts = "".join(f"{'-' if row.get(key) is None else row[key]:>{width}}"
                             for key, width in (("invited", 8), ("answered", 9)))
            print(f"{name:24}{counts}{cells}")
    print()


def cell(question):
    if not question or question["graded"] is None:
        return "-"
    return f"{question['positive']['share'] * 100:.0f} % of {question['graded']}"


# The course of a wave


def run(command, *arguments):
    done = subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise Disagreement(f"{' '.join(arguments)} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


def check_published(options, survey, report):
    address = f"{options.public}/resultat/{options.wave}"
    expect("the result page before it is published", fetch(address)[0], 404)
    run(survey, "publish", "--wave", options.wave)
    status, page = fetch(address)
    expect("the result page", status, 200)
    text = " ".join("".join(Words(page).words).split())
    for table in report["tables"]:
        for row in table["rows"]:
            for question in row["questions"].values():
                if question and question["graded"] is not None:
                    share = f"{question['positive']['share'] * 100:.0f} %"
                    expect(f"{share} on the result page", share in text, True)
    published = json.loads(run(survey, "report", "--wave", options.wave, "--format", "json"))
    expect("published", published["published"], True)
    expect("the tables after publishing", published["tables"], report["tables"])


def command_check(options, survey):
    city = City(options.city, options.by_telephone)
    print("Answering every link, as the invented people would")
    respondents = answer_all(options, city)
    does = Counter(person.does for person in respondents)
    print(f"    of {city.invited.total()} persons in the frame {len(respondents)} got an SMS")
    print(f"    {does['answer']} answer, {does['stop']} stop after a question or two, "
          f"{does['decline']} decline, {does['silence']} only look")
    print("Closing and counting the wave")
    run(survey, "wave", "close", "--id", options.wave)
    run(survey, "count", "--wave", options.wave, "--check")
    run(survey, "count", "--wave", options.wave)
    report = json.loads(run(survey, "report", "--wave", options.wave, "--format", "json"))
    show(report)
    print("Comparing with what was sent in")
    checked = compare_report(report, city, respondents)
    rows = list(csv.reader(io.StringIO(run(survey, "report", "--wave", options.wave, "--format", "csv")), delimiter=";"))
    expect("the columns of every CSV row", len({len(row) for row in rows}), 1)
    page = run(survey, "report", "--wave", options.wave, "--format", "html")
    expect("the HTML report's title", report["title"] in "".join(Words(page).words), True)
    check_published(options, survey, report)
    print(f"{checked} numbers compared")


def command_examples(options):
    for _, address in wait_for_links(options, City(options.city, options.by_telephone))[:2]:
        print(f"A link from one of them:           {address}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--city", type=Path, required=True, help="folder of the import files")
    parser.add_argument("--staff", type=Path, required=True, help="file that enrol writes, for who reads the outbox")
    parser.add_argument("--public", required=True, help="survey-server's base_url")
    parser.add_argument("--wave", required=True)
    parser.add_argument("--by-telephone", type=int, required=True, help="persons drawn of each area, to be called")
    parser.add_argument("--messages", type=int, required=True, help="SMS that the gateway has planned")
    commands = parser.add_subparsers(dest="command", required=True)
    enrol = commands.add_parser("enrol", help="uses an invitation's link and prints what signs in")
    enrol.add_argument("name")
    enrol.add_argument("link")
    workbook = commands.add_parser("workbook", help="writes an import file as a case system's workbook")
    workbook.add_argument("file", type=Path)
    workbook.add_argument("mapping", type=Path, help="what the case system calls things")
    workbook.add_argument("to", type=Path)
    commands.add_parser("examples", help="waits for the SMS and prints two links")
    check = commands.add_parser("check", help="answers, counts and compares")
    check.add_argument("survey", nargs="+", help="survey-server with its configuration")
    options = parser.parse_args()
    try:
        if options.command == "enrol":
            command_enrol(options)
        elif options.command == "workbook":
            command_workbook(options)
        elif options.command == "check":
            command_check(options, options.survey)
        else:
            command_examples(options)
    except Disagreement as fault:
        sys.exit(f"demo: {fault}")


if __name__ == "__main__":
    main()
