"""What a wave's settings change: drafts, the city's own questions, and what an area shows."""
import json
import random
import re
import shutil
from collections import Counter

import pytest

from survey import (AREAS, EDITIONS, QUESTIONS, ROOT, Browser, Invitation, answers_number, batch_of, coded, day, questionnaire,
                    running, shown, table, tally, value_set, words)

SKR = "skr-brukarfragor"
CHILDREN = AREAS.index("barn-unga")
ALL = {"drafts": "yes"}
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"


def own_question(n, language):
    graded = [{"valueCoding": {"code": str(c), "display": f"{language} {n} svar {c}",
                               "extension": [{"url": ORDINAL, "valueDecimal": 5 - c}]}} for c in range(1, 5)]
    return {"linkId": f"q{n}", "text": f"{language} egen fråga {n}", "type": "choice",
            "answerOption": graded + [{"valueCoding": {"code": "5", "display": f"{language} {n} vet inte"}}]}


def write_own(folder, name, count, editions=EDITIONS, first=7, status="active", **change):
    """The city's own questions, one file an edition."""
    for language, variant in editions:
        tag = {"system": "urn:brukarenkat:variant", "code": variant, "display": variant}
        resource = {"resourceType": "Questionnaire", "name": name, "title": "Våra frågor", "language": language, "status": status,
                    "meta": {"tag": [tag] if variant else []},
                    "item": [own_question(n, language) for n in range(first, first + count)]}
        file = folder / f"{name}.{language}{'.' * bool(variant)}{variant}.json"
        file.write_text(json.dumps(dict(resource, **change)))


