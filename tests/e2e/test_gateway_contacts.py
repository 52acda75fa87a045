"""Single persons: who waits for a decision, what is held of one, and its erasure."""
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_survey import FakeSurvey, wave
from gateway import (LONG, Gateway, invitation_id, killing, left_out_lines, left_out_persons, must,
                     phone, wait_until, words_of)
from sealed import WaveKey, needles, opened, remains

WAVE = "2027-1"
HEADER = "person_id;telefon;namn;språk;enhet;verksamhetsområde;skyddad;sms_tillåtet\n"
ANNA = "18960605-9880"  # one of those that Skatteverket gives away for tests
SPELLINGS = [ANNA, "189606059880", "18960605 9880", "960605+9880", "18960605–9880", " 1896 06 05-9880 "]
NUMBERS = ["0701740001", "070-174 00 01", "+46701740001", "0046701740001", "701740001", "mobil: 070 174 00 01"]
SHARED = "samma telefonnummer som en annan person"
VANISHED = "finns inte i den senaste filen"
BROWSER = Path(__file__).resolve().parents[1] / "browser"


@pytest.fixture(name="gateway")
def gateway_fixture(tmp_path, survey, elks):
    g = Gateway(tmp_path, survey, elks)
    yield g
    g.close()


def row(person, number, name="Påhittad", unit="Enhet Väst", area="ekonomiskt-bistand", sms="ja", secret="nej"):
    return f"{person};{number};{name};fi;{unit};{area};{secret};{sms}\n"


def anna(name="Anna Påhittad"):
    return row(ANNA, "070-174 00 01", '"' + name.replace('"', '""') + '"')


def others(count=4, start=2):
    return "".join(row(f"T-{n}", phone(n), f"Testsson{n}") for n in range(start, start + count))


PAIR = row("T-8", phone(8), "Parvis Ett") + row("T-9", phone(8), "Parvis Två")


def contacts(gateway, what, *more, administration="farsta", **options):
    return gateway.run("contacts", what, "--administration", administration, *more, **options)


def held(gateway, wave_name=WAVE):
    """{name: (number, why)}"""
    done = must(contacts(gateway, "held", "--wave", wave_name))
    found = re.findall(r"^ *(\d+)  (.+?)  +(.*), (\+\d+|)$", done.stdout, re.MULTILINE)
    assert len(found) == len(done.stdout.splitlines()) or "Ingen väntar" in done.stdout
    return {name: (number, why) for number, why, name, _ in found}


def decide(gateway, verdict, whom):
    return must(contacts(gateway, verdict, "--wave", WAVE, whom))


def extract(gateway, *query, **options):
    return json.loads(must(contacts(gateway, "extract", *query, "--format", "json", **options)).stdout)


def erase(gateway, *more, person=ANNA):
    return must(contacts(gateway, "erase", "--person", person, *more))


def number_of(gateway, name, wave_name=WAVE):
    return next(n for n, values in opened(gateway, wave_name).items() if values[1] == name)


def names(gateway, wave_name=WAVE):
    return sorted(values[1] for values in opened(gateway, wave_name).values())


# Those who wait.


def test_who_waits_and_why(gateway):
    must(gateway.bring_in(HEADER + anna() + others() + PAIR))
    assert {name: why for name, (_, why) in held(gateway).items()} == {"Parvis Ett": SHARED, "Parvis Två": SHARED}
    must(gateway.bring_in(HEADER + others() + PAIR))
    assert held(gateway)["Anna Påhittad"][1] == VANISHED
    assert {int(number) for number, _ in held(gateway).values()} == \
        {number_of(gateway, name) for name in ["Anna Påhittad", "Parvis Ett", "Parvis Två"]}
    decide(gateway, "keep", "shared")
    decide(gateway, "remove", "vanished")
    assert "Ingen väntar på beslut" in must(contacts(gateway, "held", "--wave", WAVE)).stdout


def test_one_is_kept_and_the_other_removed(gateway, survey):
    must(gateway.bring_in(HEADER + others() + PAIR))
    waiting = held(gateway)
    assert decide(gateway, "keep", waiting["Parvis Ett"][0]).stdout == "1 personer tas med.\n"
    assert decide(gateway, "remove", waiting["Parvis Två"][0]).stdout == "1 personer får inget mer.\n"
    must(gateway.send())
    batch = survey.batch("farsta-1")
    assert len(batch["invitations"]) == 5 and batch["left_out"] == {"removed": 1}
    assert [values[1] for values in opened(gateway).values() if not values[3]] == ["Parvis Två"]
    assert gateway.query("SELECT count(*) FROM message") == [(5,)]


