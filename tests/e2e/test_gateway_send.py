"""Planning, the sending loop, delivery reports and the staff's pages."""
import random
import re
import subprocess
import time

import pytest
from fake_46elks import CODE, Fake46elks
from fake_survey import FakeSurvey, wave
from gateway import (LINK, LONG, Gateway, environment, fetch, invitation_id, killing, person_csv, phone, taken,
                     wait_until)

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


@pytest.fixture(name="gateway")
def gateway_fixture(tmp_path, survey, elks):
    g = Gateway(tmp_path, survey, elks)
    yield g
    g.close()


def plan(gateway, *more, **options):
    done = gateway.run("send", "--wave", "2027-1", *more, **options)
    assert done.returncode == 0, done.stderr
    return done


def ready(gateway, count):
    assert gateway.bring_in(person_csv(count)).returncode == 0


def settled(gateway, count, administration="farsta"):
    def look():
        states = gateway.states(administration)
        return sum(states.values()) == count and not set(states) & {"queued", "sending"} and states
    return wait_until(look, 60)


def reports(gateway, elks, to, *statuses):
    url = next(m["whendelivered"] for m in elks.messages if m["to"] == to)
    return [fetch(url, f"id=s1&status={status}&delivered=2027".encode()) for status in statuses]


def e164(n):
    return "+46" + phone(n)[1:]


def test_everyone_gets_one(gateway, survey, elks):
    ready(gateway, 30)
    assert gateway.bring_in(person_csv(5, start=100), administration="bromma").returncode == 0
    gateway.start()
    done = plan(gateway)
    assert "35 SMS är planerade, 35 delar" in done.stdout
    assert settled(gateway, 30) == {"sent": 30} and settled(gateway, 5, "bromma") == {"sent": 5}
    assert set(elks.recipients()) == {e164(n) for n in [*range(30), *range(100, 105)]}
    key = (gateway.keys / "invitation.key").read_bytes()
    assert sorted(invitation_id(key, code) for code in elks.codes()) == sorted(survey.ids())
    again = plan(gateway)
    assert "0 SMS är planerade" in again.stdout


def test_sent_soon_after_it_was_planned(gateway, elks):
    ready(gateway, 1)
    gateway.start()
    plan(gateway)
    began = time.monotonic()
    wait_until(lambda: elks.requests, 10)
    assert time.monotonic() - began < 3


def test_nothing_of_a_person_in_clear(gateway, survey, elks):
    ready(gateway, 40)
    gateway.start()
    plan(gateway)
    settled(gateway, 40)
    reports(gateway, elks, e164(3), "delivered")
    data = gateway.everything()
    for n in range(40):
        for clear in (phone(n), phone(n)[1:], f"T-{n:06d}", f"Testsson{n}"):
            assert clear.encode() not in data, clear
    assert "Påhittad".encode() not in data
    for code in elks.codes():
        assert code.encode() not in data and code.lower().encode() not in data
    for line in survey.ids():
        assert line.encode() not in data and bytes.fromhex(line) not in data


def test_dry_run_shows_and_keeps_nothing(gateway, elks):
    ready(gateway, 7)
    done = plan(gateway, "--dry-run")
    assert "7 SMS skulle skickas, 7 delar" in done.stdout
    assert re.search(re.escape(LINK) + "/" + CODE, done.stdout)
    assert "GSM-7" in done.stdout and "1 del per SMS" in done.stdout and "Klart tidigast" in done.stdout
    assert gateway.query("SELECT count(*) FROM message") == [(0,)]


def test_five_at_once_plan_once(gateway):
    ready(gateway, 50)
    command = gateway.command("send", "--wave", "2027-1")
    many = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) for _ in range(5)]
    texts = [p.communicate()[0].decode() for p in many]
    assert [p.returncode for p in many] == [0] * 5
    assert sum(int(re.search(r"(\d+) SMS är", t)[1]) for t in texts) == 50
    assert gateway.states() == {"queued": 50}


def test_send_without_persons_or_wave(gateway, survey):
    assert gateway.run("send", "--wave", "2027-1").returncode == 1
    assert gateway.run("send", "--wave", "nej").returncode == 1
    ready(gateway, 1)
    survey.waves = [wave(phase="closed")]
    assert "closed" in gateway.run("send", "--wave", "2027-1").stderr


