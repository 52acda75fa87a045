"""The form, walked as a browser without JavaScript walks it: in every language and variant, back and forth."""
import gzip
import random
import re
from collections import Counter

import pytest

from survey import (EDITIONS, GRADED, LANGUAGES, QUESTIONS, Browser, coded, form_of, questionnaire, running, words)

SEED = 20270301
CITY = "Påhittköping"
LEAVE = "https://www.example.org/vader"
LAST = 7
EDITION = pytest.mark.parametrize("language, variant", EDITIONS, ids=["-".join(filter(None, e)) for e in EDITIONS])
HELPED = {"self": 1, "relative": 2, "staff": 3, "interpreter": 4}


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    with running(tmp_path_factory.mktemp("form"), more=f"[city]\nname = {CITY}\nleave = {LEAVE}\n") as s:
        s.add_wave(settings={"form": {"drafts": "yes"}})
        s.add_wave("hel", settings={"form": {"drafts": "yes", "layout": "one-page"}})
        yield s


@pytest.fixture
def one(survey):
    return survey.invite(1)[0]


@pytest.fixture
def browser(survey):
    with Browser(survey) as b:
        yield b


def filled(text, **values):
    for word, value in values.items():
        text = text.replace("{" + word + "}", str(value))
    return text


def at(person, language="sv", variant=""):
    return f"{person.path}?lang={language}&variant={variant}"


class Edition:
    """What an edition's files say, to hold against its pages."""

    def __init__(self, language, variant=""):
        self.language, self.variant = language, variant
        self.words = words(language, variant)
        self.questions = {i["linkId"]: i for i in questionnaire(language, variant)["item"]}

    def options(self, q):
        return [(o["valueCoding"]["code"], o["valueCoding"]["display"]) for o in self.questions[q]["answerOption"]]

    def choices(self, q):
        """The radios of a question's page: declining is one of them, after the others."""
        return self.options(q) + [("", self.words["decline"])]

    def told(self, q, code):
        """How the last page tells of an answer; None is none."""
        return self.words["unanswered"] if code is None else dict(self.choices(q))[code]

    def look(self, page, q, answered):
        """The question's page says what the files say, and the answer so far is marked."""
        n = QUESTIONS.index(q) + 1
        assert (page.number, page.language, page.variant) == (n, self.language, self.variant)
        assert page.step == filled(self.words["step"], n=n, count=6)
        assert page.heading == self.questions[q]["text"]
        assert page.title == page.step and page.alert is None
        assert page.radios(q) == self.choices(q)
        assert page.chosen(q) == answered
        pictured = [len(r.parent.all("svg")) for r in page.all("input", type="radio")]
        assert pictured == [int(self.variant == "bildstod")] * len(self.options(q)) + [0]
        hints = [p.text for p in page.all("p", **{"class": "hint"})]
        assert hints == [h["text"] for h in self.questions[q].get("item", [])]
        # Enter means the first button of the form.
        assert page.all("button")[0].text == self.words["next"]

    def look_last(self, page, answers, helped=None):
        assert (page.number, page.language, page.variant) == (LAST, self.language, self.variant)
        assert page.heading == self.words["last_title"]
        assert page.title == f"{self.words['problem_title']}: " * bool(page.alert) + page.heading
        asked = [q for q in QUESTIONS if q != "q3" or on_base(answers)]
        assert [t.text for t in page.all("dt")] == [self.questions[q]["text"] for q in asked]
        assert [b.text for b in page.one("dl").all("b")] == [self.told(q, answers.get(q)) for q in asked]
        changes = [self.change(q) for q in asked]
        assert [b.text for b in page.one("dl").all("button")] == changes
        assert self.words["saved_title"] in [h.text for h in page.all("h2")]
        assert page.radios("helped") == [(str(n), self.words["helped_" + who]) for who, n in HELPED.items()]
        assert page.chosen("helped") == helped
        # Enter among the circles neither sends nor goes elsewhere: it means the form's first button.
        assert form_of(page.button(self.words["send"])).all("button")[0].text == self.words["switch"]
        # Who has answered nothing may want to say no.
        assert bool(page.button(self.words["first_no_thanks"])) == (not any(answers.values()))

    def change(self, q):
        return filled(self.words["change"], n=QUESTIONS.index(q) + 1, count=6)