def test_without_a_decision_nothing_is_sent(gateway, survey):
    must(gateway.bring_in(HEADER + others() + PAIR))
    assert "2 personer väntar på samordnarens beslut" in must(gateway.send()).stdout
    assert len(survey.ids()) == 6 and gateway.query("SELECT count(*) FROM message") == [(4,)]
    decide(gateway, "keep", "shared")
    must(gateway.send())
    assert gateway.query("SELECT count(*) FROM message") == [(6,)]


def test_decisions_outlive_a_corrected_import(gateway, survey):
    must(gateway.bring_in(HEADER + anna() + others() + PAIR))
    waiting = held(gateway)
    decide(gateway, "keep", waiting["Parvis Ett"][0])
    decide(gateway, "remove", waiting["Parvis Två"][0])
    corrected = HEADER + row("T-7", phone(7), "Ny") + others() + PAIR
    done = must(gateway.bring_in(corrected))
    assert left_out_lines(done.stdout) == {8: words_of()["removed"]}
    assert left_out_persons(done.stdout) == {words_of()["removed"]: 1}
    assert {name: why for name, (_, why) in held(gateway).items()} == {"Anna Påhittad": VANISHED}
    # A decision about somebody who is not in the file holds too.
    decide(gateway, "keep", "vanished")
    must(gateway.bring_in(corrected.replace("Ny", "Nyare")))
    assert held(gateway) == {}
    must(gateway.send())
    assert names(gateway) == sorted(["Anna Påhittad", "Nyare", "Parvis Ett", *(f"Testsson{n}" for n in range(2, 6))])
    assert len(survey.ids()) == 7
    assert "Mot förra filen" in must(gateway.bring_in(corrected.replace("Ny", "Nyare"))).stdout
    assert len(survey.ids()) == 7


def sent(gateway, count):
    wait_until(lambda: gateway.states().get("sent") == count and not set(gateway.states()) & {"queued", "sending"})


def test_after_the_sending_began(gateway, elks):
    must(gateway.bring_in(HEADER + others(6)))
    gateway.start()
    must(gateway.send())
    sent(gateway, 6)
    must(gateway.bring_in(HEADER + others(4)))
    waiting = held(gateway)
    assert {why for _, why in waiting.values()} == {VANISHED} and set(waiting) == {"Testsson6", "Testsson7"}
    decide(gateway, "keep", waiting["Testsson6"][0])
    decide(gateway, "remove", waiting["Testsson7"][0])
    elks.allow_duplicates = True
    must(gateway.send("--reminder"))
    sent(gateway, 11)
    assert elks.recipients() == {f"+46{phone(n)[1:]}": 2 for n in range(2, 7)} | {f"+46{phone(7)[1:]}": 1}
    # Who is removed comes back with no file.
    must(gateway.bring_in(HEADER + others(6)))
    assert gateway.query("SELECT count(*) FROM contact WHERE hold = 3") == [(1,)]


def test_whom_nobody_waits_for(gateway):
    must(gateway.bring_in(HEADER + anna() + others() + PAIR))
    free = number_of(gateway, "Anna Påhittad")
    for whom in [free, 99, "vanished", "alla", "", "1x", "-1"]:
        done = contacts(gateway, "remove", "--wave", WAVE, whom)
        assert done.returncode in (1, 2) and not done.stdout, whom
    assert gateway.query("SELECT count(*) FROM decision") == [(0,)]
    assert gateway.query("SELECT count(*) FROM contact WHERE hold = 1") == [(2,)]


# What is held of one.