def test_waits_for_the_wave_to_open_and_stops_when_it_closes(gateway, survey, elks):
    survey.waves = [wave(phase="planned")]
    ready(gateway, 3)
    gateway.start()
    assert "inte öppen" in plan(gateway).stdout
    gateway.rounds(6)
    assert not elks.requests
    survey.waves = [wave()]
    ready(gateway, 3)
    assert settled(gateway, 3) == {"sent": 3}
    gateway.stop()
    plan(gateway, "--reminder")
    survey.waves = [wave(phase="closed")]
    gateway.start()
    assert settled(gateway, 6) == {"sent": 3, "stopped": 3}
    assert elks.requests == 3


def test_not_after_the_closing_day(gateway, survey, elks):
    ready(gateway, 2)
    plan(gateway)
    survey.waves = [wave(closes="2020-06-01")]
    gateway.start()
    assert settled(gateway, 2) == {"stopped": 2}
    assert not elks.requests


def test_survey_server_away_holds_everything(gateway, survey, elks):
    ready(gateway, 2)
    plan(gateway)
    port = survey.port
    survey.close()
    gateway.start()
    wait_until(lambda: "does not answer" in gateway.log.read_text())
    assert not elks.requests and gateway.states() == {"queued": 2}
    back = FakeSurvey(port)
    back.key = survey.key
    assert settled(gateway, 2) == {"sent": 2}
    assert gateway.log.read_text().count("does not answer") <= 2
    back.close()


def test_serve_registers_what_send_could_not(gateway, survey):
    survey.mode = "503"
    ready(gateway, 3)
    assert gateway.send().returncode == 1 and gateway.states() == {}
    gateway.start()
    survey.mode = None
    wait_until(lambda: gateway.query("SELECT state FROM batch") == [(1,)])
    assert len(survey.ids()) == 3
    plan(gateway)
    assert settled(gateway, 3) == {"sent": 3}


def test_registration_outlives_restarts(gateway, survey):
    """However it ends, the gateway goes on where it was, and never registers a batch twice."""
    ready(gateway, 3)
    for mode in ("hang", "drop", "503"):
        survey.mode = mode
        if mode == "503":
            assert gateway.send().returncode == 1
        gateway.start()
        gateway.rounds(8)
        gateway.kill()
    assert gateway.query("SELECT state FROM batch") == [(0,)]
    survey.released.set()
    survey.mode = None
    gateway.start()
    wait_until(lambda: gateway.query("SELECT state FROM batch") == [(1,)])
    gateway.stop()
    puts = len(survey.puts)
    gateway.start()
    gateway.rounds(8)
    assert len(survey.puts) == puts and len(survey.ids()) == 3