def on_base(answers):
    return answers.get("q1") in ("1", "2") or answers.get("q2") in ("1", "2")


def random_answers(rng, base):
    """A code, "" (will not answer) or None (nothing chosen) per question."""
    answers = {q: rng.choice([None, "", *map(str, range(1, many + 2))]) for q, many in GRADED.items()}
    answers["q1"] = rng.choice("12") if base else rng.choice("3456")
    answers["q2"] = rng.choice(["", "3", "6"])
    answers["q3"] = rng.choice([None, *"12345"])
    answers["q4"] = str(rng.randrange(1, 7))
    answers["q5"] = ""
    return answers


def walk(browser, edition, answers, page=None):
    """From the page of question 1 to the last, forwards; nothing is chosen where the answer is None."""
    page = page or browser.page
    asked = [q for q in QUESTIONS if q != "q3" or on_base(answers)]
    for q in asked:
        edition.look(page, q, None)
        page = browser.press(edition.words["next"], **({} if answers[q] is None else {q: answers[q]}))
    return page


def stored(survey, before, wave="2027-1"):
    """The ballots that have come since."""
    return sorted((Counter(survey.box(wave).ballots()) - Counter(before)).elements())


# The whole way.


@EDITION
def test_whole_way_back_and_forth(survey, browser, one, language, variant):
    edition = Edition(language, variant)
    say = edition.words
    rng = random.Random(f"{SEED} {language} {variant}")
    dump, ballots = survey.dump(), survey.box().ballots()
    page = browser.open(at(one, language, variant))
    assert (page.number, page.language, page.variant) == (0, language, variant)
    assert page.heading == say["first_title"]
    text = page.one("main").text
    assert filled(say["first_who"], city=CITY) in text and filled(say["first_time"], count=6) in text
    assert say["first_voluntary"] in text and say["first_trial"] in text and say["first_anonymous"] not in text
    for decline in [say["first_wrong_person"], say["first_no_thanks"]]:
        assert page.button(decline)
    answers = random_answers(rng, base=True)
    page = walk(browser, edition, answers, browser.press(say["first_begin"]))
    edition.look_last(page, answers)
    # All the way back: every answer is where it was made, declining too.
    for q in reversed(QUESTIONS):
        page = browser.press(say["back"])
        edition.look(page, q, answers[q])
    page = browser.press(say["back"])
    assert page.number == 0 and page.heading == say["first_title"]
    page = browser.press(say["first_begin"])
    # Question 1 otherwise: question 3 has no base any more and is not shown, in neither direction.
    answers.update(q1="4", q3=None)
    page = browser.press(say["next"], q1="4")
    edition.look(page, "q2", answers["q2"])
    page = browser.press(say["next"])
    edition.look(page, "q4", answers["q4"])
    edition.look(browser.press(say["back"]), "q2", answers["q2"])
    browser.press(say["next"])
    for q in ["q5", "q6"]:
        edition.look(browser.press(say["next"]), q, answers[q])
    edition.look_last(browser.press(say["next"]), answers)
    edition.look(browser.press(say["back"]), "q6", answers["q6"])
    edition.look_last(browser.press(say["next"]), answers)
    # The last page's own ways to every answer.
    for q in ["q1", "q2", "q4", "q5", "q6"]:
        edition.look(browser.press(edition.change(q)), q, answers[q])
        answers[q] = rng.choice([code for code, _ in edition.options(q)[2:]] + [""])
        page = browser.press(say["next"], **{q: answers[q]})
        while page.number != LAST:
            page = browser.press(say["next"])
    edition.look_last(page, answers)
    # On base again: question 3 is shown again.
    browser.press(edition.change("q1"))
    page = browser.press(say["next"], q1="2")
    edition.look(page, "q2", answers["q2"])
    edition.look(browser.press(say["next"]), "q3", None)
    answers.update(q1="2", q3=rng.choice("12345"))
    page = browser.press(say["next"], q3=answers["q3"])
    while page.number != LAST:
        page = browser.press(say["next"])
    edition.look_last(page, answers)
    # Nothing was stored on the way; then what was chosen is.
    assert survey.dump() == dump
    who = rng.choice(list(HELPED))
    page = browser.press(say["send"], helped=str(HELPED[who]))
    assert browser.reply.status == 200 and page.number is None
    assert (page.heading, page.language) == (say["thanks_title"], language)
    assert stored(survey, ballots) == [(0, coded(answers), (0,) * 5, HELPED[who])]
    assert survey.box().gone(one)


