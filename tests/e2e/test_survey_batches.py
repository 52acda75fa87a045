"""What sms-gateway registers, asks and takes back: batches that nobody was told of, empty ones, and what a wave's
breakdowns and day of count are."""
import http.client
import json
import re

import pytest

from person import Staff
from survey import AREAS, THANKS, Invitation, Page, answers_number, batch_of, day, faults, running, strace, table

WAVE = "2027-1"


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    with running(tmp_path_factory.mktemp("batches")) as s:
        s.add_wave()
        yield s


def register(survey, count, name, wave=WAVE, areas=2):
    people = survey.make(count, wave, areas)
    assert survey.put(people, wave, name, left_out={"protected": 2}).status == 201
    return people


def shown_as_invited(survey, wave=WAVE):
    """The number wherever it is shown: for monitoring, on the command line."""
    with survey.api() as api:
        measured = re.search(rf'brukarenkat_invitations{{wave="{wave}",phase="[a-z]+"}} (\d+)', api.get("/metrics").body.decode())[1]
    line, = [l.split("\t") for l in survey.must("wave", "list").splitlines() if l.split("\t")[0] == wave]
    assert line[5] == measured
    return int(measured)


def refused(survey, name, wave=WAVE):
    """Withdrawing is refused, in words, and changes nothing."""
    before = survey.dump()
    reply = survey.withdraw(name, wave)
    assert reply.status == 409 and reply.json()["error"], reply.body
    assert survey.dump() == before
    return reply.json()["error"]


# Withdrawing.


def test_withdrawn_batch_is_gone(survey):
    register(survey, 3, "farsta-fore")
    before, invited = survey.dump(), shown_as_invited(survey)
    people = register(survey, 5000, "farsta-atertas")
    after = register(survey, 4, "farsta-efter")
    assert shown_as_invited(survey) == invited + 5004
    reply = survey.withdraw("farsta-atertas")
    assert (reply.status, reply.json()) == (200, {"withdrawn": 5000})
    assert shown_as_invited(survey) == invited + 4
    now = survey.dump()
    for name in ["stratum", "left_out", "batch", "invitation"]:
        assert not any("atertas" in row for row in now[name])
        assert len(now[name]) == len(before[name]) + {"stratum": 2, "left_out": 1, "batch": 1, "invitation": 4}[name]
    box = survey.box()
    assert not {p.id for p in people} & set(box.serials)
    with survey.public() as web:
        for person in [people[0], people[-1]]:
            assert web.get(person.path).status == 410
            assert web.post(person.path, answers_number(1)).status == 410
        # Those of other batches go on, before and behind.
        for person in after[:2]:
            assert THANKS in web.post(person.path, answers_number(1)).body
    assert survey.ask_open("farsta-efter") == {p.id for p in after[2:]}
    with survey.api() as api:
        assert api.request("POST", f"/v1/waves/{WAVE}/open", '{"batch": "farsta-atertas"}').status == 404


def test_withdrawn_serials_are_revoked_and_never_given_again(survey):
    """A form that was on its way when its batch was withdrawn finds the serial gone, whoever else is invited."""
    people = register(survey, 20, "farsta-nummer")
    serials = {survey.box().serials[p.id] for p in people}
    assert survey.withdraw("farsta-nummer").json() == {"withdrawn": 20}
    box = survey.box()
    assert all(box._set(kind, serial) for kind in (1, 2) for serial in serials)
    assert box.spent == len(box.sealed)
    again = register(survey, 30, "farsta-nummer")
    box = survey.box()
    assert not serials & set(box.serials.values())
    assert not any(box.gone(p) for p in again)


def test_withdrawing_again_and_what_was_never_there(survey):
    register(survey, 2, "farsta-tva")
    assert survey.withdraw("farsta-tva").json() == {"withdrawn": 2}
    before = survey.dump()
    for name in ["farsta-tva", "farsta-aldrig", "x" * 200, "%C3%A5"]:
        reply = survey.withdraw(name)
        assert (reply.status, reply.json()) == (200, {"withdrawn": 0})
    assert survey.withdraw("farsta-tva", "mars").status == 404
    with survey.api(key="0" * 64) as api:
        assert api.request("DELETE", f"/v1/waves/{WAVE}/batches/farsta-fore").status == 401
    assert survey.dump() == before


def test_withdrawn_batch_can_come_again(survey):
    """The same content, which would be a no-op while it is there, and other content under the same name."""
    people = survey.make(6)
    assert survey.put(people, name="farsta-ny").status == 201
    assert survey.put(people, name="farsta-ny").status == 200
    for some in [people, people[:4], people + survey.make(2)]:
        assert survey.withdraw("farsta-ny").status == 200
        assert survey.put(some, name="farsta-ny").status == 201
        assert survey.ask_open("farsta-ny") == {p.id for p in some}
    with survey.public() as web:
        assert THANKS in web.post(people[5].path, answers_number(2)).body