def test_one_administration_that_fails_does_not_stop_the_others(gateway, survey, elks):
    for n, name in enumerate(("bromma", "farsta", "sodermalm")):
        assert gateway.bring_in(person_csv(3, start=10 * n), administration=name).returncode == 0
    survey.refuse = ("bromma",)
    (gateway.keys / "farsta.2027-1.key").rename(gateway.keys / "borta")
    done = gateway.send()
    assert done.returncode == 1 and "2 of the administrations were not planned" in done.stderr
    assert "bromma: nobody gets anything before" in done.stderr and "farsta.2027-1.key" in done.stderr
    assert gateway.states("bromma") == gateway.states() == {} and gateway.states("sodermalm") == {"queued": 3}
    assert re.search(r"^ +3  sodermalm$", done.stdout, re.M) and "är planerade" not in done.stdout
    (gateway.keys / "borta").rename(gateway.keys / "farsta.2027-1.key")
    survey.refuse = ()
    assert "6 SMS är planerade" in plan(gateway).stdout
    gateway.start()
    for name in ("bromma", "farsta", "sodermalm"):
        assert settled(gateway, 3, name) == {"sent": 3}


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "sendto"])
def test_planning_killed_at_every_point(tmp_path, survey, call):
    """Codes, registration and queue: whatever the moment, the next `send` completes it, and nobody is there twice."""
    for at in range(1, 1000, 3 if call == "pwrite64" and not LONG else 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        survey.batches.clear()
        gateway = Gateway(folder, survey)
        ready(gateway, 20)
        done = gateway.send(before=killing(call, at))
        plan(gateway)
        assert len(survey.ids()) == len(set(survey.ids())) == 20
        assert gateway.query("SELECT state, count(*) FROM batch GROUP BY state") == [(1, 1)]
        assert gateway.states() == {"queued": 20}
        if done.returncode == 0:
            break
    assert done.returncode == 0 and at > 2
    print(f"{at} points of {call}")


@pytest.mark.parametrize("how,state", [
    ("500", "unknown"), ("garbage", "unknown"), ("reset", "unknown"), ("hang", "unknown"), ("400", "failed")])
def test_never_again_after(tmp_path, survey, elks, how, state):
    gateway = Gateway(tmp_path, survey, elks, timeout=1)
    elks.answer = lambda n: how if n == 2 else "ok"
    ready(gateway, 4)
    plan(gateway)
    gateway.start()
    assert settled(gateway, 4) == {"sent": 3, state: 1}
    assert elks.requests == 4
    gateway.close()


def test_429_is_tried_again(gateway, elks):
    elks.answer = lambda n: "429" if n in (1, 3) else "ok"
    ready(gateway, 4)
    plan(gateway)
    gateway.start()
    assert settled(gateway, 4) == {"sent": 4}
    assert elks.requests == 6
    assert sum(r for (r,) in gateway.query("SELECT tries FROM message")) == 6


@pytest.mark.parametrize("status", ["401", "402", "403", "302", "404"])
def test_a_refusal_pauses_all_with_one_message(gateway, elks, status):
    elks.answer = lambda n: status
    elks.allow_duplicates = True
    ready(gateway, 4)
    plan(gateway)
    gateway.start()
    wait_until(lambda: "paused" in gateway.log.read_text())
    gateway.rounds(6)
    assert gateway.states() == {"queued": 4} and elks.requests == 1
    assert gateway.log.read_text().count("paused") == 1
    assert gateway.query("SELECT max(tries) FROM message") == [(0,)]
    gateway.stop()
    elks.answer = lambda n: "ok"
    gateway.start()
    assert settled(gateway, 4) == {"sent": 4}


def test_a_dead_provider_does_not_spin(gateway, elks):
    ready(gateway, 200)
    plan(gateway)
    elks.close()
    gateway.start()
    wait_until(lambda: sum(t for (t,) in gateway.query("SELECT tries FROM message")) > 1)
    gateway.rounds(8)
    tries = sum(t for (t,) in gateway.query("SELECT tries FROM message"))
    with open(f"/proc/{gateway.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(") ")[2].split()
    assert tries < 20 and (int(fields[11]) + int(fields[12])) / 100 < 2
    wait_until(lambda: gateway.states() == {"queued": 200})


def test_killed_again_and_again_while_sending(gateway, elks):
    """Nobody gets two, everybody is sent or unknown, and no kill makes more than one unknown."""
    kills = 100 if LONG else 20
    ready(gateway, 200)
    plan(gateway)
    chance = random.Random(1)
    elks.answer = lambda n: (time.sleep(0.005), "ok")[1]
    killed = 0
    for _ in range(kills):
        gateway.start()
        before = elks.requests
        if not wait_until(lambda b=before: elks.requests > b or not gateway.states().get("queued")):
            break
        time.sleep(chance.random() * 0.08 * 20 / kills)
        gateway.kill()
        killed += 1
    gateway.start()
    states = settled(gateway, 200)
    assert set(states) <= {"sent", "unknown"} and states.get("unknown", 0) <= killed
    assert not elks.faults and max(elks.recipients().values()) == 1
    assert len(elks.recipients()) >= states["sent"]
    print(f"{killed} kills, {states}, {len(elks.recipients())} arrived")


@pytest.mark.parametrize("call", ["fdatasync", "sendto", "connect", "pwrite64"])
def test_killed_at_every_point_of_a_message(tmp_path, survey, call):
    for at in range(1, 1000, 3 if call == "pwrite64" and not LONG else 1):
        elks = Fake46elks(LINK, "")
        folder = tmp_path / str(at)
        folder.mkdir()
        gateway = Gateway(folder, survey, elks)
        survey.batches.clear()
        ready(gateway, 2)
        plan(gateway)
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                   "-e", f"inject={call}:signal=SIGKILL:when={at}", *gateway.command("serve")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=environment(leaks=False)) as process:
            wait_until(lambda p=process, g=gateway: p.poll() is not None or g.states() == {"sent": 2})
            through = process.poll() is None
            if through:
                pids = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, check=False)
                for pid in pids.stdout.split():
                    subprocess.run(["kill", "-9", pid], check=False)
            process.wait()
        gateway.start()
        states = settled(gateway, 2)
        assert set(states) <= {"sent", "unknown"} and states.get("unknown", 0) <= 1
        assert not elks.faults and all(n == 1 for n in elks.recipients().values())
        gateway.stop()
        elks.close()
        if through:
            break
    assert through and at > 1
    print(f"{at} points of {call}")