def test_the_extract_has_all_and_nothing_else(gateway, survey):
    must(gateway.bring_in(HEADER + anna() + others()))
    expected = {
        "administration": "farsta", "day": extract(gateway, "--person", ANNA)["day"], "refused": False,
        "waves": [{"wave": WAVE, "title": "Brukarenkät våren 2027", "name": "Anna Påhittad", "phone": "+46701740001",
                   "language": "fi", "unit": "Enhet Väst",
                   "background": {"administration": "Farsta", "area": "Ekonomiskt bistånd", "sex": "Kvinna",
                                  "age": "65 år och äldre"},
                   "reach": "SMS eller telefon", "plan": "inte bestämt", "hold": "", "messages": []}],
        "decisions": []}
    for query in [("--person", p) for p in SPELLINGS] + [("--phone", n) for n in NUMBERS]:
        assert extract(gateway, *query) == expected, query
    gateway.start()
    must(gateway.send())
    sent(gateway, 5)
    expected["waves"][0] |= {"plan": "SMS", "messages": [{"kind": "Inbjudan", "state": "skickat"}]}
    assert extract(gateway, "--person", ANNA) == expected
    must(gateway.bring_in(HEADER + others()))
    expected["waves"][0]["hold"] = VANISHED
    assert extract(gateway, "--person", ANNA) == expected
    decide(gateway, "keep", "vanished")
    expected["waves"][0]["hold"] = ""
    expected["decisions"] = [{"wave": WAVE, "decision": "tas med"}]
    assert extract(gateway, "--phone", NUMBERS[0]) == expected
    # What is in every byte of it.
    number = number_of(gateway, "Anna Påhittad")
    code = opened(gateway)[number][3]
    key = (gateway.keys / "invitation.key").read_bytes()
    assert invitation_id(key, code) in survey.ids()
    hashes = [value.hex() for value in needles(gateway, contact=number).values() if len(value) > 8]
    for form in ["json", "html"]:
        text = must(contacts(gateway, "extract", "--person", ANNA, "--format", form)).stdout
        for secret in [code, invitation_id(key, code), "9880", "960605", "Testsson", phone(2)[1:], *hashes]:
            assert secret not in text and secret.lower() not in text.lower(), secret


def test_an_extract_of_several_waves(gateway, survey):
    survey.waves.append(wave("2028-1"))
    survey.waves[1]["title"] = "Brukarenkät våren 2028"
    must(gateway.bring_in(HEADER + anna() + others()))
    must(gateway.bring_in(HEADER + others() + anna("Anna Omgift"), wave="2028-1"))
    must(gateway.bring_in(HEADER + anna("I Bromma"), administration="bromma"))
    found = extract(gateway, "--person", ANNA)
    assert [(w["wave"], w["title"], w["name"]) for w in found["waves"]] == \
        [(WAVE, "Brukarenkät våren 2027", "Anna Påhittad"), ("2028-1", "Brukarenkät våren 2028", "Anna Omgift")]
    page = must(contacts(gateway, "extract", "--phone", NUMBERS[2])).stdout
    assert page.count("<table>") == 2 and "Anna Omgift" in page and "I Bromma" not in page


def test_of_nobody(gateway):
    must(gateway.bring_in(HEADER + others()))
    found = extract(gateway, "--person", ANNA)
    assert found["waves"] == [] and found["refused"] is False and found["decisions"] == []
    assert "Ingenting finns om personen" in must(contacts(gateway, "extract", "--phone", NUMBERS[0])).stdout
    done = erase(gateway)
    assert done.stdout == "Ingenting fanns om personen.\n" and len(names(gateway)) == 4


def test_one_number_of_two_persons(gateway):
    """What is held of one is no business of the other."""
    must(gateway.bring_in(HEADER + others() + PAIR))
    for command in [("extract",), ("extract", "--format", "json"), ("erase",), ("erase", "--refuse")]:
        done = contacts(gateway, *command, "--phone", phone(8))
        assert done.returncode == 1 and not done.stdout and "give --person" in done.stderr
    assert len(names(gateway)) == 6 and gateway.query("SELECT count(*) FROM refusal") == [(0,)]
    assert [w["name"] for w in extract(gateway, "--person", "T-8")["waves"]] == ["Parvis Ett"]


EVIL = '<script>alert("1")</script> & <b>Åsa'