def test_it_is_said_literally(browser, one):
    browser.open(one.path)
    page = browser.press("Börja")
    steps = []
    while page.number != LAST:
        steps.append(page.step)
        page = browser.press("Nästa", **{f"q{page.number}": "1"})
    assert steps == [f"Fråga {n} av 6" for n in range(1, 7)]
    assert "Det här är allt som sparas" in [h.text for h in page.all("h2")]
    saved = [li.text for li in page.all("li")]
    assert len(saved) == 2 and "förvaltning" in saved[1] and "område" in saved[1]
    assert page.button("Skicka mina svar")
    # Who answered may be left unsaid, and no answer to it is made up.
    assert page.chosen("helped") is None


def test_without_gzip(survey, one):
    dump, ballots = survey.dump(), survey.box().ballots()
    with Browser(survey, packed=False) as browser:
        edition = Edition("sv")
        browser.open(one.path)
        answers = random_answers(random.Random(SEED), base=True)
        page = walk(browser, edition, answers, browser.press("Börja"))
        edition.look_last(page, answers)
        assert survey.dump() == dump
        assert browser.press("Skicka mina svar").heading == "Tack för dina svar!"
    assert stored(survey, ballots) == [(0, coded(answers), (0,) * 5, 0)]


@pytest.mark.parametrize("header, packed", [("gzip", True), ("GZIP", True), ("deflate, gzip;q=0.5, br", True), ("gzip;q=0", False),
                                            ("br", False), ("identity", False), ("", False), ("gzipped", False)])
def test_gzip_when_it_is_accepted(survey, one, header, packed):
    with survey.public() as web:
        for reply in [web.get(one.path, **{"Accept-Encoding": header}), web.get("/om", **{"Accept-Encoding": header}),
                      web.request("POST", one.path, "page=2", {"Accept-Encoding": header})]:
            assert (reply.header("Content-Encoding") == "gzip") == packed
            html = gzip.decompress(reply.body) if packed else reply.body
            assert html.startswith(b"<!doctype html>")


def test_who_helped_is_kept_on_the_way_back(browser, one):
    browser.open(one.path)
    browser.press("Börja")
    page = browser.press("Nästa", q1="3")
    while page.number != LAST:
        page = browser.press("Nästa")
    page = browser.press("Tillbaka", helped="3")
    assert page.number == 6
    assert browser.press("Nästa").chosen("helped") == "3"
    page = browser.press("Byt", lang="en")
    assert page.chosen("helped") == "3"


# Language and variant.


def test_switched_on_every_page(survey, browser, one):
    """To every edition and on, with an answer chosen that no step has sent yet."""
    dump, ballots = survey.dump(), survey.box().ballots()
    answers = {"q1": "2", "q2": "", "q3": "4", "q4": "6", "q5": "1", "q6": "3"}
    others = EDITIONS[1:] + EDITIONS[:1]
    now = Edition("sv")
    page = browser.open(one.path)
    for number in range(LAST + 1):
        q = f"q{number}"
        for n, other in enumerate(map(lambda e: Edition(*e), others)):
            choice = {"lang": other.language, "variant": other.variant}
            if q in answers and n == 0:
                choice[q] = answers[q]
            # A variant is chosen among those of the language that the page is in.
            if other.variant not in dict(page.options("variant")):
                page = browser.press(now.words["switch"], **dict(choice, variant=""))
                now = Edition(other.language)
                choice.pop(q, None)
            page = browser.press(now.words["switch"], **choice)
            now = other
            assert (page.number, page.language, page.variant) == (number, now.language, now.variant)
            if q in answers:
                now.look(page, q, answers[q])
            elif number == LAST:
                now.look_last(page, answers)
        if number < LAST:
            page = browser.press(now.words["next" if number else "first_begin"])
    assert survey.dump() == dump
    page = browser.press(now.words["send"], helped="2")
    assert page.heading == now.words["thanks_title"]
    assert stored(survey, ballots) == [(0, coded(answers), (0,) * 5, 2)]