def test_second_gateway_is_refused(gateway):
    gateway.start()
    done = gateway.run("serve")
    assert done.returncode == 1 and "another gateway" in done.stderr


def test_reports(gateway, elks):
    ready(gateway, 6)
    elks.answer = lambda n: "500" if n == 6 else "ok"
    gateway.start()
    plan(gateway)
    settled(gateway, 6)
    orders = [["delivered"], ["failed"], ["sent", "failed", "delivered", "sent", "failed"], ["delivered", "failed"],
              ["sent", "sent", "created"]]
    to = [m["to"] for m in elks.messages]
    for n, statuses in enumerate(orders):
        assert reports(gateway, elks, to[n], *statuses) == [(204, b"")] * len(statuses)
    assert gateway.states() == {"delivered": 3, "failed": 1, "sent": 1, "unknown": 1}
    assert reports(gateway, elks, to[5], "delivered") == [(204, b"")]
    assert gateway.states() == {"delivered": 4, "failed": 1, "sent": 1}


def test_forged_and_broken_reports(gateway, elks):
    ready(gateway, 1)
    gateway.start()
    plan(gateway)
    settled(gateway, 1)
    url = elks.messages[0]["whendelivered"]
    base, _, ref = url.rpartition("/")
    secret = base.rpartition("/")[2]
    good = b"id=s1&status=delivered"
    wrong = url.replace(secret, secret[:-1] + ("0" if secret[-1] != "0" else "1"))
    assert fetch(wrong, good)[0] == 403
    assert fetch(url.replace(secret, secret + "0"), good)[0] == 403
    assert fetch(url.replace("46elks", "twilio"), good)[0] == 403
    assert fetch(f"{base}/{'0' * 32}", good) == (204, b"")
    assert fetch(f"{base}/{ref}00", good) == (204, b"")
    assert fetch(url, b"status=delivered")[0] == 400
    assert fetch(url, b"id=s1&status=%zz")[0] == 400
    assert fetch(url, b"id=s1&status=delivered&status=failed")[0] == 400
    assert fetch(url, b"")[0] == 400
    assert fetch(url, b"id=s1&status=delivered&x=" + b"a" * 100000)[0] == 413
    assert fetch(url)[0] == 405
    assert fetch(f"{gateway.base_url}/", b"x")[0] == 404
    assert gateway.states() == {"sent": 1}
    assert fetch(url, good) == (204, b"")
    assert gateway.states() == {"delivered": 1}


def test_a_report_before_the_answer(gateway, elks):
    """The provider's own report may overtake its reply."""
    def answer(_):
        return "hang"
    elks.answer = answer
    ready(gateway, 1)
    gateway.start()
    plan(gateway)
    wait_until(lambda: elks.messages)
    assert gateway.states() == {"sending": 1}
    reports(gateway, elks, e164(0), "delivered")
    elks.released.set()
    gateway.rounds(4)
    assert gateway.states() == {"delivered": 1}


def test_reminder(gateway, survey, elks):
    ready(gateway, 10)
    gateway.start()
    plan(gateway)
    settled(gateway, 10)
    key = (gateway.keys / "invitation.key").read_bytes()
    ids = {m["to"]: invitation_id(key, m["message"].rpartition("/")[2]) for m in elks.messages}
    survey.spent = {ids[e164(0)], ids[e164(1)]}
    survey.declined = [ids[e164(2)]]
    survey.wrong = [ids[e164(3)]]
    reports(gateway, elks, e164(4), "failed")
    dry = plan(gateway, "--reminder", "--dry-run")
    assert "5 SMS skulle skickas" in dry.stdout and "Hej igen" in dry.stdout
    assert gateway.query("SELECT count(*) FROM refusal") == [(0,)]
    elks.messages.clear()
    assert "5 SMS är planerade" in plan(gateway, "--reminder").stdout
    wait_until(lambda: len(elks.messages) == 5)
    assert set(elks.recipients()) == {e164(n) for n in range(5, 10)}
    assert "0 SMS är planerade" in plan(gateway, "--reminder").stdout
    assert gateway.query("SELECT count(*) FROM refusal") == [(3,)]  # a person and a number; a number alone
    survey.waves.append(wave("2028-1"))
    done = gateway.bring_in(person_csv(10), wave="2028-1")
    assert taken(done.stdout) == 8 and "har sagt nej" in done.stdout