class Reading(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_names_that_look_like_html(gateway):
    must(gateway.bring_in(HEADER + anna(EVIL).replace("Enhet Väst", "</table>")))
    assert extract(gateway, "--person", ANNA)["waves"][0]["name"] == EVIL
    page = Reading(must(contacts(gateway, "extract", "--person", ANNA, "--format", "html")).stdout)
    assert EVIL in page.text and "</table>" in page.text
    assert set(page.tags) == {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tbody", "tr", "th",
                              "td"}


def fullest(gateway, tmp_path):
    """A page with everything that it can have."""
    must(gateway.bring_in(HEADER + anna(EVIL) + others()))
    gateway.start()
    must(gateway.send())
    sent(gateway, 5)
    must(gateway.bring_in(HEADER + others()))
    decide(gateway, "remove", "vanished")
    file = tmp_path / "utdrag.html"
    must(contacts(gateway, "extract", "--person", ANNA, "-o", file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file


def test_the_page_is_valid(gateway, tmp_path):
    file = fullest(gateway, tmp_path)
    if not (BROWSER / "node_modules" / "html-validate").is_dir() or not shutil.which("node"):
        pytest.skip("THE EXTRACT'S HTML IS NOT CHECKED: no html-validate in tests/browser")
    script = """
import { HtmlValidate } from 'html-validate';
import { readFileSync } from 'node:fs';
const report = await new HtmlValidate({ extends: ['html-validate:recommended'], rules: { 'void-style': 'off' } })
  .validateString(readFileSync(process.env.PAGE, 'utf-8'));
for (const message of report.results.flatMap(r => r.messages)) console.log(message.ruleId, message.line, message.message);
"""
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, text=True, cwd=BROWSER,
                          env=dict(os.environ, PAGE=str(file)), check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_the_page_prints_on_one_sheet(gateway, tmp_path):
    file, paper = fullest(gateway, tmp_path), tmp_path / "utdrag.pdf"
    if not shutil.which("chromium"):
        pytest.skip("THE EXTRACT IS NOT PRINTED: no chromium")
    subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
                    "--no-pdf-header-footer", f"--print-to-pdf={paper}", file.as_uri()],
                   capture_output=True, timeout=120, check=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) == 1


def test_where_the_extract_goes(gateway, tmp_path):
    must(gateway.bring_in(HEADER + anna()))
    for where in ["/dev/full", tmp_path / "finns" / "inte", tmp_path]:
        done = contacts(gateway, "extract", "--person", ANNA, "-o", where)
        assert done.returncode == 1 and str(where) in done.stderr
    with open("/dev/full", "wb") as full:
        done = subprocess.run(gateway.command("contacts", "extract", "--administration", "farsta", "--person", ANNA),
                              stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"could not be written" in done.stderr


# The end of it.


def test_nothing_of_the_person_is_left(gateway, survey):
    """Not in the database, its log, or any other file; and the others keep what they have."""
    must(gateway.bring_in(HEADER + anna() + others(60, 100)))
    must(gateway.send())
    number = number_of(gateway, "Anna Påhittad")
    key = (gateway.keys / "invitation.key").read_bytes()
    identity = invitation_id(key, opened(gateway)[number][3])
    gone = needles(gateway, contact=number)
    before = {n: values for n, values in opened(gateway).items() if n != number}
    assert {name for _, name in remains(gateway, gone)} == set(gone)
    assert erase(gateway).stdout == "Uppgifterna i 1 mätomgångar är raderade.\n"
    assert survey.revoked == {identity}
    # All that stays is the decision not to take the person in again, by the keyed hash.
    stays = {name for name in gone if name.startswith("person ")}
    assert {name for _, name in remains(gateway, gone)} == stays
    assert gateway.query("SELECT person, verdict FROM decision") == [(WaveKey(gateway).hash("person", "189606059880"), 2)]
    assert opened(gateway) == before
    assert gateway.query("SELECT count(*) FROM message") == [(60,)]
    assert gateway.query("SELECT persons FROM wave") == [(60,)]
    assert (gateway.state / "farsta.db-wal").stat().st_size == 0
    found = extract(gateway, "--person", ANNA)
    assert found["waves"] == [] and found["decisions"] == [{"wave": WAVE, "decision": "tas inte med"}]
    clear = gateway.everything()
    for text in ["Anna", "9880", "+46701740001", NUMBERS[0]]:
        assert text.encode() not in clear.replace(gateway.output.encode(), b"")


def test_no_copy_stays_in_a_gap(gateway):
    """Rows that grow, when codes come, move from page to page."""
    must(gateway.bring_in(HEADER + others(400, 100)))
    must(gateway.send())
    gone = {}
    for n in range(100, 500, 40):
        gone |= {name: b for name, b in needles(gateway, contact=number_of(gateway, f"Testsson{n}")).items()
                 if not name.startswith("person ")}
    for n in range(100, 500, 40):
        erase(gateway, person=f"T-{n}")
    assert remains(gateway, gone) == []
    assert len(names(gateway)) == 390


def test_in_every_wave(gateway, survey):
    survey.waves.append(wave("2028-1"))
    for name in [WAVE, "2028-1"]:
        must(gateway.bring_in(HEADER + anna() + others(), wave=name))
        must(gateway.send(wave=name))
    must(gateway.bring_in(HEADER + anna(), administration="bromma"))
    gone = needles(gateway, contact=number_of(gateway, "Anna Påhittad"))
    gone.update({f"2028-1 {n}": b for n, b in
                 needles(gateway, "2028-1", contact=number_of(gateway, "Anna Påhittad", "2028-1")).items()})
    assert must(contacts(gateway, "erase", "--phone", "070 174 00 01")).stdout.startswith("Uppgifterna i 2 ")
    assert len(survey.revoked) == 2
    assert not [name for _, name in remains(gateway, gone) if "person " not in name]
    assert len(names(gateway)) == len(names(gateway, "2028-1")) == 4
    assert extract(gateway, "--person", ANNA, administration="bromma")["waves"][0]["name"] == "Anna Påhittad"


@pytest.mark.parametrize("more", [[], ["--refuse"]])
def test_the_same_file_does_not_bring_the_person_back(gateway, more):
    must(gateway.bring_in(HEADER + anna() + others()))
    erase(gateway, *more)
    assert gateway.query("SELECT reason, persons FROM left_out") == [("removed", 1)]
    for content in [HEADER + anna() + others(), HEADER + anna("Anna Omgift") + others(5)]:
        done = must(gateway.bring_in(content))
        assert left_out_lines(done.stdout) == {2: words_of()["removed"]}
        assert not [name for name in names(gateway) if name.startswith("Anna")]
    must(gateway.send())
    assert len(opened(gateway)) == 5


def test_a_refusal_holds_in_later_waves(gateway, survey):
    survey.waves.append(wave("2028-1"))
    must(gateway.bring_in(HEADER + anna() + others()))
    assert "kontaktas aldrig mer" in erase(gateway, "--refuse").stdout
    again = HEADER + anna() + row("T-1", NUMBERS[1], "Samma nummer") + others()
    done = must(gateway.bring_in(again, wave="2028-1"))
    assert left_out_lines(done.stdout) == {2: words_of()["refused"], 3: words_of()["refused"]}
    assert extract(gateway, "--person", ANNA)["refused"] is extract(gateway, "--phone", NUMBERS[2])["refused"] is True
    assert "har sagt nej" in must(contacts(gateway, "extract", "--person", ANNA)).stdout
    assert extract(gateway, "--person", "T-2")["refused"] is False


def test_without_a_refusal_a_later_wave_may_ask(gateway, survey):
    survey.waves.append(wave("2028-1"))
    must(gateway.bring_in(HEADER + anna() + others()))
    erase(gateway)
    must(gateway.bring_in(HEADER + anna() + others(), wave="2028-1"))
    found = extract(gateway, "--person", ANNA)
    assert [w["wave"] for w in found["waves"]] == ["2028-1"]
    assert found["decisions"] == [{"wave": WAVE, "decision": "tas inte med"}]


def test_all_numbers_are_refused(gateway, survey):
    survey.waves += [wave("2028-1"), wave("2029-1")]
    must(gateway.bring_in(HEADER + anna()))
    must(gateway.bring_in(HEADER + row(ANNA, phone(77)), wave="2028-1"))
    erase(gateway, "--refuse")
    done = gateway.bring_in(HEADER + row("T-1", NUMBERS[0]) + row("T-2", phone(77)) + row("T-3", phone(78)), wave="2029-1")
    assert set(left_out_lines(done.stdout)) == {2, 3}


def test_refusing_by_the_number_refuses_for_the_person(gateway, survey):
    survey.waves.append(wave("2028-1"))
    must(gateway.bring_in(HEADER + anna() + others()))
    must(contacts(gateway, "erase", "--phone", NUMBERS[0], "--refuse"))
    done = must(gateway.bring_in(HEADER + row(ANNA, phone(77)) + others(), wave="2028-1"))
    assert left_out_lines(done.stdout) == {2: words_of()["refused"]}


def test_refusing_beforehand(gateway):
    """Nobody has to be in a file to say no."""
    must(gateway.bring_in(HEADER + others()))
    assert "Ingenting fanns" in erase(gateway, "--refuse").stdout
    done = must(gateway.bring_in(HEADER + anna() + others()))
    assert left_out_lines(done.stdout) == {2: words_of()["refused"]}


def test_a_planned_message_is_never_sent(gateway, elks):
    must(gateway.bring_in(HEADER + anna() + others()))
    must(gateway.send())
    erase(gateway)
    gateway.start()
    sent(gateway, 4)
    must(gateway.send())
    gateway.rounds(8)
    assert set(elks.recipients()) == {f"+46{phone(n)[1:]}" for n in range(2, 6)}


def test_while_the_gateway_serves(gateway, elks):
    must(gateway.bring_in(HEADER + anna() + others()))
    gateway.start()
    must(gateway.send())
    sent(gateway, 5)
    gone = needles(gateway, contact=number_of(gateway, "Anna Påhittad"))
    erase(gateway)
    assert {name.split()[0] for _, name in remains(gateway, gone)} == {"person"}
    must(gateway.send("--reminder", "--dry-run"))
    assert gateway.states() == {"sent": 4}


def test_an_erased_person_gets_no_code(gateway, survey):
    must(gateway.bring_in(HEADER + anna() + others()))
    erase(gateway)
    assert not survey.revoked
    must(gateway.send())
    batch = survey.batch("farsta-1")
    assert len(batch["invitations"]) == 4 and batch["left_out"] == {"removed": 1}


@pytest.mark.parametrize("mode", ["503", "drop"])
def test_a_batch_that_is_not_registered_yet(gateway, survey, mode):
    """It goes to survey-server whole, or it would never be taken."""
    must(gateway.bring_in(HEADER + anna() + others()))
    survey.mode = mode
    assert gateway.send().returncode == 1
    survey.mode = "503"
    done = contacts(gateway, "erase", "--person", ANNA)
    assert done.returncode == 1 and "nothing was erased" in done.stderr and "påhittat fel" in done.stderr
    assert len(names(gateway)) == 5 and not survey.revoked
    survey.mode = None
    erase(gateway)
    assert gateway.query("SELECT state FROM batch") == [(1,)]
    assert len(survey.revoked) == 1 and len(survey.ids()) == 5 and len(names(gateway)) == 4
    must(gateway.send())
    assert gateway.query("SELECT count(*) FROM message") == [(4,)]


def test_survey_server_out_of_reach(gateway, survey):
    must(gateway.bring_in(HEADER + anna() + others()))
    must(gateway.send())
    survey.close()
    done = contacts(gateway, "extract", "--person", ANNA)
    assert done.returncode == 1 and "does not answer" in done.stderr and not done.stdout
    for more in [[], ["--refuse"]]:
        done = contacts(gateway, "erase", "--person", ANNA, *more)
        assert done.returncode == 1 and "nothing was erased" in done.stderr and "does not answer" in done.stderr
    assert "the refusal is remembered" in done.stderr
    assert len(names(gateway)) == 5 and gateway.query("SELECT count(*) FROM decision") == [(0,)]


def test_who_has_no_link_needs_no_survey_server(gateway, survey):
    must(gateway.bring_in(HEADER + anna() + others()))
    survey.close()
    erase(gateway)
    assert len(names(gateway)) == 4


def test_a_closed_wave(gateway, survey):
    """What waits to be registered, or withdrawn, waits for ever; nobody else does."""
    must(gateway.bring_in(HEADER + anna() + others()))
    must(gateway.send())
    survey.mode = "503"
    must(gateway.bring_in(HEADER + anna() + others(5)))
    assert gateway.send().returncode == 1
    survey.mode = None
    survey.waves[0]["phase"] = "closed"
    erase(gateway)
    assert len(names(gateway)) == 5 and gateway.query("SELECT state FROM batch ORDER BY batch") == [(3,), (0,)]


def test_a_counted_wave(gateway, survey):
    """survey-server has forgotten the ids; here the person is still to be erased."""
    must(gateway.bring_in(HEADER + anna() + others()))
    must(gateway.send())
    survey.batches.clear()
    survey.waves[0]["phase"] = "counted"
    erase(gateway)
    assert len(names(gateway)) == 4 and not survey.revoked


def test_an_import_in_between(gateway, survey, tmp_path):
    """Persons are numbered anew while survey-server revokes: nobody else is erased."""
    must(gateway.bring_in(HEADER + anna() + others()))
    must(gateway.send())
    more = HEADER + anna() + others(30, 100)
    second = FakeSurvey()
    answer = survey.answer

    def import_first(request, body):
        if request.path.endswith("/revocations"):
            config = gateway.config.read_text()
            gateway.config.write_text(config.replace(survey.url, second.url))
            second.key = survey.key
            must(gateway.bring_in(more))
            gateway.config.write_text(config)
        return answer(request, body)

    survey.answer = import_first
    done = contacts(gateway, "erase", "--person", ANNA)
    second.close()
    survey.answer = answer
    assert done.returncode == 1 and "meanwhile" in done.stderr
    assert len(names(gateway)) == 35 and "Anna Påhittad" in names(gateway)
    erase(gateway)
    assert len(names(gateway)) == 34 and "Anna Påhittad" not in names(gateway)


def test_a_reader_in_the_way(gateway):
    must(gateway.bring_in(HEADER + anna() + others()))
    must(gateway.send())
    gone = {name: b for name, b in needles(gateway, contact=number_of(gateway, "Anna Påhittad")).items()
            if not name.startswith("person ")}
    reader = sqlite3.connect(f"file:{gateway.state}/farsta.db?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM contact").fetchall()
    done = contacts(gateway, "erase", "--person", ANNA)
    assert done.returncode == 1 and "run it again" in done.stderr
    assert len(names(gateway)) == 4 and remains(gateway, gone)
    reader.close()
    erase(gateway)
    assert remains(gateway, gone) == []


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "ftruncate", "sendto"])
def test_killed_at_every_point(tmp_path, survey, call):
    """Whatever the moment: run again, the person is gone, and the others are not."""
    killed = 0
    for at in range(1, 1000, 3 if call == "pwrite64" and not LONG else 1):
        folder = tmp_path / f"{call}-{at}"
        folder.mkdir()
        survey.batches.clear()
        survey.revoked.clear()
        gateway = Gateway(folder, survey)
        must(gateway.bring_in(HEADER + anna() + others()))
        must(gateway.send())
        gone = {name: b for name, b in needles(gateway, contact=number_of(gateway, "Anna Påhittad")).items()
                if not name.startswith("person ")}
        done = gateway.run("contacts", "erase", "--administration", "farsta", "--person", ANNA, before=killing(call, at))
        erase(gateway)
        assert names(gateway) == [f"Testsson{n}" for n in range(2, 6)] and remains(gateway, gone) == []
        assert len(survey.revoked) == 1
        if done.returncode == 0:
            break
        killed += 1
    assert done.returncode == 0 and killed >= 1
    print(f"{killed} kills at {call}")