@EDITION
def test_languages_and_variants_are_offered(browser, one, language, variant):
    page = browser.open(at(one, language, variant))
    languages = page.one("select", name="lang").all("option")
    # Each named in itself, and told so to whoever reads it aloud.
    assert sorted(o.get("value") for o in languages) == LANGUAGES
    assert {o.get("value"): o.text for o in languages} == {o: words(o)["name"] for o in LANGUAGES}
    assert all(o.get("lang") == o.get("value") for o in languages)
    assert dict(page.options("variant")) == {
        v: questionnaire(language, v)["meta"]["tag"][0]["display"] if v else words(language, variant)["variant_plain"]
        for other, v in EDITIONS if other == language}


def test_variant_that_the_new_language_lacks(browser, one):
    page = browser.open(at(one, "sv", "lattlast"))
    page = browser.press("Byt", lang="fa")
    assert (page.language, page.variant) == ("fa", "")


ACCEPTED = [
    (None, "sv"), ("", "sv"), ("en", "en"), ("en-GB", "en"), ("EN-us,en;q=0.5", "en"), ("ti-ER", "ti"), ("de", "sv"), ("de, fr;q=0.8", "sv"),
    ("de, uk;q=0.2", "uk"), ("en;q=0.3, ar;q=0.9, fi;q=0.5", "ar"), ("fi;q=0.5, pl;q=0.5", "fi"), ("ar;q=0, en;q=0.1", "en"),
    ("ar;q=0", "sv"), ("sv-FI, fi", "sv"), ("fi, sv", "fi"), ("*", "sv"), ("so ; q=1.0", "so"), ("fas", "sv"), ("enx, e, -en", "sv"),
    ("en;q=x, fi;q=0.1", "fi"), ("," * 500 + "pl", "pl"), ("en" * 500, "sv")]


@pytest.mark.parametrize("header, expected", ACCEPTED, ids=[str(n) for n in range(len(ACCEPTED))])
def test_accepted_language_is_the_first(survey, one, header, expected):
    with Browser(survey, header) as browser:
        page = browser.open(one.path)
        assert (page.language, page.heading) == (expected, words(expected)["first_title"])
        assert browser.press(words(expected)["first_begin"]).language == expected
        for path in ["/", "/om", "/tillganglighet", "/0000000000000000", "/saknas/alls"]:
            assert browser.open(path).language == expected


@pytest.mark.parametrize("query, language, variant", [
    ("?lang=ar", "ar", ""), ("?lang=sv", "sv", ""), ("?variant=bildstod", "en", "bildstod"), ("?lang=ti&variant=bildstod", "ti", "bildstod"),
    ("?lang=xx", "en", ""), ("?lang=", "en", ""), ("?lang=SV", "en", ""), ("?lang=sv&variant=xx", "sv", ""), ("?variant=barn", "en", ""),
    ("?lang=xx&variant=xx", "en", ""), ("?lang=%00", "en", ""), ("?lang=%ff&variant=%ff", "en", ""), ("?lang=sv&variant=barn", "sv", "barn"),
    ("?lang=..%2fsv", "en", "")])
def test_address_beats_what_is_accepted(survey, one, query, language, variant):
    with Browser(survey, "en-GB, sv;q=0.5") as browser:
        page = browser.open(one.path + query)
        assert (page.number, page.language, page.variant) == (0, language, variant)
        assert page.heading == words(language, variant)["first_title"]


