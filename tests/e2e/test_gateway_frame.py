"""The frame from the first file to the last: what a corrected one changes, who is held, and whose words are understood."""
import re
import sqlite3
import threading

import pytest
from fake_survey import wave
from gateway import (Gateway, figure, invitation_id, left_out_lines, left_out_persons, marked, marks_of, must,
                     phone, taken, wait_until, words_of)

HEADER = "person_id;telefon;namn;språk;verksamhetsområde;enhet;skyddad;sms_tillåtet\n"


@pytest.fixture(name="gateway")
def gateway_fixture(tmp_path, survey, elks):
    g = Gateway(tmp_path, survey, elks)
    yield g
    g.close()


def row(person, number=None, area="aldreomsorg", secret="nej", sms="ja", unit=""):
    number = phone(int(person)) if number is None else number
    return f"T-{person};{number};Påhittad Testsson{person};sv;{area};{unit};{secret};{sms}\n"


def some(numbers, **more):
    return HEADER + "".join(row(n, **more) for n in numbers)


def holds(gateway):
    """{hold: persons}: 1 shared, 2 vanished, 3 out."""
    return dict(gateway.query("SELECT hold, count(*) FROM contact WHERE wave = '2027-1' GROUP BY hold"))


def begin(gateway):
    """Everything that can be sent has left."""
    gateway.start()
    must(gateway.send())
    wait_until(lambda: gateway.states() and not set(gateway.states()) & {"queued", "sending"})
    gateway.stop()


# Before anything has left.

def test_a_corrected_file_takes_the_first_ones_place(gateway, survey):
    must(gateway.bring_in(some(range(10))))
    must(gateway.sample("--per-area", 3))
    must(gateway.send())
    old = set(survey.ids())
    assert sum(gateway.states().values()) == 7
    done = must(gateway.bring_in(some(range(2, 12)).replace("Testsson5;", "Annan;").replace(phone(6), phone(60))))
    assert "2 nya, 2 ändrade, 6 oförändrade, 2 saknas nu." in done.stdout and "gäller inte längre" in done.stdout
    assert gateway.states() == {} and gateway.query("SELECT draw, draw_size FROM wave") == [(0, 0)]
    assert gateway.query("SELECT count(*) FROM contact WHERE code IS NOT NULL") == [(0,)]
    assert gateway.query("SELECT state FROM batch") == [(3,)] and not gateway.query("SELECT 1 FROM stratum")
    assert holds(gateway) == {0: 10, 2: 2}
    done = must(gateway.send())
    assert "10 SMS är planerade" in done.stdout and "2 personer väntar på samordnarens beslut" in done.stdout
    assert survey.order == [("put", "farsta-1"), ("withdrawn", "farsta-1"), ("put", "farsta-2")]
    assert len(survey.ids()) == 12 and not old & set(survey.ids())
    assert survey.strata() == {("aldreomsorg", "sms"): 12}


def test_the_contacts_are_in_the_order_of_their_hashes(gateway):
    for numbers in (range(10), range(5, 15)):
        must(gateway.bring_in(some(numbers)))
        persons = [h for h, in gateway.query("SELECT person FROM contact ORDER BY contact")]
        assert persons == sorted(persons) and len(set(persons)) == len(persons)
    assert gateway.query("SELECT max(contact) FROM contact") == [(15,)]


def test_who_has_vanished_comes_back(gateway, survey):
    must(gateway.bring_in(some(range(10))))
    before = gateway.query("SELECT person, phone, content, language, channels FROM contact ORDER BY person")
    done = must(gateway.bring_in(some(range(8))))
    assert "2 saknas nu" in done.stdout and holds(gateway) == {0: 8, 2: 2}
    assert gateway.query("SELECT person, phone, content, language, channels FROM contact ORDER BY person") == before
    assert gateway.query("SELECT persons, held FROM wave") == [(10, 2)]
    again = gateway.dump()
    assert "Inget är ändrat" in must(gateway.bring_in(some(range(8)))).stdout and gateway.dump() == again
    must(gateway.bring_in(some(range(10))))
    assert holds(gateway) == {0: 10}
    assert gateway.query("SELECT person, phone, content, language, channels FROM contact ORDER BY person") == before
    must(gateway.bring_in(some(range(9))))
    must(gateway.send())
    assert gateway.states() == {"queued": 9} and len(survey.ids()) == 10