# Around it.


def test_the_audit_log_has_numbers_only(gateway):
    must(gateway.bring_in(HEADER + anna() + others() + PAIR))
    number, ett = number_of(gateway, "Anna Påhittad"), number_of(gateway, "Parvis Ett")
    two = number_of(gateway, "Parvis Två")
    assert gateway.audit() == [("changed", "import farsta wave 2027-1")]
    held(gateway)
    extract(gateway, "--person", ANNA)
    decide(gateway, "keep", ett)
    erase(gateway, "--refuse")
    erase(gateway)
    pair = f"{WAVE}/{min(ett, two)} {WAVE}/{max(ett, two)}"
    assert gateway.audit()[1:] == [
        ("viewed", f"contacts held farsta {pair}"), ("exported", f"contacts extract farsta {WAVE}/{number}"),
        ("changed", f"contacts keep farsta {WAVE}/{ett}"), ("changed", f"contacts erase-refuse farsta {WAVE}/{number}"),
        ("changed", "contacts erase farsta nobody")]
    log = (gateway.state / "staff" / "audit.log").read_bytes() + gateway.everything().replace(gateway.output.encode(), b"")
    for text in ["Anna", "Parvis", "9880", "960605", "0701740001", "46701740001", phone(8)[1:]]:
        assert text.encode() not in log
    assert gateway.run("audit", "verify").returncode == 0