def test_form_beats_the_address(survey, one):
    with Browser(survey, "pl") as browser:
        browser.open(at(one, "ar"))
        page = browser.post({"page": "1", "lang": "fi", "variant": "bildstod"})
        assert (page.language, page.variant) == ("fi", "bildstod")
        assert browser.post({"page": "1"}).language == "ar"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_other_page_is_in_the_language(survey, browser, language):
    """The browser looks at lang, dir and the city's name on each."""
    say, pages = words(language), {}
    answered, declined = survey.invite(2)
    lang = f"?lang={language}"

    def see(status, title, *how):
        page = browser.open(*how)
        assert (browser.reply.status, page.language, page.number) == (status, language, None)
        assert page.heading == say[title] and page.title == say[title]
        assert [a.text for a in page.one("footer").all("a")] == [say["privacy_link"], say["accessibility_link"]]
        assert all(a.get("href").endswith(lang) for a in page.one("footer").all("a"))
        assert page.one("a", **{"class": "leave"}).text == say["leave"]
        pages[title] = page

    see(200, "start_title", "/" + lang)
    see(200, "privacy_title", "/om" + lang)
    see(200, "accessibility_title", "/tillganglighet" + lang)
    see(404, "missing_title", "/finns/inte" + lang)
    see(410, "gone_title", "/0000000000000000" + lang)
    see(422, "start_title", "/", "POST", {"code": "x", "lang": language})
    assert pages["start_title"].alert == say["code_wrong"]
    see(400, "broken_title", answered.path + lang, "POST", {"namn": "x"})
    see(200, "thanks_title", answered.path, "POST", {"q1": "1", "lang": language})
    see(410, "gone_title", answered.path + lang)
    see(410, "gone_title", answered.path + lang, "POST", {"q1": "1"})
    see(200, "declined_title", declined.path, "POST", {"decline": "no", "lang": language})


@EDITION
def test_declined_in_the_language(survey, browser, one, language, variant):
    say = words(language, variant)
    browser.open(at(one, language, variant))
    page = browser.press(say["first_wrong_person"])
    assert (page.heading, page.language) == (say["declined_title"], language)
    assert survey.box().revoked(one)


# Everything on one page.


@EDITION
def test_one_page(survey, browser, language, variant):
    one, edition = survey.invite(1, "hel")[0], Edition(language, variant)
    say = edition.words
    dump, ballots = survey.dump(), survey.box("hel").ballots()
    page = browser.open(at(one, language, variant))
    assert (page.number, page.language, page.variant) == (0, language, variant)
    assert page.heading == say["first_title"]
    headings = [h.text for h in page.all("h2")]
    assert headings[:6] == [q["text"] for q in edition.questions.values()]
    assert say["saved_title"] in headings and say["only_if"] in [p.text for p in page.all("p")]
    for q in QUESTIONS:
        assert page.radios(q) == edition.choices(q) and page.chosen(q) is None
    answers = random_answers(random.Random(f"{SEED} {language} {variant}"), base=True)
    chosen = {q: code for q, code in answers.items() if code is not None}
    # A switch is a POST with page=0, which keeps what was chosen.
    page = browser.press(say["switch"], helped="3", **chosen)
    assert {q: page.chosen(q) for q in QUESTIONS} == answers and page.chosen("helped") == "3"
    other = Edition("en")
    page = browser.press(say["switch"], lang="en", variant="")
    assert (page.language, page.number) == ("en", 0)
    assert {q: page.chosen(q) for q in QUESTIONS} == answers and page.chosen("helped") == "3"
    assert survey.dump() == dump
    page = browser.press(other.words["send"])
    assert page.heading == other.words["thanks_title"]
    assert stored(survey, ballots, "hel") == [(0, coded(answers), (0,) * 5, 3)]


def test_one_page_that_is_wrong(survey, browser):
    one = survey.invite(1, "hel")[0]
    dump = survey.dump()
    browser.open(one.path)
    page = browser.press("Skicka mina svar")
    assert browser.reply.status == 422 and page.alert.startswith("Svara på minst en fråga")
    page = browser.post({"q1": "2", "q2": "9", "q5": "", "helped": "1"})
    assert browser.reply.status == 422 and page.alert == words()["problem_answer"]
    assert [page.chosen(q) for q in QUESTIONS] == ["2", None, None, None, "", None] and page.chosen("helped") == "1"
    assert page.title.startswith(words()["problem_title"])
    assert survey.dump() == dump
    assert browser.press("Skicka mina svar", q2="1").heading == "Tack för dina svar!"