def test_the_cells_follow_the_frame(gateway):
    must(gateway.bring_in(some(range(6)) + row(7, area="socialpsykiatri") + row(8, secret="ja")))
    assert gateway.query("SELECT key, persons FROM cell WHERE breakdown = 'area'") == [("aldreomsorg", 6), ("socialpsykiatri", 1)]
    must(gateway.bring_in(some(range(4)) + row(7, area="aldreomsorg") + row(9, area="barn-unga")))
    # Two have vanished, and are still there.
    assert gateway.query("SELECT key, persons FROM cell WHERE breakdown = 'area'") == [("aldreomsorg", 7), ("barn-unga", 1)]
    assert gateway.query("SELECT sum(persons) FROM cell WHERE breakdown = 'administration*area'") == [(8,)]
    assert not gateway.query("SELECT 1 FROM left_out")


def test_one_number_on_two_persons(gateway, survey):
    done = must(gateway.bring_in(some(range(4)) + row(4, phone(0)) + row(5, "", sms="ja") + row(6, "")))
    assert holds(gateway) == {0: 5, 1: 2} and marked(done.stdout)[marks_of()["shared"]] == 2
    must(gateway.send())
    assert gateway.states() == {"queued": 3} and len(survey.ids()) == 7
    must(gateway.bring_in(some(range(7))))
    assert holds(gateway) == {0: 7}


def test_registration_is_made_up_for(gateway, survey):
    must(gateway.bring_in(some(range(4))))
    survey.mode = "503"
    done = gateway.send()
    assert done.returncode == 1 and "registered" in done.stderr and "påhittat fel" in done.stderr
    assert gateway.states() == {}
    survey.mode = "drop"
    assert gateway.send().returncode == 1
    survey.mode = None
    must(gateway.send())
    assert [p[2] for p in survey.puts] == [503, 201, 200]
    assert gateway.query("SELECT state FROM batch") == [(1,)] and gateway.states() == {"queued": 4}


def test_withdrawal_is_made_up_for(gateway, survey):
    """However often survey-server fails, nothing new comes before the old is gone."""
    must(gateway.bring_in(some(range(4))))
    must(gateway.send())
    must(gateway.bring_in(some(range(5))))
    for mode in ("503", "409", "drop"):
        survey.mode = mode
        done = gateway.send()
        assert done.returncode == 1 and gateway.states() == {}
        assert gateway.query("SELECT state FROM batch ORDER BY batch") == [(3,), (0,)]
    survey.mode = None
    must(gateway.send())
    assert [w[2] for w in survey.withdrawn] == [503, 409, 200, 200] and len(survey.puts) == 2
    assert survey.order == [("put", "farsta-1"), ("withdrawn", "farsta-1"), ("withdrawn", "farsta-1"), ("put", "farsta-2")]
    assert len(survey.ids()) == 5


def test_a_batch_that_will_not_go(gateway, survey):
    """Somebody has answered by it, whoever gave out the link: nothing is registered in its place."""
    must(gateway.bring_in(some(range(4))))
    must(gateway.send())
    survey.spent = {survey.ids()[0]}
    must(gateway.bring_in(some(range(5))))
    for command in (gateway.send, lambda: gateway.sample("--per-area", 2)):
        done = command()
        assert done.returncode == 1 and "spent or revoked" in done.stderr
        assert gateway.states() == {} and len(survey.ids()) == 4


def test_a_wave_that_is_stuck_does_not_stop_another(gateway, survey):
    must(gateway.bring_in(some(range(4))))
    must(gateway.send())
    must(gateway.bring_in(some(range(5))))
    survey.waves = [wave(phase="closed"), wave("2028-1")]
    must(gateway.bring_in(some(range(3)), wave="2028-1"))
    must(gateway.send(wave="2028-1"))
    assert gateway.query("SELECT wave, state FROM batch ORDER BY wave") == [("2027-1", 3), ("2028-1", 1)]
    assert len(survey.ids("2028-1")) == 3 and gateway.states() == {"queued": 3}
    must(gateway.bring_in(some(range(4)), wave="2028-1"))
    survey.mode = "503"
    assert gateway.send(wave="2028-1").returncode == 1
    survey.mode = None
    gateway.start()
    wait_until(lambda: gateway.query("SELECT state FROM batch WHERE wave = '2028-1'") == [(1,)])
    gateway.stop()