@pytest.mark.parametrize("what", ["answered", "declined", "wrong person"])
@pytest.mark.parametrize("which", [0, -1])
def test_used_batch_is_not_withdrawn(survey, what, which):
    name = f"farsta-{what}{which}".replace(" ", "-")
    people = sorted(register(survey, 12, name), key=lambda p: p.id)
    one = people[which]
    with survey.public() as web:
        fields = {"answered": answers_number(3), "declined": {"decline": "no"}, "wrong person": {"decline": "wrong-person"}}[what]
        assert web.post(one.path, fields).status == 200
    # It is not said which of these it was.
    assert refused(survey, name) == "an invitation of the batch is spent or was declined"
    assert survey.ask_open(name) == {p.id for p in people} - {one.id}


@pytest.mark.parametrize("which", [0, 5, -1])
def test_a_revoked_invitation_is_withdrawn_with_its_batch(survey, which):
    """Somebody was erased at the gateway, and then a corrected file came."""
    name = f"farsta-revoked{which}"
    people = sorted(register(survey, 12, name), key=lambda p: p.id)
    with survey.api() as api:
        body = json.dumps({"ids": [people[which].id.hex()]})
        assert api.request("POST", f"/v1/waves/{WAVE}/revocations", body).status == 200
    assert survey.withdraw(name).json() == {"withdrawn": 12}
    with survey.public() as web:
        assert all(web.post(p.path, answers_number(3)).status == 410 for p in people)


def test_only_while_the_wave_takes_invitations(survey):
    survey.add_wave("kommande", opens=3)
    register(survey, 3, "farsta-1", "kommande")
    assert survey.withdraw("farsta-1", "kommande").json() == {"withdrawn": 3}
    survey.add_wave("stangd")
    register(survey, 3, "farsta-1", "stangd")
    survey.must("wave", "close", "--id", "stangd")
    for name in ["farsta-1", "farsta-aldrig"]:
        assert refused(survey, name, "stangd") == "the wave takes no more invitations"
    survey.must("count", "--wave", "stangd")
    refused(survey, "farsta-1", "stangd")


def test_another_wave_is_not_touched(survey):
    survey.add_wave("annan")
    people = register(survey, 3, "farsta-1", "annan")
    register(survey, 5, "farsta-1")
    assert survey.withdraw("farsta-1").json() == {"withdrawn": 5}
    assert survey.ask_open("farsta-1", "annan") == {p.id for p in people}


def test_count_after_a_withdrawal(survey):
    """What was withdrawn is in no figure, and the number invited stands after the batches are deleted."""
    survey.add_wave("raknas")
    people = register(survey, 40, "farsta-1", "raknas")
    register(survey, 7, "farsta-2", "raknas")
    assert survey.withdraw("farsta-2", "raknas").status == 200
    with survey.public() as web:
        for n, person in enumerate(people):
            assert web.post(person.path, answers_number(n)).status == 200
    survey.must("wave", "close", "--id", "raknas")
    survey.must("count", "--wave", "raknas")
    quality = json.loads(survey.report("raknas"))["quality"]
    assert (quality["frame"], quality["invited"], quality["answered"], quality["left_out"]) == (40, 40, 40, {"protected": 2})
    assert shown_as_invited(survey, "raknas") == 40
    who = Staff(f"http://{survey.host}:8082", "vera").enrol(survey.must("staff", "add", "vera", "--role", "waves").split()[-1])
    assert who.sign_in().status == 303
    row, = [r for r in Page(who.get("/staff/waves").text).all("tr") if "(raknas)" in r.text]
    assert [c.text for c in row.all("td")].count("40") == 1 and "47" not in row.text


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    with running(tmp_path_factory.mktemp("prepared")) as s:
        s.add_wave()
        people = register(s, 30, "farsta-1")
    return s, people


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_killed_while_it_withdraws(prepared, tmp_path, call):
    """At every such call: all of it, or nothing; and a thank you for it means all of it."""
    first, people = prepared
    killed = n = 0
    done = None
    while killed == n:
        n += 1
        assert n < 200, "never ends: the fault does not count the calls"
        survey = first.clone(tmp_path / str(n)).serve()
        reply = None
        with faults(survey, f"{call}:signal=SIGKILL:when={n}"):
            try:
                reply = survey.withdraw("farsta-1")
            except (OSError, http.client.HTTPException):
                survey.process.wait(30)
        if survey.process.poll() is not None:
            killed += 1
            survey.serve()
        box, dump = survey.box(), survey.dump()
        left = len(dump["invitation"])
        assert left in (0, 30) and (reply is None or left == 0)
        assert len(dump["stratum"]) == (2 if left else 0) and len(dump["batch"]) == len(dump["left_out"]) == (1 if left else 0)
        assert box.count(1) == box.count(2) == 30 - left
        assert shown_as_invited(survey) == left
        done = left if reply is None else done
        assert survey.withdraw("farsta-1").json() == {"withdrawn": left}
        assert survey.put(people, name="farsta-1").status == 201
        assert survey.ask_open("farsta-1") == {p.id for p in people}
        assert survey.stop() == 0
    assert killed >= (3 if call == "pwrite64" else 1)