def test_refusals_are_looked_at_again_when_sending(gateway, survey, elks):
    """What was planned before somebody said no is not sent; for holds see test_gateway_frame.py."""
    survey.waves.append(wave("2028-1"))
    ready(gateway, 4)
    gateway.bring_in(person_csv(4), wave="2028-1")
    gateway.start()
    plan(gateway)
    settled(gateway, 4)
    gateway.stop()
    assert gateway.send(wave="2028-1").returncode == 0
    key = (gateway.keys / "invitation.key").read_bytes()
    survey.wrong = [invitation_id(key, m["message"].rpartition("/")[2]) for m in elks.messages
                    if m["to"] == e164(1)]
    plan(gateway, "--reminder")
    elks.messages.clear()
    elks.allow_duplicates = True
    gateway.start()
    wait_until(lambda: not set(gateway.states()) & {"queued", "sending"})
    assert gateway.query("SELECT state, count(*) FROM message WHERE wave = '2028-1' GROUP BY state") == [(2, 3), (6, 1)]
    assert elks.recipients() == {e164(0): 2, e164(2): 2, e164(3): 2}


def test_pace(tmp_path, survey, elks):
    gateway = Gateway(tmp_path, survey, elks, per_second=5)
    ready(gateway, 15)
    plan(gateway)
    gateway.start()
    began = time.monotonic()
    settled(gateway, 15)
    assert 1.5 < time.monotonic() - began < 10
    gateway.close()


@pytest.mark.parametrize("start,quiet", [
    ("2027-03-02 07:59:57", True), ("2027-03-02 19:59:30", False), ("2027-03-28 03:00:30", True),
    ("2027-10-31 02:30:00", True), ("2027-03-02 08:00:01", False)])
def test_quiet_hours(tmp_path, survey, elks, start, quiet):
    gateway = Gateway(tmp_path, survey, elks, quiet="20:00-08:00")
    ready(gateway, 2)
    plan(gateway)
    gateway.start(LD_PRELOAD=FAKETIME, FAKETIME=f"@{start}", FAKETIME_DONT_FAKE_MONOTONIC="1",
                  TZ="Europe/Stockholm")
    if not quiet:
        assert settled(gateway, 2) == {"sent": 2}
    else:
        time.sleep(1.5)
        assert not elks.requests and gateway.states() == {"queued": 2}
    if start.endswith("07:59:57"):
        assert settled(gateway, 2) == {"sent": 2}
    gateway.close()


def test_outbox_provider_and_pages(tmp_path, survey):
    gateway = Gateway(tmp_path, survey)
    gateway.start()
    leader = gateway.staff_as("leader")
    assert "Inga personer" in leader.get("/messages").text and 'href="/outbox"' in leader.page.text
    assert "Inga SMS" in leader.get("/outbox").text
    ready(gateway, 12)
    plan(gateway)
    assert settled(gateway, 12) == {"sent": 12}
    text = leader.get("/outbox").text
    links = re.findall(rf'<a href="({re.escape(LINK)}/{CODE})" rel="noreferrer"', text)
    assert leader.page.status == 200 and len(set(links)) == 12
    assert phone(3)[1:] not in text and "<script" not in text and '<html lang="sv">' in text
    assert "style=" not in text and "<style" not in text
    ends = re.findall(rf'<li><p>Staden till {re.escape(e164(0)[:5])} ••• •• (\d\d), kl. ', text)
    assert '<ol class="sms">\n<li><p>Staden till' in text and sorted(ends) == [e164(n)[-2:] for n in range(12)]
    english = leader.get("/outbox", Accept_Language="en").text
    assert '<html lang="en">' in english and english.count('<div lang="sv">') == 12
    assert gateway.audit()[-1] == ("viewed", "outbox")
    row = re.search(r'<th scope="row">Farsta</th>(.*?)</tr>', leader.get("/messages").text, re.S)[1]
    assert re.findall(r"<td>(.*?)</td>", row) == ["12", "0", "12", "0", "0", "0", "0"]
    assert leader.get("/messages", Host="evil.example").status == 421
    assert leader.get("/nej").status == 404
    assert leader.post("/outbox").status == 405
    gateway.stop()
    gateway.close()