def test_serve_withdraws_by_itself(gateway, survey):
    must(gateway.bring_in(some(range(4))))
    must(gateway.send())
    gateway.start()
    wait_until(lambda: gateway.states() == {"sent": 4})
    must(gateway.bring_in(some(range(3)), administration="bromma"))
    gateway.stop()
    must(gateway.send())
    must(gateway.bring_in(some(range(2)), administration="bromma"))
    gateway.start()
    wait_until(lambda: not gateway.query("SELECT 1 FROM batch", "bromma"))
    gateway.stop()
    assert len(survey.ids()) == 4 and ("withdrawn", "bromma-1") in survey.order
    must(gateway.bring_in(some(range(4)), administration="bromma"))
    must(gateway.send())
    assert len(survey.ids()) == 8


def test_a_late_registration_never_follows_its_withdrawal(gateway, survey):
    """The serving gateway is on its way with a batch while a corrected file comes and is sent."""
    must(gateway.bring_in(some(range(4))))
    survey.mode = "503"
    assert gateway.send().returncode == 1
    survey.mode = None
    arrived, go_on = threading.Event(), threading.Event()
    put = survey.put

    def slow_put(request, name, batch, body):
        if not arrived.is_set():
            arrived.set()
            survey.lock.release()
            go_on.wait(60)
            survey.lock.acquire()
        return put(request, name, batch, body)
    survey.put = slow_put
    gateway.start()
    assert arrived.wait(30)
    must(gateway.bring_in(some(range(5))))
    sending = threading.Thread(target=lambda: must(gateway.send()))
    sending.start()
    sending.join(3)
    go_on.set()
    sending.join(60)
    wait_until(lambda: gateway.query("SELECT state FROM batch") == [(1,)])
    gateway.stop()
    assert len(survey.ids()) == len(set(survey.ids())) == 5
    assert survey.order[-2:] == [("withdrawn", "farsta-1"), ("put", "farsta-2")]


def test_a_refused_batch_is_shown_and_not_tried_again_by_itself(gateway, survey):
    survey.mode = "409"
    must(gateway.bring_in(some(range(4))))
    done = gateway.send()
    assert done.returncode == 1 and "registered" in done.stderr
    assert gateway.query("SELECT state FROM batch") == [(2,)]
    gateway.start()
    coordinator = gateway.staff_as("coordinator", administration="farsta")
    assert "tar inte emot alla" in coordinator.get("/messages").text
    assert "Enkäten tar inte emot alla från Farsta i 2027-1." in coordinator.get("/").text
    assert "Farsta" not in gateway.staff_as("coordinator", administration="bromma").get("/").text
    gateway.rounds(8)
    gateway.stop()
    assert len(survey.puts) == 1
    survey.mode = None
    must(gateway.send())
    assert gateway.query("SELECT state FROM batch") == [(1,)]


# When the sending has begun.

def test_only_refusals_and_protections_count_now(gateway, survey, elks):
    must(gateway.bring_in(some(range(10)) + row(10, "08-4650004")))
    begin(gateway)
    assert gateway.states() == {"sent": 10}
    puts, before = len(survey.puts), gateway.query("SELECT person, details, code, stratum FROM contact")
    later = (some([0, 1]).replace("Testsson1;", "Annan;") + row(2, secret="ja") + row(3, sms="nej") + row(4, secret="kanske")
             + row(5, area="finns inte") + row(6, phone(60)) + row(7, area="socialpsykiatri") + row(10, "08-4650004")
             + row(20) + row(21, secret="ja"))
    done = must(gateway.bring_in(later))
    words = words_of()
    assert left_out_lines(done.stdout) == {4: words["protected"], 6: words["value-protected"], 7: words["area-unknown"],
                                           11: words["late"], 12: words["protected"]}
    assert "utskicket har börjat" in done.stdout and "3 personer får inget mer" in done.stdout
    assert "2 personer väntar" in done.stdout
    assert holds(gateway) == {0: 6, 2: 2, 3: 3}
    assert gateway.query("SELECT person, details, code, stratum FROM contact") == before
    assert len(survey.puts) == puts and not survey.withdrawn and gateway.query("SELECT persons, held FROM wave") == [(11, 2)]
    again = gateway.dump()
    assert "Inget är ändrat" in must(gateway.bring_in(later)).stdout and gateway.dump() == again
    elks.messages.clear()
    assert "5 SMS är planerade" in must(gateway.send("--reminder")).stdout
    gateway.start()
    wait_until(lambda: len(elks.messages) == 5)
    gateway.stop()
    assert {m["to"][-4:] for m in elks.messages} == {phone(n)[-4:] for n in (0, 1, 5, 6, 7)}