def test_many_persons_are_one_line_in_the_audit_log(gateway):
    must(gateway.bring_in(HEADER + others(40, 100)))
    must(gateway.bring_in(HEADER + others(1, 100)))
    assert len(held(gateway)) == 39
    decide(gateway, "remove", "vanished")
    assert gateway.audit()[-2:] == [("viewed", f"contacts held farsta 39 persons of {WAVE}"),
                                    ("changed", f"contacts remove farsta 39 persons of {WAVE}")]


@pytest.mark.parametrize("command", [("keep", "--wave", WAVE, "shared"), ("extract", "--person", ANNA),
                                     ("erase", "--person", ANNA, "--refuse"), ("held", "--wave", WAVE)])
def test_nothing_is_done_that_can_not_be_logged(gateway, survey, command):
    must(gateway.bring_in(HEADER + anna() + others() + PAIR))
    must(gateway.send())
    before = gateway.dump()
    log = gateway.state / "staff" / "audit.log"
    log.unlink()
    log.mkdir()
    done = contacts(gateway, *command)
    assert done.returncode == 1 and "audit.log" in done.stderr and not done.stdout
    assert gateway.dump() == before and not survey.revoked


@pytest.mark.parametrize("arguments", [
    [], ["finns-inte"], ["held"], ["held", "--wave", WAVE], ["held", "--administration", "farsta"],
    ["held", "--administration", "farsta", "--wave", WAVE, "shared"],
    ["held", "--administration", "farsta", "--wave", WAVE, "--person", "x"],
    ["keep", "--administration", "farsta", "--wave", WAVE],
    ["remove", "--administration", "farsta", "--wave", WAVE, "1", "2"],
    ["extract", "--administration", "farsta"], ["extract", "--person", ANNA],
    ["extract", "--administration", "farsta", "--person", ANNA, "--phone", NUMBERS[0]],
    ["extract", "--administration", "farsta", "--person", ANNA, "--refuse"],
    ["extract", "--administration", "farsta", "--person", ANNA, "--format", "pdf"],
    ["extract", "--administration", "farsta", "--person", ANNA, "--wave", WAVE],
    ["erase", "--administration", "farsta"], ["erase", "--administration", "farsta", "--person", ANNA, "-o", "x"],
    ["erase", "--administration", "farsta", "--person", ANNA, "--format", "json"],
    ["erase", "--administration", "farsta", "--person"], ["erased", "x"], ["erased", "--wave", WAVE]])