def test_one_page_drops_question_3_off_its_base(survey, browser):
    one, ballots = survey.invite(1, "hel")[0], survey.box("hel").ballots()
    browser.open(one.path)
    browser.press("Skicka mina svar", q1="3", q2="3", q3="1")
    assert stored(survey, ballots, "hel") == [(0, (3, 3, 0, 0, 0, 0), (0,) * 5, 0)]


# What is wrong, and what comes twice.


@pytest.mark.parametrize("fields, number", [
    ({"q1": "7"}, 1), ({"q2": "0", "q1": "1"}, 2), ({"q3": "6", "q1": "1"}, 3), ({"q4": "x"}, 4), ({"q5": "11"}, 5), ({"q6": "6"}, 6),
    ({"q6": "9", "q4": "9"}, 4), ({"q5": "9", "page": "6"}, 5)])
@pytest.mark.parametrize("language, variant", [("sv", ""), ("fa", "bildstod")])
def test_wrong_option_leads_to_its_question(survey, browser, one, language, variant, fields, number):
    dump, edition = survey.dump(), Edition(language, variant)
    browser.open(at(one, language, variant))
    page = browser.post(dict(fields, lang=language, variant=variant))
    assert browser.reply.status == 422 and page.number == number
    assert page.alert == edition.words["problem_answer"]
    assert page.title == f"{edition.words['problem_title']}: {page.step}"
    assert page.chosen(f"q{number}") is None
    # What was right is kept.
    kept = {i.get("name"): i.get("value") for i in page.all("input", type="hidden") if i.get("name") in QUESTIONS}
    assert kept == {q: v for q, v in fields.items() if v in "123456" and q in QUESTIONS and v != "6"}
    assert survey.dump() == dump


@EDITION
def test_no_answer_leads_to_the_last_page(survey, browser, one, language, variant):
    say = words(language, variant)
    browser.open(at(one, language, variant))
    page = browser.press(say["first_begin"])
    while page.number != LAST:
        page = browser.press(say["next"], **({"q4": ""} if page.number == 4 else {}))
    dump = survey.dump()
    page = browser.press(say["send"], helped="4")
    assert browser.reply.status == 422 and page.number == LAST
    assert page.alert == filled(say["problem_none"], no_thanks=say["first_no_thanks"])
    assert survey.dump() == dump
    Edition(language, variant).look_last(page, {"q4": ""}, helped="4")


@pytest.mark.parametrize("page", ["8", "99", "x", "-1", "", "1.5", " 1", "1 ", "+1", "100", "0x1", "１"])
def test_no_such_page_is_400(survey, browser, one, page):
    dump = survey.dump()
    browser.open(one.path)
    shown = browser.post({"q1": "1", "page": page})
    assert browser.reply.status == 400 and shown.heading == words()["broken_title"]
    assert survey.dump() == dump
    assert browser.open(one.path).number == 0


@pytest.mark.parametrize("helped", ["5", "9", "x", "-1", "11", "self"])
def test_no_such_help_is_400(survey, browser, one, helped):
    dump = survey.dump()
    browser.open(one.path)
    browser.post({"q1": "1", "helped": helped})
    assert browser.reply.status == 400 and survey.dump() == dump


def test_same_form_again(survey, browser, one):
    browser.open(one.path)
    browser.press("Börja")
    page = browser.press("Nästa", q1="3")
    while page.number != LAST:
        page = browser.press("Nästa")
    ballots, dump = survey.box().ballots(), survey.dump()
    fields = {i.get("name"): i.get("value") for i in form_of(page.button("Skicka mina svar")).all("input", type="hidden")}
    assert fields["q1"] == "3" and re.fullmatch(r"[0-9a-f]{32}", fields["nonce"])
    for _ in range(3):
        assert browser.post(fields).heading == "Tack för dina svar!" and browser.reply.status == 200
    assert stored(survey, ballots) == [(0, (3, 0, 0, 0, 0, 0), (0,) * 5, 0)]
    after = survey.dump()
    assert after != dump
    # Thanks for other answers would be a lie: they are not stored.
    for other in [{"q1": "4"}, {"q2": "1"}, {"q1": ""}, {"helped": "1"}, {"decline": "no"}, {"page": "3"}]:
        browser.post(dict(fields, **other))
        assert browser.reply.status == 410, other
    # In another language the same answers are the same answers.
    assert browser.post(dict(fields, lang="en")).heading == words("en")["thanks_title"]
    assert survey.dump() == after