def test_the_same_file_changes_nothing_after_the_sending_began(gateway):
    """Also of those who were never to get an SMS."""
    text = some(range(4)) + row(5, sms="nej") + row(6, "08-4650004") + row(7, secret="ja") + row(8, phone(9)) + row(9)
    must(gateway.bring_in(text))
    begin(gateway)
    assert gateway.states() == {"sent": 4} and holds(gateway) == {0: 6, 1: 2}
    before = gateway.dump()
    assert "Inget är ändrat" in must(gateway.bring_in(text)).stdout
    assert gateway.dump() == before


@pytest.mark.parametrize("new", [
    row(1, secret="ja"), row(1, sms="nej"), row(1) + row(1, area="socialpsykiatri", secret="ja"),
    row(1, area="barn-unga") + row(1, sms="nej"), row(1, area="finns inte", sms="nej"),
    row(1, sms="hellre inte"), row(1, secret="?")])
def test_a_late_no_counts_in_any_row(gateway, survey, new):
    survey.waves = [wave(exempt=["barn-unga"])]
    must(gateway.bring_in(some(range(3))))
    begin(gateway)
    must(gateway.bring_in(some([0, 2]) + new))
    assert holds(gateway) == {0: 2, 3: 1}
    must(gateway.bring_in(some(range(3))))
    assert holds(gateway) == {0: 2, 3: 1}


def test_a_late_no_stops_what_is_planned(gateway, survey, elks):
    must(gateway.bring_in(some(range(2))))
    begin(gateway)
    must(gateway.send("--reminder"))
    assert gateway.states() == {"sent": 2, "queued": 2}
    must(gateway.bring_in(some([0]) + row(1, sms="nej")))
    elks.messages.clear()
    gateway.start()
    wait_until(lambda: gateway.states() == {"sent": 3, "stopped": 1})
    gateway.stop()
    assert [m["to"][-4:] for m in elks.messages] == [phone(0)[-4:]]


def test_a_number_that_was_shared_stays_held(gateway):
    """What is stored is the number that was the same, whatever a later file says."""
    must(gateway.bring_in(some(range(3)) + row(3, phone(2))))
    begin(gateway)
    assert holds(gateway) == {0: 2, 1: 2}
    for later in (some(range(3)) + row(3, phone(33)), some(range(3)), some(range(3)) + row(3, phone(33)), some(range(2)),
                  some(range(4))):
        must(gateway.bring_in(later))
        assert holds(gateway) == {0: 2, 1: 2}


def test_sending_is_not_begun_by_what_was_given_back(gateway, elks):
    """The provider refused us: nothing has left."""
    elks.answer = lambda n: "401"
    must(gateway.bring_in(some(range(3))))
    must(gateway.send())
    gateway.start()
    wait_until(lambda: "paused" in gateway.log.read_text())
    gateway.stop()
    done = must(gateway.bring_in(some(range(4))))
    assert "1 nya" in done.stdout and "har börjat" not in done.stdout and gateway.states() == {}


def test_a_file_that_comes_while_messages_leave(gateway, elks, survey):
    """Either it came first, and nobody gets a link of before, or the sending had begun."""
    elks.allow_duplicates = True
    must(gateway.bring_in(some(range(30))))
    must(gateway.send())
    gateway.start()
    must(gateway.bring_in(some(range(31))))
    must(gateway.send())
    wait_until(lambda: gateway.states() and not set(gateway.states()) & {"queued", "sending"})
    gateway.stop()
    key = (gateway.keys / "invitation.key").read_bytes()
    assert {invitation_id(key, code) for code in elks.codes()} <= set(survey.ids())
    assert max(elks.recipients().values()) == 1 and len(elks.messages) in (30, 31)


# Refusals.