# A batch of nobody, and strata alike.


def test_empty_batch_tells_who_was_left_out(survey):
    survey.add_wave("tom")
    body = dict(batch_of([], administration="bromma", left_out={"protected": 4, "child": 1}),
                strata=[{"stratum": 0, "area": AREAS[0], "plan": "sms", "frame": 3, "drawn": 0}])
    with survey.api() as api:
        for status in (201, 200):
            reply = api.request("PUT", "/v1/waves/tom/batches/bromma-1", json.dumps(body))
            assert (reply.status, reply.json()) == (status, {"registered": 0})
        assert api.request("PUT", "/v1/waves/tom/batches/bromma-1", json.dumps(dict(body, left_out={}))).status == 409
        for wrong in [None, {}, "", 0]:
            assert api.request("PUT", "/v1/waves/tom/batches/bromma-2", json.dumps(dict(body, invitations=wrong))).status == 400
    assert survey.ask_open("bromma-1", "tom") == set() and shown_as_invited(survey, "tom") == 0
    people = register(survey, 2, "farsta-1", "tom")
    # Withdrawn and put again, behind others.
    assert survey.withdraw("bromma-1", "tom").json() == {"withdrawn": 0}
    with survey.api() as api:
        assert api.request("PUT", "/v1/waves/tom/batches/bromma-1", json.dumps(body)).status == 201
    with survey.public() as web:
        for person in people:
            assert THANKS in web.post(person.path, answers_number(5)).body
    survey.must("wave", "close", "--id", "tom")
    survey.must("count", "--wave", "tom")
    quality = json.loads(survey.report("tom"))["quality"]
    assert (quality["frame"], quality["invited"], quality["answered"]) == (5, 2, 2)
    assert quality["left_out"] == {"child": 1, "protected": 6}


def test_strata_of_one_area_and_plan(survey):
    """Draws per unit: each unit is a stratum of its own, and their numbers add up."""
    survey.add_wave("enheter")
    people = [Invitation(survey.invitation_key, "enheter", stratum=n // 10, plan=1 + n // 30) for n in range(40)]
    body = dict(batch_of(people), strata=[
        {"stratum": n, "area": AREAS[0], "plan": "telephone" if n == 3 else "sms", "frame": 50 + n, "drawn": 10} for n in range(4)])
    with survey.api() as api:
        assert api.request("PUT", "/v1/waves/enheter/batches/farsta-1", json.dumps(body)).status == 201
    with survey.public() as web:
        for n, person in enumerate(people):
            assert web.post(person.path, answers_number(n)).status == 200
    survey.must("wave", "close", "--id", "enheter")
    body = json.dumps({"strata": [{"stratum": n, "dispositions": {"40": n}} for n in range(4)]})
    with survey.api() as api:
        assert api.request("PUT", "/v1/waves/enheter/dispositions/farsta-1", body).status == 201
    survey.must("count", "--wave", "enheter")
    report = json.loads(survey.report("enheter"))
    assert (report["quality"]["frame"], report["quality"]["invited"], report["quality"]["not_eligible"]) == (206, 40, 6)
    assert {r["key"]["area"]: r["invited"] for r in table(report, "area")}[AREAS[0]] in (40, None)


# What a wave says of its count.


def test_breakdowns_are_those_of_the_release(survey):
    survey.add_wave("tabeller")
    told = survey.wave("tabeller")["tables"]
    assert told == [["area"]]
    register(survey, 3, "farsta-1", "tabeller")
    survey.must("wave", "close", "--id", "tabeller")
    survey.must("count", "--wave", "tabeller")
    # The city is no breakdown.
    assert [t["by"] for t in json.loads(survey.report("tabeller"))["tables"] if t["by"]] == told
    codes = [v["code"] for v in survey.wave("tabeller")["variables"]]
    assert all(code in codes for by in told for code in by)


def test_day_of_the_count(tmp_path):
    with running(tmp_path) as survey:
        survey.add_wave()
        register(survey, 3, "farsta-1")
        days = {day(0)}
        assert survey.wave()["counted"] is None
        survey.must("wave", "close", "--id", WAVE)
        assert survey.wave()["counted"] is None
        survey.must("count", "--wave", WAVE, "--check")
        assert survey.wave()["counted"] is None
        # Ended before what could tell of persons is erased: not counted yet.
        survey.command("count", "--wave", WAVE, prefix=strace("unlink:signal=SIGKILL:when=1"))
        burning = survey.wave()
        assert (burning["phase"], burning["counted"]) == ("burning", None)
        survey.must("count", "--wave", WAVE)
        days.add(day(0))
        told = survey.wave()
        assert told["phase"] == "counted" and told["counted"] in days
        survey.must("publish", "--wave", WAVE)
        assert survey.wave() == dict(told, phase="published")