def test_each_opening_has_its_own_nonce(survey, browser, one):
    seen = set()
    for _ in range(20):
        page = browser.open(one.path)
        nonce, = {i.get("value") for i in page.all("input", name="nonce")}
        # It is the form's as long as the form goes on.
        assert {i.get("value") for i in browser.press("Börja").all("input", name="nonce")} == {nonce}
        seen.add(nonce)
    assert len(seen) == 20


# The pages about the form.


FACTS = {"controller": "Socialnämnden <i> & Påhittköping", "officer": "ombud@pahitt.example", "contact": "fragor@pahitt.example",
         "processors": "Drift & Påhitt AB", "ground": "Artikel 6.1 e och nämndens beslut 7", "erasure_days": "47"}
STATEMENT = {"status": "full", "contact": "sag-till@pahitt.example, 08-123", "date": "3 mars 2027"}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A city that tells of everything."""
    more = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
                   for name, keys in [("privacy", FACTS), ("accessibility", STATEMENT)])
    with running(tmp_path_factory.mktemp("told"), more=more) as s:
        yield s


def facts(page):
    """What the page lists, by term."""
    terms, details = page.all("dt"), page.all("dd")
    assert len(terms) == len(details)
    return {t.text: d for t, d in zip(terms, details)}


@EDITION
def test_privacy_page(survey, told, language, variant):
    """The facts of the configuration, in Swedish whatever the page's language; else the page's own words."""
    say, path = words(language, variant), f"/om?lang={language}&variant={variant}"
    terms = ["controller", "officer", "contact", "processors", "purpose", "ground", "source", "kept", "rights", "complaint"]
    with Browser(survey) as browser:
        page = browser.open(path)
        assert (page.heading, page.language) == (say["privacy_title"], language)
        assert page.all("p")[1].text == say["first_voluntary"]
        titles = [say[f"privacy_{t}_title"] for t in ["saved", "who", "limits", "data", "leave"]]
        assert [h.text for h in page.all("h2")] == titles
        paragraphs = [p.text for p in page.all("p")]
        assert {say[f"privacy_{t}"] for t in ["saved", "who", "trial", "limits"]} <= set(paragraphs)
        assert filled(say["privacy_leave"], leave=say["leave"]) in paragraphs
        said = facts(page)
        # Nothing is made up of an officer or of processors.
        assert list(said) == [say["privacy_" + t] for t in terms if t not in ("officer", "processors")]
        own = {t: say[f"privacy_{t}_default"] for t in ["controller", "contact", "ground"]}
        own.update({t: say[f"privacy_{t}_text"] for t in ["purpose", "source", "rights"]}, kept=filled(say["privacy_kept_text"], days=60))
        assert {t: said[say["privacy_" + t]].text for t in own} == own
        complaint = said[say["privacy_complaint"]]
        assert complaint.text == say["privacy_complaint_text"] + " imy.se"
        assert complaint.one("a").get("href") == "https://www.imy.se"
        assert complaint.one("a").get("rel") == "noreferrer"
    with Browser(told) as browser:
        said = facts(browser.open(path))
        assert list(said) == [say["privacy_" + t] for t in terms]
        for term in ["controller", "officer", "contact", "processors", "ground"]:
            fact = said[say["privacy_" + term]]
            assert fact.text == FACTS[term]
            assert (fact.within("lang"), fact.within("dir")) == ("sv", "ltr")
        assert said[say["privacy_kept"]].text == filled(say["privacy_kept_text"], days=47)


@pytest.fixture(scope="module")
def inaccessible(tmp_path_factory):
    with running(tmp_path_factory.mktemp("inaccessible"), more="[accessibility]\nstatus = none\n") as s:
        yield s


@EDITION
def test_accessibility_statement(survey, told, inaccessible, language, variant):
    say, path = words(language, variant), f"/tillganglighet?lang={language}&variant={variant}"
    pages = {}
    for name, server in [("partial", survey), ("full", told), ("none", inaccessible)]:
        with Browser(server) as browser:
            page = pages[name] = browser.open(path)
            assert (page.heading, page.language) == (say["accessibility_title"], language)
            paragraphs = [p.text for p in page.all("p")]
            assert filled(say["accessibility_lead"], city=browser.city) in paragraphs
            assert {say["accessibility_report"], say["accessibility_supervision"], say["accessibility_tested"]} <= set(paragraphs)
            for status in ["full", "partial", "none"]:
                assert (say["accessibility_" + status] in paragraphs) == (status == name)
            # Without flaws none are listed.
            titles = [say[f"accessibility_{t}_title"] for t in ["how", "flaws", "report", "supervision", "tested"]
                      if (name, t) != ("full", "flaws")]
            assert [h.text for h in page.all("h2")] == titles
            assert (say["accessibility_flaws"] in paragraphs) == (name != "full")
            link, = page.all("a", href="https://www.digg.se/tdosanmalan")
            assert link.text == say["accessibility_supervision_link"] and link.get("rel") == "noreferrer"
            # Whom to tell: the city's own words, else a way that everyone has; and when it was tested, once it was.
            assert (say["accessibility_contact_default"] in paragraphs) == (name != "full")
            assert (filled(say["accessibility_date"], date=STATEMENT["date"]) in paragraphs) == (name == "full")
    contact, = [p for p in pages["full"].all("p") if p.text == STATEMENT["contact"]]
    assert (contact.within("lang"), contact.within("dir")) == ("sv", "ltr")
    for text, place in pages["full"].texts():
        assert STATEMENT["date"] not in text or place.within("lang") == "sv"


# Lengths.


@EDITION
def test_length_tells_nothing(survey, one, language, variant):
    """What TLS does not hide: the length of every step is the same whatever was answered."""
    rng = random.Random(f"{SEED} {language} {variant}")
    forms = []
    for n in range(300):
        fields = {"lang": language, "variant": variant, "nonce": f"{rng.getrandbits(128):032x}"}
        # Some of them all alike, since that compresses best.
        alike = rng.choice([None, "", "1", "2", "4"]) if n % 3 == 0 else "mixed"
        for q, grades in GRADED.items():
            code = rng.choice([None, "", *map(str, range(1, grades + 2))]) if alike == "mixed" else alike
            if code is not None:
                fields[q] = code
        if rng.random() < 0.5:
            fields["helped"] = str(rng.randrange(5))
        forms += [dict(fields, page=page) for page in [rng.choice([0, LAST]), rng.randrange(1, LAST)]]
    lengths = survey.lengths(one, forms)
    assert set(lengths) == set(range(LAST + 1))
    assert all(size % 128 == 0 for counts in lengths.values() for _, size in counts)
    assert {page: counts for page, counts in lengths.items() if len(counts) != 1} == {}


@EDITION
def test_length_of_the_first_page_is_the_same_for_everyone(survey, browser, language, variant):
    assert len({browser.open(at(p, language, variant)) and browser.length for p in survey.invite(5)}) == 1


@EDITION
def test_whole_way_is_light(survey, browser, one, language, variant):
    """First page, style sheet and six questions, compressed."""
    say = words(language, variant)
    page = browser.open(at(one, language, variant))
    style = page.one("link", rel="stylesheet").get("href")
    sheet = browser.client.get(style, **{"Accept-Encoding": "gzip"})
    assert sheet.status == 200 and sheet.header("Content-Type") == "text/css; charset=utf-8"
    assert sheet.header("Set-Cookie") is None and "max-age" in sheet.header("Cache-Control")
    assert not re.search(rb"@import|url\(|https?:", gzip.decompress(sheet.body))
    total = browser.size + len(sheet.body)
    browser.press(say["first_begin"], **{})
    for n in range(1, 7):
        assert browser.page.number == n
        total += browser.size
        browser.press(say["next"], **{f"q{n}": "1"})
    assert browser.page.number == LAST
    assert total <= 14_336, total