def refuse(gateway, elks, survey, wrong=(), declined=()):
    """Their links came to somebody else, or they have said no; the reminder learns it."""
    key = (gateway.keys / "invitation.key").read_bytes()
    ids = {m["to"][-4:]: invitation_id(key, m["message"].rpartition("/")[2]) for m in elks.messages}
    survey.wrong = [ids[phone(n)[-4:]] for n in wrong]
    survey.declined = [ids[phone(n)[-4:]] for n in declined]
    must(gateway.send("--reminder"))


def test_who_has_refused_is_left_out_with_all_rows(gateway, survey, elks):
    must(gateway.bring_in(some(range(5))))
    begin(gateway)
    refuse(gateway, elks, survey, wrong=[1], declined=[2])
    survey.waves.append(wave("2028-1"))
    text = some([0, 1, 3, 4]) + row(2, phone(22)) + row(1) + row(2, phone(23), area="socialpsykiatri")
    done = must(gateway.bring_in(text, wave="2028-1"))
    words = words_of()
    assert left_out_lines(done.stdout) == {n: words["refused"] for n in (3, 6, 7, 8)}
    assert left_out_persons(done.stdout) == {words["refused"]: 2} and taken(done.stdout) == 3
    assert figure(done.stdout, "personer lämnas utanför") == 2
    must(gateway.send(wave="2028-1"))
    assert survey.batch("farsta-1", "2028-1")["left_out"] == {"refused": 2}
    # Somebody new with that number is not asked either, and another administration knows nothing of it.
    done = must(gateway.bring_in(some(range(5)) + row(9, phone(1)), wave="2028-1"))
    assert left_out_persons(done.stdout) == {words["refused"]: 3}
    done = must(gateway.bring_in(some(range(5)), administration="bromma", wave="2028-1"))
    assert taken(done.stdout) == 5
    # Without the key nobody's no would be known: it is not made anew.
    key = gateway.keys / "farsta.refusal.key"
    key.unlink()
    before = gateway.dump()
    for dry in ([], ["--dry-run"]):
        done = gateway.bring_in(some(range(5)), *dry, wave="2028-1")
        assert done.returncode == 1 and "farsta.refusal.key" in done.stderr
    assert gateway.dump() == before and not key.exists()


# The coordinator's decisions.

def decide(gateway, person, verdict):
    """As the coordinator's page does: by the keyed hash; 1 keep, 2 remove."""
    with sqlite3.connect(gateway.state / "farsta.db") as db:
        db.execute("INSERT OR REPLACE INTO decision VALUES ('2027-1', ?, ?)", (person, verdict))


def test_decisions_outlive_the_next_file(gateway, survey):
    must(gateway.bring_in(some(range(4)) + row(4, phone(0))))
    shared = [p for p, in gateway.query("SELECT person FROM contact WHERE hold = 1 ORDER BY person")]
    decide(gateway, shared[0], 1)
    decide(gateway, shared[1], 2)
    done = must(gateway.bring_in(some(range(4)) + row(4, phone(0))))
    assert left_out_persons(done.stdout) == {words_of()["removed"]: 1}
    assert holds(gateway) == {0: 4}
    must(gateway.bring_in(some(range(3)) + row(4, phone(0))))
    vanished, = gateway.query("SELECT person FROM contact WHERE hold = 2")[0]
    decide(gateway, vanished, 1)
    before = gateway.query("SELECT count(*) FROM contact")
    must(gateway.bring_in(some(range(3)) + row(4, phone(0))))
    assert holds(gateway) == {0: 4} and gateway.query("SELECT count(*) FROM contact") == before
    decide(gateway, vanished, 2)
    must(gateway.bring_in(some(range(3)) + row(4, phone(0))))
    assert holds(gateway) == {0: 3}
    must(gateway.send())
    assert len(survey.ids()) == 3 and survey.batch("farsta-1")["left_out"] == {"removed": 1}


# What a case system calls things.

MAPPING = """[system]
name = Påhittade Systemet
[columns]
person_id = Personnummer | Pnr
verksamhetsområde = Verksamhet
telefon = Mobilnummer
skyddad = Sekretess
sms_tillåtet = SMS ok
[values verksamhetsområde]
IFO EKB | IFO Ekonomi = ekonomiskt-bistand
ÄO = Äldreomsorg
[values skyddad]
X = ja
Ej = nej
[person]
reserve = [0-9]{8}-?[A-Z][0-9]{3}
"""