def approve(folder, *editions):
    """A person has read them."""
    for edition in editions:
        file = folder / f"{SKR}.{edition}.json"
        file.write_text(json.dumps(dict(json.loads(file.read_text()), status="active")))
        texts = folder / "texts" / f"{edition}.ini"
        texts.write_text(texts.read_text().replace("status = draft", "status = active"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy") / "questionnaires"
    shutil.copytree(ROOT / "questionnaires", copy)
    write_own(copy, "egna", 2)
    write_own(copy, "fem", 5)
    write_own(copy, "svenska", 1, [("sv", "")])
    return copy


@pytest.fixture(scope="module")
def survey(tmp_path_factory, folder):
    with running(tmp_path_factory.mktemp("settings"), questionnaires=folder) as s:
        yield s


@pytest.fixture
def mine(tmp_path):
    """A folder of questionnaires to change, and a survey-server that reads it."""
    copy = tmp_path / "questionnaires"
    shutil.copytree(ROOT / "questionnaires", copy)
    with running(tmp_path / "s", serve=False, questionnaires=copy) as s:
        yield s, copy


def invite(survey, wave, count, area=0):
    people = [Invitation(survey.invitation_key, wave, area=area, stratum=area) for _ in range(count)]
    reply = survey.put(people, wave)
    assert reply.status == 201, reply.body
    return people


def counted(survey, wave):
    survey.must("wave", "close", "--id", wave)
    survey.must("count", "--wave", wave)
    return json.loads(survey.report(wave))


def editions_of(survey, person):
    """Which editions the form offers."""
    found = set()
    with Browser(survey) as browser:
        page = browser.open(person.path + "?lang=sv&variant=")
        languages = [l for l, _ in page.options("lang")] if page.all("select", name="lang") else ["sv"]
        for language in languages:
            page = browser.open(f"{person.path}?lang={language}&variant=")
            found |= {(language, v) for v, _ in page.options("variant")} if page.all("select", name="variant") else {(language, "")}
    return found


# Drafts.


def test_drafts_are_left_out_and_it_is_said(survey):
    said = survey.add_wave("utan")
    line, = [l for l in said.splitlines() if l.startswith("left out")]
    names = re.search(r"approved them: (.*); `drafts = yes`", line)[1].split(", ")
    assert sorted(names) == sorted(f"{l}.{v}".rstrip(".") for l, v in EDITIONS if (l, v) != ("sv", ""))
    one, = invite(survey, "utan", 1)
    assert editions_of(survey, one) == {("sv", "")}
    # With nothing to choose between there is no choice; and a draft can't be asked for.
    with Browser(survey, "ar") as browser:
        for query in ["", "?lang=ar", "?lang=sv&variant=barn", "?lang=en&variant=bildstod"]:
            page = browser.open(one.path + query)
            assert (page.language, page.variant) == ("sv", "") and not page.all("select")
            assert page.button(words()["switch"]) is None


def test_drafts_are_taken_when_told(survey):
    said = survey.add_wave("alla", settings={"form": ALL})
    assert "left out" not in said
    one, = invite(survey, "alla", 1)
    assert editions_of(survey, one) == set(EDITIONS)


def test_languages_that_are_named(survey):
    survey.add_wave("nagra", settings={"form": dict(ALL, languages="sv fi ti")})
    one, = invite(survey, "nagra", 1)
    assert editions_of(survey, one) == {e for e in EDITIONS if e[0] in ("sv", "fi", "ti")}
    with Browser(survey, "ar, ti;q=0.1") as browser:
        assert browser.open(one.path).language == "ti"


def test_named_language_that_is_a_draft_is_refused(survey, folder):
    before = survey.dump(), sorted(f.name for f in survey.keys.iterdir())
    said = survey.refused(*survey.adding("utkast", settings={"form": {"languages": "sv en"}}))
    assert f"{folder}/{SKR}.en.json" in said and "draft" in said and "drafts = yes" in said
    assert (survey.dump(), sorted(f.name for f in survey.keys.iterdir())) == before


def test_swedish_that_is_a_draft_is_refused(mine):
    survey, folder = mine
    file = folder / f"{SKR}.sv.json"
    file.write_text(file.read_text().replace('"status": "active"', '"status": "draft"'))
    for settings in [None, {"form": {"languages": "sv"}}]:
        said = survey.refused(*survey.adding(settings=settings))
        assert str(file) in said and "draft" in said
    survey.add_wave(settings={"form": ALL})


def test_what_a_person_has_approved_is_taken(mine):
    survey, folder = mine
    approve(folder, "ar", "sv.barn")
    # The questions alone are not enough: the page's other words are a draft yet.
    file = folder / f"{SKR}.en.json"
    file.write_text(file.read_text().replace('"status": "draft"', '"status": "active"'))
    said = survey.add_wave(settings="[form]\n")
    names = re.search(r"approved them: (.*); `drafts = yes`", said)[1].split(", ")
    assert sorted(names) == sorted(f"{l}.{v}".rstrip(".") for l, v in EDITIONS
                                   if (l, v) not in [("sv", ""), ("ar", ""), ("sv", "barn")])
    survey.serve()
    one, = invite(survey, "2027-1", 1)
    assert editions_of(survey, one) == {("sv", ""), ("sv", "barn"), ("ar", "")}


def test_wave_keeps_its_questions(mine):
    """What is changed afterwards counts from the next wave."""
    survey, folder = mine
    survey.add_wave()
    text = questionnaire()["item"][0]["text"]
    file = folder / f"{SKR}.sv.json"
    changed = json.loads(file.read_text())
    changed["item"][0]["text"] = "Något helt annat?"
    file.write_text(json.dumps(changed))
    survey.serve()
    survey.add_wave("nasta")
    for wave, expected in [("2027-1", text), ("nasta", "Något helt annat?")]:
        one, = invite(survey, wave, 1)
        with Browser(survey) as browser:
            browser.open(one.path)
            assert browser.press("Börja").heading == expected


# Settings that are wrong.


WRONG = {
    "layout": ("[form]\nlayout = pagina\n", 2, "neither pages nor one-page"), "drafts": ("\n\n[form]\ndrafts = ja\n", 4, "yes nor no"),
    "languages": ("[form]\nlanguages =\n", 2, "no language"), "key": ("[form]\nfarg = blå\n", 2, "farg"),
    "section": ("[formular]\nlayout = pages\n", 2, "[formular]"), "no section": ("layout = pages\n", 1, "unknown section"),
    "hidden": ("[area barn-unga]\nhide = q5 q12\n", 2, "q12"), "hidden word": ("[area barn-unga]\nhide = fråga5\n", 2, "fråga5"),
    "hidden zero": ("[area barn-unga]\nhide = q0\n", 2, "q0"), "exempt": ("[area barn-unga]\nexempt = 1\n", 2, "yes nor no"),
    "area key": ("[area barn-unga]\nfärg = blå\n", 2, "unknown key"), "twice": ("[form]\ndrafts = no\ndrafts = yes\n", 3, "drafts"),
    "background": ("[background]\nvariables = sex kon/../age\n", 2, "kon/../age"),
    "background key": ("[background]\nvariabler = sex\n", 2, "variabler"),
    "background twice": ("[background]\nvariables = sex age sex\n", 2, "sex stands twice"),
    "background always": ("[background]\nvariables = area\n", 2, "area"),
    "background many": ("[background]\nvariables = " + " ".join(f"v{n}" for n in range(12)) + "\n", 2, "more than 11"),
    "nonsense": ("[form]\nnonsens\n", 2, ""), "broken": ("[form\nlayout = pages\n", 1, ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_settings_name_file_and_line(survey, name):
    text, line, word = WRONG[name]
    before = survey.dump(), sorted(f.name for f in survey.keys.iterdir())
    said = survey.refused(*survey.adding("fel", settings=text))
    assert said.startswith(f"survey-server: wave add: {survey.folder}/fel.ini:{line}: ") and word in said, said
    assert (survey.dump(), sorted(f.name for f in survey.keys.iterdir())) == before


@pytest.mark.parametrize("settings, word", [
    ({"area mars": {"hide": "q1"}}, "mars"), ({"area barn-unga": {"hide": "q1 q2 q3 q4 q5 q6"}}, "must leave a question"),
    ({"area barn-unga": {"hide": "q7"}}, "barn-unga"), ({"area barn-unga": {"variant": "finns-inte"}}, "finns-inte"),
    ({"form": {"languages": "sv xx"}}, "xx"), ({"form": {"languages": "ar en", **ALL}}, "sv"),
    ({"background": {"variables": "sex unit"}}, "values/unit.ini"),
    ({"form": {"own": "finns-inte"}}, "finns-inte.sv.json"), ({"form": {"own": "../values"}}, "values")])
def test_settings_that_fit_nothing(survey, settings, word):
    before = survey.dump()
    said = survey.refused(*survey.adding("fel", settings=settings))
    assert word in said and survey.dump() == before


def test_settings_of_the_example(survey):
    survey.add_wave("exempel", settings=ROOT / "deploy" / "wave.conf")
    one, = invite(survey, "exempel", 1)
    assert editions_of(survey, one) == {("sv", "")}


def test_settings_that_are_not_there(survey, tmp_path):
    for file in [tmp_path / "finns-inte.ini", tmp_path]:
        assert str(file) in survey.refused(*survey.adding("fel", settings=file))


# What is kept of a person.


BACKGROUND = ["sex", "age", "origin", "measure"]


def test_background_of_a_wave(survey):
    for name, more in [("bakgrund-0", []), ("bakgrund-1", ["origin"]), ("bakgrund-4", BACKGROUND)]:
        survey.add_wave(name, settings={"background": {"variables": " ".join(more)}} if more else None)
        told = survey.wave(name)["variables"]
        assert [v["code"] for v in told] == ["administration", "area", *more]
        for variable in told:
            # Neither finer values nor coarser ones, and of all there are today.
            assert {v["code"]: v["name"] for v in variable["values"]} == value_set(variable["code"])
    assert [v["name"] for v in told[2:]] == ["Juridiskt kön", "Åldersgrupp", "Ursprung", "Insats"]


def test_background_is_kept_with_the_answer(survey):
    survey.add_wave("bakgrund", settings={"background": {"variables": " ".join(BACKGROUND)}})
    person = Invitation(survey.invitation_key, "bakgrund", area=2, stratum=2, more=[1, 5, 3, 20])
    assert survey.put([person], "bakgrund").status == 201
    with survey.public() as web:
        assert web.post(person.path, answers_number(7)).status == 200
    plain, = survey.box("bakgrund").plain()
    values = [int.from_bytes(plain[at:at + 2], "big") for at in range(4, 30, 2)]
    assert values == [1, 2, 1, 5, 3, 20] + [0xffff] * 7
    assert counted(survey, "bakgrund")["quality"]["answered"] == 1


@pytest.mark.parametrize("language, variant", [e for e in EDITIONS if e[1] in ("", "lattlast")])
def test_person_is_told_all_that_is_kept(survey, language, variant):
    """The last page names every variable, in the page's words, and those only."""
    say = words(language, variant)
    for wave, more in [("berattas", BACKGROUND), ("berattas-utan", [])]:
        if wave not in survey.must("wave", "list"):
            survey.add_wave(wave, settings={"form": ALL, "background": {"variables": " ".join(more)}})
        one, = invite(survey, wave, 1)
        with Browser(survey) as browser:
            page = browser.open(f"{one.path}?lang={language}&variant={variant}")
            page = browser.press(say["first_begin"])
            while page.all("legend", "h1") and page.number < 7:
                page = browser.press(say["next"], **{f"q{page.number}": "1"})
        kept = (say["background_between"] + " ").join(say[f"background_{v}"] for v in ["administration", "area", *more])
        told = [li.text for li in page.all("li")]
        assert told == [say["saved_answers"], say["saved_background"].replace("{background}", kept)]
        # No word of it is Swedish unless the page is.
        assert language == "sv" or not any(v["name"] in " ".join(told) for v in survey.wave(wave)["variables"])


def test_citys_own_variable_is_told_by_its_name(mine):
    survey, folder = mine
    (folder / "values" / "bostadslage.ini").write_text(
        "[variable]\ncode = bostadslage\nname = Bostadsläge\n[values]\nstad = Stad <&>\nland = Land\n")
    survey.add_wave(settings={"background": {"variables": "bostadslage"}})
    survey.serve()
    assert survey.wave()["variables"][2] == {"code": "bostadslage", "name": "Bostadsläge", "values": [
        {"code": "stad", "name": "Stad <&>"}, {"code": "land", "name": "Land"}]}
    one, = invite(survey, "2027-1", 1)
    with survey.public() as web:
        assert "stödet hör till, Bostadsläge.</li>" in web.post(one.path, {"q1": "1", "page": "7"}).body.decode()


def test_values_of_the_opening_day(mine):
    """What is valid when the wave opens, not when it is added; and the wave keeps it."""
    survey, folder = mine
    file = folder / "values" / "administration.ini"
    text = file.read_text()
    file.write_text(text.replace("[valid]\n", f"[valid]\nfarsta = - {day(9)}\nbromma = {day(10)} -\n"))
    everyone = list(value_set("administration"))
    for name, opens, gone in [("nu", 0, "bromma"), ("sista", 9, "bromma"), ("forsta", 10, "farsta")]:
        survey.add_wave(name, opens=opens)
    file.write_text(text)
    survey.serve()
    for name, opens, gone in [("nu", 0, "bromma"), ("sista", 9, "bromma"), ("forsta", 10, "farsta")]:
        assert [v["code"] for v in survey.wave(name)["variables"][0]["values"]] == [c for c in everyone if c != gone]
    people = [Invitation(survey.invitation_key, "forsta")]
    reply = survey.put(people, "forsta")
    assert reply.status == 400 and "administration" in reply.json()["error"]
    assert survey.put(people, "forsta", administration="jarva").status == 201


BAD_SETS = {
    "parent": ("[parents]\n", "[parents]\nfarsta = bromma\n", ": [parents] farsta = bromma: "), "key": ("[valid]", "[giltig]", "unknown key \"hagersten-alvsjo\" in [giltig]"),
    "circle": ("[parents]\n", "[groups]\nalla = Alla\n[parents]\nalla = alla\n", "circle"), "code": ("jarva = J", "Järva = J", "no code"),
    "twice": ("[local]\n", "[local]\nfarsta = Farsta\n", "two sections"), "orphan": ("[local]\n", "[local]\nx = X\n", "x has no parent"),
    "day": ("2023-07-01 -", "2023-07-01", "2023-07-01"), "nothing": ("[values]", "[groups]", "[parents]"), "other": ("code = a", "code = b", "code must be"),
}


@pytest.mark.parametrize("name", BAD_SETS)
def test_bad_value_set_adds_no_wave(mine, name):
    survey, folder = mine
    old, new, word = BAD_SETS[name]
    file = folder / "values" / "administration.ini"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    before = survey.dump(), sorted(f.name for f in survey.keys.iterdir())
    said = survey.refused(*survey.adding())
    assert said.startswith(f"survey-server: wave add: {file}:") and word in said, said
    assert (survey.dump(), sorted(f.name for f in survey.keys.iterdir())) == before


# The city's own questions.


@pytest.mark.parametrize("language, variant", [("sv", ""), ("sv", "barn"), ("fa", ""), ("uk", "bildstod")])
@pytest.mark.parametrize("name, many", [("egna", 2), ("fem", 5)])
def test_own_questions_come_after_the_six(survey, name, many, language, variant):
    if name not in survey.must("wave", "list"):
        survey.add_wave(name, settings={"form": dict(ALL, own=name)})
    one, = invite(survey, name, 1)
    say, before = words(language, variant), survey.box(name).ballots()
    own = {f"q{n}": str(1 + n % 5) for n in range(7, 7 + many - 1)}
    with Browser(survey) as browser:
        browser.open(f"{one.path}?lang={language}&variant={variant}")
        page = browser.press(say["first_begin"])
        steps, headings = [], []
        while page.number <= 6 + many:
            steps.append(page.step)
            headings.append(page.heading)
            q = f"q{page.number}"
            if page.number > 6:
                asked = own_question(page.number, language)
                assert page.heading == asked["text"]
                assert page.radios(q) == [(o["valueCoding"]["code"], o["valueCoding"]["display"])
                                          for o in asked["answerOption"]] + [("", say["decline"])]
            page = browser.press(say["next"], **{q: own.get(q, "" if page.number > 6 else "1")})
        assert len(headings) == 6 + many
        assert steps == [say["step"].replace("{n}", str(n)).replace("{count}", str(6 + many)) for n in range(1, 7 + many)]
        told = [b.text for b in page.one("dl").all("b")][6:]
        assert told == [f"{language} {q[1:]} " + ("vet inte" if c == "5" else f"svar {c}") for q, c in own.items()] + [say["decline"]]
        page = browser.press(say["send"])
        assert page.heading == say["thanks_title"]
    codes = tuple(map(int, own.values()))
    new = list((Counter(survey.box(name).ballots()) - Counter(before)).elements())
    assert new == [(0, (1, 1, 1, 1, 1, 1), codes + (0,) * (5 - len(codes)), 0)]


@pytest.mark.parametrize("language, variant", [("sv", ""), ("ti", "bildstod"), ("uk", "bildstod")])
def test_length_tells_nothing_of_own_questions_either(survey, language, variant):
    wave = f"lang-{language}"
    survey.add_wave(wave, settings={"form": dict(ALL, own="fem")})
    one, = invite(survey, wave, 1)
    rng, forms = random.Random(wave), []
    for n in range(300):
        codes = [rng.choice(["", "1", "3", "5"]) for _ in range(11)] if n % 3 else [rng.choice(["", "1", "5"])] * 11
        fields = {f"q{q}": code for q, code in enumerate(codes, 1) if rng.random() < 0.8 or n % 3 == 0}
        forms.append(dict(fields, lang=language, variant=variant, nonce=f"{rng.getrandbits(128):032x}", page=n % 13))
    lengths = survey.lengths(one, forms)
    assert set(lengths) == set(range(13)) and {page: counts for page, counts in lengths.items() if len(counts) != 1} == {}


def test_own_questions_on_one_page(survey):
    survey.add_wave("sida", settings={"form": {"own": "svenska", "layout": "one-page"}})
    one, = invite(survey, "sida", 1)
    with Browser(survey) as browser:
        page = browser.open(one.path)
        assert [h.text for h in page.all("h2")][6] == "sv egen fråga 7"
        assert browser.press(words()["send"], q7="3").heading == words()["thanks_title"]
    assert survey.box("sida").ballots() == [(0, (0,) * 6, (3, 0, 0, 0, 0), 0)]


def test_own_questions_are_reported(survey):
    survey.add_wave("raknad", settings={"form": {"own": "svenska"}})
    people = invite(survey, "raknad", 90) + invite(survey, "raknad", 90, area=1)
    codes = [n % 7 for n in range(180)]  # 0: not answered; 6 is no option
    with survey.public() as web:
        for n, person in enumerate(people):
            fields = dict(answers_number(n), q7=str(codes[n]) if 0 < codes[n] < 6 else "")
            assert web.post(person.path, fields).status == 200
        assert web.post(invite(survey, "raknad", 1)[0].path, {"q1": "1", "q7": "6"}).status == 422
        assert web.post(invite(survey, "raknad", 1)[0].path, {"q1": "1", "q8": "1"}).status == 400
    report = counted(survey, "raknad")
    assert report["quality"]["answered"] == 180
    expected = {"graded": sum(1 <= c <= 4 for c in codes), "options": [codes.count(c) for c in range(1, 5)],
                "dont_know": codes.count(5), "missing": codes.count(0) + codes.count(6)}
    city = table(report)[0]["questions"]["q7"]
    assert {k: city[k] for k in expected} == expected
    assert shown(table(report)[0]) == tally([coded(answers_number(n)) for n in range(180)])
    for place, row in enumerate(table(report, "area")[:2]):
        part = codes[90 * place:90 * (place + 1)]
        assert row["questions"]["q7"]["options"] == [part.count(c) for c in range(1, 5)]
    lines = [l.split(";") for l in survey.must("report", "--wave", "raknad", "--format", "csv").splitlines()]
    line, = [l for l in lines if l[0] == '"Hela staden"' and l[3] == "q7"]
    assert [int(x) for x in line[12:16]] == expected["options"]
    assert "sv egen fråga 7" in survey.must("report", "--wave", "raknad", "--format", "html")


def test_own_questions_that_are_too_many(mine):
    survey, folder = mine
    write_own(folder, "sex", 6, [("sv", "")])
    said = survey.refused(*survey.adding(settings={"form": {"own": "sex"}}))
    assert f"{folder}/sex.sv.json" in said and "item[5]" in said and "at most five" in said
    done = survey.command("check-questionnaire", folder / "sex.sv.json")
    assert done.returncode == 1 and "item[5]" in done.stderr and "at most five" in done.stderr
    write_own(folder, "fem", 5, [("sv", "")])
    assert survey.command("check-questionnaire", folder / "fem.sv.json").returncode == 0
    survey.add_wave(settings={"form": {"own": "fem"}})


def test_own_questions_that_an_edition_lacks(mine):
    survey, folder = mine
    write_own(folder, "egna", 2, [e for e in EDITIONS if e != ("fi", "bildstod")])
    said = survey.refused(*survey.adding(settings={"form": dict(ALL, own="egna")}))
    assert f"{folder}/egna.fi.bildstod.json is missing" in said
    survey.add_wave(settings={"form": dict(ALL, own="egna", languages="sv en ar")})


@pytest.mark.parametrize("change, file, reason", [
    (dict(first=1), "egna.sv.json", "q7 to q11"), (dict(first=8), "egna.sv.json", "item[0].linkId"), (dict(name="andra"), "egna.sv.json", "andra.sv.json"),
    (dict(item=[dict(own_question(7, "sv"), type="text")]), "egna.sv.json", "item[0].type"), (dict(language="en"), "egna.sv.json", "egna.en.json")])
def test_own_questions_that_are_wrong(mine, change, file, reason):
    survey, folder = mine
    first = change.pop("first", 7)
    write_own(folder, "egna", 2, [("sv", "")], first=first)
    resource = json.loads((folder / "egna.sv.json").read_text())
    (folder / "egna.sv.json").write_text(json.dumps(dict(resource, **change)))
    before = survey.dump()
    said = survey.refused(*survey.adding(settings={"form": {"own": "egna"}}))
    assert f"{folder}/{file}" in said and reason in said, said
    assert survey.dump() == before


def test_own_questions_that_lack_what_others_have(mine):
    survey, folder = mine
    write_own(folder, "egna", 2, [("sv", ""), ("en", "")])
    file = folder / "egna.en.json"
    resource = json.loads(file.read_text())
    del resource["item"][1]["answerOption"][4]
    file.write_text(json.dumps(resource))
    for said in [survey.refused(*survey.adding(settings={"form": {"own": "egna"}})), survey.refused("check-questionnaire", file)]:
        assert f"{file}: Questionnaire.item[1]: lacks the code of the option 5" in said


def test_own_questions_that_are_a_draft(mine):
    survey, folder = mine
    write_own(folder, "egna", 1, [("sv", "")], status="draft")
    settings = {"form": {"own": "egna", "languages": "sv"}}
    assert "draft" in survey.refused(*survey.adding(settings=settings))
    write_own(folder, "egna", 1, [("sv", ""), ("sv", "barn"), ("sv", "lattlast"), ("sv", "bildstod")], status="draft")
    survey.add_wave(settings={"form": dict(settings["form"], **ALL)})


# What an area shows.


def test_hidden_question_is_not_asked(survey):
    survey.add_wave("dold", settings={"form": ALL, "area barn-unga": {"hide": "q5"}, "area socialpsykiatri": {"hide": "q1 q2"}})
    seen = {}
    with Browser(survey) as browser:
        for area in [0, CHILDREN, AREAS.index("socialpsykiatri")]:
            one, = invite(survey, "dold", 1, area)
            browser.open(one.path)
            page = browser.press("Börja")
            steps, asked = [], []
            while page.number != 7:
                steps.append(page.step)
                asked.append(page.all("input", type="radio")[0].get("name"))
                page = browser.press("Nästa", **{asked[-1]: "2"})
            count = len(QUESTIONS) - {0: 0, CHILDREN: 1}.get(area, 2)
            # Question 3 rests on answers that nobody can give where 1 and 2 are hidden.
            assert steps == [f"Fråga {n} av {count}" for n in range(1, count + 1)][-len(steps):]
            texts = [questionnaire()["item"][QUESTIONS.index(q)]["text"] for q in asked]
            assert [t.text for t in page.all("dt")] == texts
            # The way back passes what is hidden, too.
            back = []
            while page.number:
                page = browser.press("Tillbaka")
                back += [page.all("input", type="radio")[0].get("name")] if page.number else []
            assert back == asked[::-1]
            seen[area] = asked
    assert seen == {0: QUESTIONS, CHILDREN: ["q1", "q2", "q3", "q4", "q6"], AREAS.index("socialpsykiatri"): ["q4", "q5", "q6"]}


def test_hidden_question_is_not_asked_on_one_page(survey):
    survey.add_wave("doldsida", settings={"form": {"layout": "one-page"}, "area barn-unga": {"hide": "q5"}})
    with Browser(survey) as browser:
        for area, number in [(0, 6), (CHILDREN, 5)]:
            page = browser.open(invite(survey, "doldsida", 1, area)[0].path)
            assert len(page.all("fieldset")) == number + 1
            assert bool(page.radios("q5")) == (number == 6)


def test_posted_answer_to_a_hidden_question_is_dropped(survey):
    survey.add_wave("tappad", settings={"area barn-unga": {"hide": "q5"}})
    with survey.public() as web:
        for area in [0, CHILDREN]:
            one, = invite(survey, "tappad", 1, area)
            assert web.post(one.path, {"q4": "1", "q5": "2", "q6": "3"}).status == 200
        one, = invite(survey, "tappad", 1, CHILDREN)
        # Alone it is no answer at all.
        assert web.post(one.path, {"q5": "2"}).status == 422
        assert web.get(one.path).status == 200
    assert survey.box("tappad").answers() == [(0, (0, 0, 0, 1, 2, 3)), (CHILDREN, (0, 0, 0, 1, 0, 3))]


def test_hidden_question_is_counted_as_not_asked(survey):
    """Its area has no figures for it, the city's base leaves the area out, and its siblings keep their detail. Where
    the setting is missing the same answers take one of the siblings into the rest."""
    reports = {}
    for wave, settings in [("hold", {"area barn-unga": {"hide": "q5"}}), ("visad", {})]:
        survey.add_wave(wave, settings=settings)
        sent = {}
        with survey.public() as web:
            for area in [0, 1, CHILDREN]:
                people = invite(survey, wave, 90, area)
                sent[area] = [answers_number(n * 13 + area) for n in range(90)]
                for person, fields in zip(people, sent[area]):
                    if area == CHILDREN:
                        fields["q5"] = ""
                    assert web.post(person.path, fields).status == 200
        reports[wave] = counted(survey, wave)
        assert reports[wave]["quality"]["answered"] == 270
    rows = {r["key"]["area"]: r["questions"] for r in table(reports["hold"], "area")}
    empty = {"graded": None, "dont_know": None, "missing": None, "options": [None] * 5}
    assert {k: rows["barn-unga"]["q5"][k] for k in empty} == empty
    assert set(rows["barn-unga"]["q5"]["positive"].values()) == {None} and rows["barn-unga"]["q5"]["mean100"] is None
    for place in [0, 1]:
        expected = tally([coded(f) for f in sent[place]])
        assert shown({"questions": rows[AREAS[place]]}) == expected
    # Its other questions are its own.
    expected = tally([coded(f) for f in sent[CHILDREN]])
    for q in QUESTIONS:
        if q != "q5":
            assert shown({"questions": rows["barn-unga"]})[q] == expected[q]
    city = shown(table(reports["hold"])[0])
    asked = [coded(f) for area in [0, 1] for f in sent[area]]
    everyone = asked + [coded(f) for f in sent[CHILDREN]]
    assert city["q5"] == tally(asked)["q5"] and city["q4"] == tally(everyone)["q4"]
    # Without the setting: ninety who did not answer.
    assert shown(table(reports["visad"])[0])["q5"] == tally(everyone)["q5"]
    assert tally(everyone)["q5"]["missing"] == tally(asked)["q5"]["missing"] + 90
    rows = {r["key"]["area"]: r["questions"]["q5"] for r in table(reports["visad"], "area")}
    assert sum(rows[AREAS[place]]["graded"] is None for place in [0, 1]) == 1


@pytest.mark.parametrize("settings, area, cases", [
    ({}, 0, [({"q1": "3", "q2": "3"}, True), ({"q1": "3"}, False), ({"q1": "1"}, False), ({"q1": "1", "q2": "1"}, False),
             ({"q1": "1", "q3": "1", "q6": "5"}, True), ({"q4": "6", "q5": "6"}, True), ({"q6": "1"}, False)]),
    # Three of SKR's six: the city's own don't count.
    ({"form": {"own": "svenska"}}, 0, [({"q6": "1", "q7": "1"}, False), ({"q7": "1"}, False), ({"q4": "1", "q5": "1", "q7": "1"}, True),
                                       ({"q1": "1", "q2": "1", "q7": "1"}, False)]),
    # A hidden one is none: question 3 does not help, though nothing is missing there.
    ({"area barn-unga": {"hide": "q3"}}, CHILDREN, [({"q1": "3", "q2": "3"}, False), ({"q1": "3", "q2": "3", "q3": "1"}, False),
                                                    ({"q1": "3", "q2": "3", "q4": "1"}, True)]),
    # Where fewer than three are shown, all of them.
    ({"area barn-unga": {"hide": "q1 q2 q3 q4"}}, CHILDREN, [({"q5": "1"}, False), ({"q5": "1", "q1": "1", "q2": "1"}, False),
                                                             ({"q5": "1", "q6": "5"}, True)])],
    ids=["all", "own", "hidden", "few"])
def test_three_of_six(survey, settings, area, cases, request):
    wave = "tre-" + request.node.callspec.id
    survey.add_wave(wave, settings=settings)
    people = invite(survey, wave, len(cases), area)
    with survey.public() as web:
        for person, (fields, _) in zip(people, cases):
            assert web.post(person.path, fields).status == 200
    quality = counted(survey, wave)["quality"]
    assert (quality["answered"], quality["break_off"]) == tuple(sum(e == is_answer for _, e in cases) for is_answer in (True, False))


def test_variant_of_an_area_is_shown_first(survey):
    survey.add_wave("barnens", settings={"form": ALL, "area barn-unga": {"variant": "barn"}})
    child, other = invite(survey, "barnens", 1, CHILDREN) + invite(survey, "barnens", 1)
    with Browser(survey) as browser:
        assert browser.open(other.path).variant == ""
        page = browser.open(child.path)
        assert (page.language, page.variant) == ("sv", "barn")
        assert browser.press(words("sv", "barn")["first_begin"]).heading == questionnaire("sv", "barn")["item"][0]["text"]
        # Changed to any other, and to the plain one.
        page = browser.press("Byt", variant="lattlast", q1="1")
        assert page.variant == "lattlast" and page.chosen("q1") == "1"
        page = browser.press("Byt", variant="")
        assert page.variant == "" and page.chosen("q1") == "1"
        assert browser.press("Nästa").variant == ""
        assert browser.press("Tillbaka").variant == ""
        assert browser.open(child.path + "?variant=bildstod").variant == "bildstod"
        assert browser.open(child.path + "?variant=").variant == ""
        # Another language may not have it.
        page = browser.open(child.path + "?lang=en")
        assert (page.language, page.variant) == ("en", "")


def test_exempt_area(survey):
    survey.add_wave("undantag", settings={"area barn-unga": {"exempt": "yes"}, "area socialpsykiatri": {"exempt": "no"}})
    before = survey.dump()
    asked, exempt = (Invitation(survey.invitation_key, "undantag", area=a, stratum=a) for a in (0, CHILDREN))
    for people in [[exempt], [asked, exempt]]:
        reply = survey.put(people, "undantag")
        assert reply.status == 400 and "exempt" in reply.json()["error"]
    assert survey.dump() == before
    with survey.api() as api:
        wave, = [w for w in api.get("/v1/waves").json()["waves"] if w["wave"] == "undantag"]
    areas, = [v["values"] for v in wave["variables"] if v["code"] == "area"]
    assert {"code": "barn-unga", "name": "Barn och unga", "exempt": True} in areas
    assert [v["code"] for v in areas if "exempt" in v] == ["barn-unga"]
    assert survey.put([asked], "undantag").status == 201
    # The same batch is fine in a wave that asks them.
    survey.add_wave("alla-omraden")
    body = batch_of([Invitation(survey.invitation_key, "alla-omraden", area=CHILDREN, stratum=CHILDREN)])
    with survey.api() as api:
        assert api.request("PUT", "/v1/waves/alla-omraden/batches/farsta-1", json.dumps(body)).status == 201


# Who helped.


@pytest.mark.parametrize("counts, expected", [
    ((15, 40, 12, 11, 10), (15, 40, 12, 11, 10, None)),
    # Two below ten go into the rest, and the smallest of the others when they are too few.
    ((15, 40, 12, 3, 0), (15, 40, None, None, None, 15)),
    ((15, 40, 7, 6, 0), (15, 40, None, None, None, 13)),
    # One alone could be told by subtracting.
    ((15, 40, 12, 11, 9), (15, 40, 12, None, None, 20)),
    ((9, 40, 3, 2, 1), (None, 40, None, None, None, 15)),
    # Nothing to tell apart, or too little: nothing is shown.
    ((0, 40, 0, 0, 0), (None,) * 6), ((5, 40, 1, 1, 1), (None,) * 6)])
def test_who_helped_is_counted(survey, counts, expected):
    """Unsaid, self, relative, staff, interpreter; and the rest."""
    wave = "hjalp-" + "-".join(map(str, counts))
    survey.add_wave(wave)
    helped = [n for n, count in enumerate(counts) for _ in range(count)]
    people = invite(survey, wave, len(helped) + 12)
    with survey.public() as web:
        for n, (person, who) in enumerate(zip(people, helped)):
            fields = dict(answers_number(n), **({"helped": str(who)} if who or n % 2 else {}))
            assert web.post(person.path, fields).status == 200
        # Who helped with what is no answer is not counted.
        for person in people[len(helped):]:
            assert web.post(person.path, {"q1": "1", "helped": "4"}).status == 200
    quality = counted(survey, wave)["quality"]
    assert (quality["answered"], quality["break_off"]) == (len(helped), 12)
    assert quality["helped"] == dict(zip(["unsaid", "self", "relative", "staff", "interpreter", "rest"], expected))
    page = survey.must("report", "--wave", wave, "--format", "html")
    shown_words = ["utan att säga hur", "själva", "med hjälp av en anhörig", "med hjälp av personal", "med hjälp av en tolk", "på övriga sätt"]
    assert re.findall(r"(\d+)\xa0([a-zåäö ]+)[,.]", page) == [
        (str(expected[n]), shown_words[n]) for n in [1, 2, 3, 4, 5, 0] if expected[n]]


def test_swedish_alone(tmp_path):
    """A wave without drafts: nothing to choose, and Enter on the last page is a step back, never "change"."""
    with running(tmp_path) as server:
        server.add_wave()
        person, = server.invite(1)
        with server.public() as web:
            pages = [web.get(person.path), *(web.post(person.path, {"q1": "1", "page": str(n)}) for n in range(8))]
        for page in pages:
            text = page.body.decode()
            assert page.status == 200 and "<select" not in text
            assert all('type="submit"' in form for form in re.findall(r"<form.*?</form>", text, re.S))
        buttons = re.findall(r'<button[^>]* name="page" value="(\d)"', pages[-1].body.decode())
        assert buttons[0] == "6" and buttons[1:] == ["1", "2", "3", "4", "5", "6", "6"]