def test_usage(gateway, arguments):
    must(gateway.bring_in(HEADER + anna()))
    done = gateway.run("contacts", *arguments)
    assert done.returncode == 2 and "usage:" in done.stderr and not done.stdout
    assert names(gateway) == ["Anna Påhittad"]


@pytest.mark.parametrize("command", [
    ("held", "--wave", WAVE), ("keep", "--wave", WAVE, "1"), ("extract", "--person", ANNA), ("erase", "--person", ANNA)])
def test_what_does_not_exist(gateway, command):
    for name, words in [("bromma", "nothing was ever imported"), ("../farsta", "short name"), ("", "short name")]:
        done = contacts(gateway, *command, administration=name)
        assert done.returncode == 1 and words in done.stderr, name
    assert not list(gateway.state.glob("*.db"))


def test_a_missing_key_file(gateway):
    must(gateway.bring_in(HEADER + anna() + others() + PAIR))
    before = gateway.dump()
    key = WaveKey(gateway).file
    kept = key.rename(key.with_suffix(".bort"))
    for command in [("held", "--wave", WAVE), ("remove", "--wave", WAVE, "shared"), ("extract", "--person", ANNA),
                    ("erase", "--person", ANNA, "--refuse")]:
        done = contacts(gateway, *command)
        assert done.returncode == 1 and key.name in done.stderr and not done.stdout, command
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    for command in [("held", "--wave", WAVE), ("remove", "--wave", WAVE, "shared")]:
        done = contacts(gateway, *command)
        assert done.returncode == 1 and "does not open what is stored" in done.stderr
    assert gateway.dump() == before
    kept.rename(key)
    must(gateway.send())
    for name in ["internal.key", "invitation.key", "farsta.refusal.key"]:
        file = gateway.keys / name
        file.rename(gateway.keys / "bort")
        done = contacts(gateway, "erase", "--person", ANNA, "--refuse")
        assert done.returncode == 1 and name in done.stderr, name
        (gateway.keys / "bort").rename(file)
    assert "Anna Påhittad" in names(gateway)


@pytest.mark.parametrize("query", [("--person", " "), ("--person", "x" * 64), ("--phone", "mamma 0701740001"), ("--phone", ""),
                                   ("--phone", "12")])
def test_queries_that_can_not_be_read(gateway, query):
    must(gateway.bring_in(HEADER + anna()))
    for what in ["extract", "erase"]:
        done = contacts(gateway, what, *query)
        assert done.returncode == 1 and f"{query[0]} can't be read" in done.stderr
    assert names(gateway) == ["Anna Påhittad"]