@pytest.fixture(name="mapped")
def mapped_fixture(gateway):
    folder = gateway.folder / "mappningar"
    folder.mkdir()
    (folder / "pahittade.ini").write_text(MAPPING)
    (folder / "annan.ini").write_text("[columns]\nperson_id = Klient\n")
    gateway.write_config(gateway.settings, mappings=folder)
    return gateway


def test_a_mapping_that_fits_is_found(mapped):
    text = ("Pnr;Mobilnummer;Verksamhet;Sekretess;SMS ok\n"
            f"T-1;{phone(1)};IFO EKB;ej;ja\nT-2;{phone(2)};ifo ekonomi;X;ja\nT-3;{phone(3)};ÄO;nej;nej\n"
            f"19121212-A123;{phone(4)};Äldreomsorg;nej;\n19121212-1213;{phone(5)};AO;nej;\nT-6;{phone(6)};ABC;nej;\n")
    done = must(mapped.bring_in(text))
    words = words_of()
    assert "mappning Påhittade Systemet" in done.stdout
    assert left_out_lines(done.stdout) == {3: words["protected"], 7: words["area-unknown"]}
    assert marked(done.stdout) == {marks_of()["sms-no"]: 1, marks_of()["person"]: 1}
    assert mapped.query("SELECT key, persons FROM cell WHERE breakdown = 'area'") \
        == [("aldreomsorg", 3), ("ekonomiskt-bistand", 1)]


def test_a_mapping_that_is_named(mapped):
    """It is the one used, also where the header has the contract's own names."""
    contract = HEADER + row(1, area="IFO EKB") + row(2)
    done = must(mapped.bring_in(contract, "--dry-run"))
    assert left_out_lines(done.stdout) == {2: words_of()["area-unknown"]} and "mappning" not in done.stdout
    done = must(mapped.bring_in(contract, "--mapping", "pahittade"))
    assert taken(done.stdout) == 2 and "mappning Påhittade Systemet" in done.stdout
    for name, words in [("annan", "skyddad"), ("finns-inte", "there is no such mapping"), ("../mappningar/annan", "no such")]:
        done = mapped.bring_in("Pnr;Mobilnummer;Verksamhet;Sekretess\nT-1;1;ÄO;-\n", "--mapping", name)
        assert done.returncode == 1 and words in done.stderr, name


@pytest.mark.parametrize("header,words", [
    ("Pnr;Mobilnummer;Verksamhet", "rubrikraden saknar"), ("Pnr;Personnummer;Mobilnummer;Verksamhet;Sekretess", "saknar"),
    ("person_id;Pnr;telefon;verksamhetsområde;Sekretess", "saknar")])
def test_a_header_that_no_mapping_fits(mapped, header, words):
    done = mapped.bring_in(f"{header}\n{';'.join('x' * (header.count(';') + 1))}\n")
    assert done.returncode == 1 and words in done.stderr and "ingen mappning passar heller" in done.stderr
    assert not mapped.query("SELECT 1 FROM contact")


def test_a_mapping_that_is_wrong_is_told_of(mapped):
    (mapped.folder / "mappningar" / "trasig.ini").write_text("[columns]\nfel = x\nperson_id =\n")
    done = mapped.bring_in(some([1]))
    assert done.returncode == 1 and "trasig.ini" in done.stderr
    assert done.stderr.count("\n") == 1
    mapped.write_config(mapped.settings)
    assert "names no folder" in mapped.bring_in(some([1]), "--mapping", "annan").stderr
    mapped.write_config(mapped.settings, mappings=mapped.folder / "borta")
    assert mapped.bring_in(some([1])).returncode == 1


# The rules of a wave, and the value sets.

def with_rules(gateway, text=None, **sets):
    for folder in ("regler", "värden"):
        (gateway.folder / folder).mkdir(exist_ok=True)
    if text is not None:
        (gateway.folder / "regler" / "2027-1.ini").write_text(text)
    for code, content in sets.items():
        (gateway.folder / "värden" / f"{code}.ini").write_text(content)
    gateway.write_config(gateway.settings, rules=gateway.folder / "regler", values=gateway.folder / "värden")


GROUND = """[variable]
code = ground
name = Lagrum
[values]
bistand = 4 kap. 1 § SoL
lss = LSS
annat = Annat
[local]
lss-9-2 = 9 § 2 LSS
bistand-nya = 11 kap. 1 § SoL (2025:400)
[parents]
lss-9-2 = lss
bistand-nya = bistand
"""