def test_no_outbox_page_with_a_real_provider(gateway):
    gateway.start()
    leader = gateway.staff_as("leader")
    assert 'href="/messages"' in leader.get("/").text and 'href="/outbox"' not in leader.page.text
    assert leader.get("/outbox").status == 404 and "viewed" not in dict(gateway.audit())


def become(gateway, who, roles, administration):
    done = gateway.run("staff", "set", who.name, "--role", roles, "--administration", administration)
    assert done.returncode == 0, done.stderr


def waiting(who, **headers):
    return re.findall(r'<li>([^<]+) <a href="/messages">', who.get("/", **headers).text)


def test_a_coordinator_sees_the_administrations_of_the_account(gateway, elks):
    ready(gateway, 3)
    gateway.bring_in(person_csv(2, start=3), administration="bromma")
    elks.answer = lambda n: "400"
    plan(gateway)
    gateway.start()
    settled(gateway, 3)
    settled(gateway, 2, "bromma")
    lost = {"Bromma": "2 SMS från Bromma i 2027-1 kom inte fram.",
            "Farsta": "3 SMS från Farsta i 2027-1 kom inte fram."}
    who = gateway.staff_as("coordinator", administration="sodermalm")
    for roles, administration, seen in [
            ("coordinator", "sodermalm", []), ("coordinator", "farsta", ["Farsta"]),
            ("coordinator", "bromma", ["Bromma"]), ("coordinator", "farsta,bromma", ["Bromma", "Farsta"]),
            ("coordinator,leader", "farsta", ["Bromma", "Farsta"]), ("leader", "", ["Bromma", "Farsta"])]:
        become(gateway, who, roles, administration)
        assert re.findall(r'<th scope="row">(\w+)', who.get("/messages").text) == seen
        assert waiting(who) == [lost[name] for name in seen]


def test_what_waits(gateway, survey, elks):
    ready(gateway, 5)
    elks.answer = lambda n: {1: "500", 2: "400", 3: "500"}.get(n, "ok")
    plan(gateway)
    gateway.start()
    settled(gateway, 5)
    survey.waves.append(wave("2028-1"))
    survey.mode = "503"
    assert gateway.bring_in(person_csv(1), wave="2028-1").returncode == 0
    assert gateway.send(wave="2028-1").returncode == 1
    who = gateway.staff_as("leader")
    for roles, administration in [("leader", ""), ("coordinator", "farsta")]:
        become(gateway, who, roles, administration)
        assert waiting(who) == [
            "Ingen vet om 2 SMS från Farsta i 2027-1 kom fram. Inget skickas igen av sig självt.",
            "1 SMS från Farsta i 2027-1 kom inte fram.",
            "Alla från Farsta i 2028-1 är inte registrerade i enkäten än. Det sker av sig självt."]
        assert waiting(who, Accept_Language="en") == [
            "Nobody knows whether 2 SMS from Farsta in 2027-1 arrived. None is sent again by itself.",
            "1 SMS from Farsta in 2027-1 did not arrive.",
            "Not everyone from Farsta in 2028-1 is registered with the survey yet. It happens by itself."]
    become(gateway, who, "interviewer,accounts,auditor", "")
    assert waiting(who) == []


def test_the_audit_log_says_it_first(gateway):
    ready(gateway, 2)
    before = gateway.audit()
    log = gateway.state / "staff" / "audit.log"
    log.rename(log.with_suffix(".away"))
    log.mkdir()
    done = gateway.run("send", "--wave", "2027-1")
    assert done.returncode == 1 and "audit.log" in done.stderr and "nothing was planned" in done.stderr
    assert gateway.states() == {}
    log.rmdir()
    log.with_suffix(".away").rename(log)
    plan(gateway, "--dry-run")
    plan(gateway)
    plan(gateway, "--reminder")
    assert gateway.audit() == [*before, ("changed", "send wave 2027-1"), ("changed", "send reminder wave 2027-1")]