def test_rules_of_the_wave(gateway, survey):
    with_rules(gateway, """[frame]
grounds = lss
shortest = 3
youngest = 16
adult = 20
unsafe = socialpsykiatri
[exempt]
areas = barn-unga
measures = Familjehem | bostad
""", ground=GROUND)
    header = "person_id;telefon;verksamhetsområde;skyddad;sms_tillåtet;ålder;insats;lagrum;beslut_från;beslut_till\n"

    def person(n, area="aldreomsorg", sms="", age=40, measure="", ground="lss", start="", end=""):
        return f"T-{n};{phone(n)};{area};nej;{sms};{age};{measure};{ground};{start};{end}\n"
    rows = {
        person(0): None, person(1, ground="9 § 2 LSS"): None, person(2, ground="LSS-9-2"): None,
        person(3, ground="bistand"): "ground", person(4, ground="11 kap. 1 § SoL (2025:400)"): "ground",
        person(5, ground=""): "ground-unknown", person(6, ground="4:1"): "ground-unknown",
        person(7, age=15): "child", person(8, age=16): "young", person(9, age=19, sms="ja"): None,
        person(10, area="socialpsykiatri"): "sms-not-safe", person(11, area="socialpsykiatri", sms="ja"): None,
        person(12, area="vald-nara-relation"): None, person(13, area="barn-unga"): "exempt",
        person(14, measure="FAMILJEHEM"): "measure", person(15, measure="Bostad"): "measure",
        person(16, start="2026-01-01", end="2026-03-30"): "short", person(17, start="2026-01-01", end="2026-03-31"): None,
    }
    words = words_of()
    done = must(gateway.bring_in(header + "".join(rows)))
    assert "omgångens egna regler" in done.stdout
    assert left_out_lines(done.stdout) == {n: words[c] for n, c in enumerate(rows.values(), start=2) if c}
    must(gateway.send())
    wanted = {}
    for code in filter(None, rows.values()):
        wanted[code] = wanted.get(code, 0) + 1
    assert survey.batch("farsta-1")["left_out"] == wanted
    done = must(gateway.bring_in(header.replace(";lagrum", ";övrigt") + "".join(rows), administration="bromma"))
    assert re.search(r"filen saknar .*lagrum\. Regler som bygger på dem är inte prövade", done.stdout)
    assert "Kolumner som inte läses: övrigt." in done.stdout
    assert not {words["ground"], words["ground-unknown"]} & set(left_out_persons(done.stdout))


@pytest.mark.parametrize("rules", ["[frame]\nyoungest = tre\n", "[frame]\nnyckel = 1\n", "hej\n", "[frame]\nyoungest = 30\n"])
def test_rules_that_are_wrong(gateway, rules):
    with_rules(gateway, rules)
    done = gateway.bring_in(some([1]))
    assert done.returncode == 1 and "2027-1.ini" in done.stderr
    assert not gateway.query("SELECT 1 FROM contact")


def test_other_rules_after_the_first_import(gateway):
    must(gateway.bring_in(some(range(3), sms="")))
    with_rules(gateway, "[frame]\nunsafe = aldreomsorg\n")
    done = gateway.bring_in(some(range(3), sms=""), "--dry-run")
    assert left_out_persons(done.stdout) == {words_of()["sms-not-safe"]: 3}
    before = gateway.dump()
    done = gateway.bring_in(some(range(3), sms=""))
    assert done.returncode == 1 and "det som lästes in förut är kvar" in done.stderr and gateway.dump() == before
    must(gateway.bring_in(some(range(3), sms="") + row(9)))
    assert gateway.persons() == 1
    assert gateway.query("SELECT reason, persons FROM left_out") == [("sms-not-safe", 3)]


def test_local_values_roll_up(gateway):
    with_rules(gateway, area="""[variable]
code = area
name = Verksamhetsområde
[values]
aldreomsorg = Äldreomsorg
socialpsykiatri = Socialpsykiatri
[local]
hemtjanst = Hemtjänst
hemtjanst-natt = Hemtjänst, natt
[groups]
omsorg = Omsorg
[parents]
hemtjanst = aldreomsorg
hemtjanst-natt = hemtjanst
aldreomsorg = omsorg
socialpsykiatri = omsorg
""")
    areas = ["hemtjanst", "Hemtjänst", "HEMTJANST NATT", "Hemtjänst, natt", "aldreomsorg", "Socialpsykiatri", "omsorg",
             "Barn och unga"]
    done = must(gateway.bring_in(HEADER + "".join(row(n, area=f'"{a}"') for n, a in enumerate(areas))))
    assert left_out_lines(done.stdout) == {8: words_of()["area-unknown"]}
    assert gateway.query("SELECT key, persons FROM cell WHERE breakdown = 'area'") \
        == [("aldreomsorg", 5), ("barn-unga", 1), ("socialpsykiatri", 1)]
    part = done.stdout.partition("Grövre indelning skulle ge:\n")[2].partition("\n\n")[0]
    assert ("6", "Omsorg") in re.findall(r"^ +(\d+) .*  (\S.*)$", part, re.MULTILINE)


# Small groups.

def groups_of(text, title):
    """[(persons, answers, fate, name)] of a breakdown."""
    part = text.partition(f"\n{title}\nPersoner   Svar  I resultatet\n")[2].partition("\n\n")[0].partition("  Grövre")[0]
    return [(int(m[1]), int(m[2]), m[3].strip(), m[4]) for m in re.finditer(r"^ *(\d+) +(\d+)  (.{17}) (.+)$", part, re.MULTILINE)]


def test_small_groups_in_advance(gateway):
    def frame(counts):
        text, n = HEADER, 0
        for area, count in counts.items():
            text += "".join(row(i, area=area) for i in range(n, n + count))
            n += count
        return text
    first = frame({"ekonomiskt-bistand": 60, "aldreomsorg": 30, "socialpsykiatri": 4})
    done = must(gateway.bring_in(first))
    assert "hela staden hittills, om 40 % svarar" in done.stdout
    seen = groups_of(done.stdout, "Verksamhetsområde")
    assert [(p, a) for p, a, _, _ in seen if p] == [(60, 24), (4, 1), (30, 12)]
    dry = must(gateway.bring_in(frame({"socialpsykiatri": 50}), "--dry-run", "--response", 100, administration="bromma"))
    assert "om 100 % svarar" in dry.stdout
    assert [(p, a) for p, a, _, _ in groups_of(dry.stdout, "Verksamhetsområde") if p] == [(60, 60), (54, 54), (30, 30)]
    alone = must(gateway.run("groups", "--wave", "2027-1"))
    assert groups_of(alone.stdout, "Verksamhetsområde") == seen
    must(gateway.bring_in(frame({"socialpsykiatri": 50}), administration="bromma"))
    alone = must(gateway.run("groups", "--wave", "2027-1", "--response", 50))
    assert [(p, a) for p, a, _, _ in groups_of(alone.stdout, "Verksamhetsområde") if p] == [(60, 30), (54, 27), (30, 15)]
    assert [(p, a) for p, a, _, _ in groups_of(alone.stdout, "Verksamhetsområde, Bromma") if p] == [(50, 25)]
    assert "Verksamhetsområde, Södermalm" not in alone.stdout
    # In place of what was, not on top of it.
    again = must(gateway.bring_in(first, "--response", 50, "--dry-run"))
    assert groups_of(again.stdout, "Verksamhetsområde") == groups_of(alone.stdout, "Verksamhetsområde")


@pytest.mark.parametrize("response", ["0", "101", "-1", "4x", "", "1.5", "99999999999999999999"])
def test_an_answer_rate_that_is_none(gateway, response):
    done = gateway.run("groups", "--wave", "2027-1", "--response", response)
    assert done.returncode == 1 and "--response" in done.stderr
    done = gateway.bring_in(some([1]), "--response", response)
    assert done.returncode == 1 and "--response" in done.stderr and not gateway.query("SELECT 1 FROM contact")


def test_groups_of_no_wave(gateway):
    assert "no wave" in gateway.run("groups", "--wave", "2030-1").stderr
    assert not re.search(r"^ *[1-9]", must(gateway.run("groups", "--wave", "2027-1")).stdout, re.MULTILINE)


def test_a_survey_server_that_tells_of_no_tables(gateway, survey):
    survey.waves = [wave()]
    del survey.waves[0]["tables"], survey.waves[0]["counted"]
    done = must(gateway.bring_in(some(range(3))))
    assert [(p, n) for p, _, _, n in groups_of(done.stdout, "Verksamhetsområde") if p] == [(3, "Äldreomsorg")]
