"""The command `sample`: an auditor's own count with hashlib, and what stands between two draws."""
import csv
import hashlib
import io
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from fake_46elks import Fake46elks
from fake_survey import wave
from gateway import LINK, LONG, Gateway, environment, killing, must, person_csv, phone, wait_until

HEADER = "person_id;telefon;namn;verksamhetsområde;enhet;skyddad;sms_tillåtet\n"
AREAS = {"ekonomiskt-bistand": 40, "socialpsykiatri": 12, "aldreomsorg": 5}


def a_frame(areas=None, start=0):
    """Every fifth can't be called; units in turn."""
    text, n = HEADER, start
    for area, count in (areas or AREAS).items():
        for _ in range(count):
            number = "+358401234567"[:-3] + f"{n:03d}" if n % 5 == 4 else phone(n)
            text += f"P-{n};{number};x;{area};Enhet {n % 3};nej;{'nej' if n % 7 == 0 else 'ja'}\n"
            n += 1
    return text


def log_of(gateway, administration="farsta"):
    """{what: hexadecimal}, in the order of the audit log."""
    found = [re.fullmatch(rf"sample {administration} wave 2027-1 per-(?:area|unit) \d+ persons \d+ ([a-z0-9-]+) ([0-9a-f]{{64}})", o)
             for _, o in gateway.audit()]
    return [(m[1], m[2]) for m in found if m]


def repeat(gateway, *how, seed, administration="farsta"):
    frame, drawn = gateway.folder / "ram.csv", gateway.folder / "dragna.txt"
    done = gateway.sample(*how, "--administration", administration, "--seed", seed, "--frame", frame, "--drawn", drawn)
    return done, frame, drawn


def count_by_hand(frame, seed, size, units=False):
    """Whom the seed draws, from the frame's file alone."""
    strata = {}
    for row in csv.DictReader(io.StringIO(frame.decode()), delimiter=";"):
        if row["kan ringas"] == "ja":
            number = hashlib.sha256(bytes.fromhex(seed) + bytes.fromhex(row["person"])).digest()
            strata.setdefault((row["verksamhetsområde"], row["enhet"] if units else ""), []).append((number, row["person"]))
    return {person for persons in strata.values() for _, person in sorted(persons)[:size]}


def plans(gateway, administration="farsta"):
    """{person: plan} as the database has it: 2 is the telephone."""
    return dict(gateway.query("SELECT lower(hex(person)), plan FROM contact NATURAL JOIN stratum WHERE wave = '2027-1'",
                              administration))


TELEPHONE = 2


@pytest.mark.parametrize("how,size", [("--per-area", 10), ("--per-unit", 2), ("--per-area", 1), ("--per-area", 100000)])
def test_an_auditor_counts_the_same(gateway, survey, how, size):
    must(gateway.bring_in(a_frame()))
    done = must(gateway.sample(how, size))
    log = log_of(gateway)
    assert [what for what, _ in log] == ["frame-sha256", "seed-sha256", "drawn-with-seed"]
    committed = dict(log)
    seed = committed["drawn-with-seed"]
    assert hashlib.sha256(bytes.fromhex(seed)).hexdigest() == committed["seed-sha256"]
    again, frame, drawn = repeat(gateway, how, size, seed=seed)
    must(again)
    assert "Det lagrade urvalet är det som fröet ger." in again.stdout
    tool = subprocess.run(["sha256sum", frame], capture_output=True, check=True).stdout.decode().split()[0]
    assert tool == committed["frame-sha256"]
    assert f"frame-sha256 {tool}" in again.stdout and f"seed-sha256 {committed['seed-sha256']}" in again.stdout
    by_hand = count_by_hand(frame.read_bytes(), seed, size, how == "--per-unit")
    assert set(drawn.read_text().split()) == by_hand
    stored = plans(gateway)
    assert {person for person, plan in stored.items() if plan == TELEPHONE} == by_hand
    assert len(stored) == sum(AREAS.values())
    assert set(stored) == {row.split(";")[0] for row in frame.read_text().splitlines()[1:]}
    area = {line.split(";")[0]: line.split(";")[1] for line in frame.read_text().splitlines()[1:]}
    wanted = {}
    for person, plan in stored.items():
        key = area[person], "telephone" if plan == TELEPHONE else "sms"
        wanted[key] = wanted.get(key, 0) + 1
    assert survey.strata() == wanted
    assert f"{len(by_hand)} rings, {len(stored) - len(by_hand)} i SMS-planen." in done.stdout


def test_what_it_shows(gateway):
    must(gateway.bring_in(a_frame()))
    assert "gäller inte längre" not in must(gateway.sample("--per-area", 10, "--dry-run")).stdout
    lines = re.findall(r"^ +(\d+) +(\d+) +(\d+)  (.+)$", must(gateway.sample("--per-area", 10)).stdout, re.MULTILINE)
    assert lines == [("40", "32", "10", "Ekonomiskt bistånd"),
                     ("12", "10", "10", "Socialpsykiatri  (alla som kan ringas)"),
                     ("5", "4", "4", "Äldreomsorg  (alla som kan ringas)")]


def test_per_unit(gateway):
    must(gateway.bring_in(a_frame({"aldreomsorg": 9})))
    done = must(gateway.sample("--per-unit", 2))
    assert re.findall(r"^ +(\d+) +(\d+) +(\d+)  (.+)$", done.stdout, re.MULTILINE) == [
        ("3", "3", "2", "Äldreomsorg, Enhet 0"), ("3", "2", "2", "Äldreomsorg, Enhet 1  (alla som kan ringas)"),
        ("3", "3", "2", "Äldreomsorg, Enhet 2")]
    assert gateway.query("SELECT draw, draw_size FROM wave") == [(2, 2)]


def test_dry_run_draws_nothing(gateway, survey):
    must(gateway.bring_in(a_frame()))
    before, log = gateway.dump(), gateway.audit()
    done = must(gateway.sample("--per-area", 10, "--dry-run"))
    assert "24 rings, 33 i SMS-planen." in done.stdout
    assert gateway.dump() == before and gateway.audit() == log and not survey.puts


def test_another_seed_or_size_is_another_draw(gateway):
    must(gateway.bring_in(a_frame()))
    must(gateway.sample("--per-area", 10))
    before, seed = gateway.dump(), dict(log_of(gateway))["drawn-with-seed"]
    for how, size, other in [("--per-area", 10, "00" * 32), ("--per-area", 9, seed), ("--per-unit", 10, seed)]:
        done, _, _ = repeat(gateway, how, size, seed=other)
        assert done.returncode == 1 and "the stored draw is not what this seed gives" in done.stderr
    assert gateway.dump() == before and len(log_of(gateway)) == 3


def test_the_draw_is_new_each_time(gateway):
    """Two administrations with the same persons, and the same one after another import."""
    for name in ("farsta", "bromma"):
        must(gateway.bring_in(a_frame(), administration=name))
    must(gateway.sample("--per-area", 10))
    first = dict(log_of(gateway))
    assert first["drawn-with-seed"] != dict(log_of(gateway, "bromma"))["drawn-with-seed"]
    drawn = {person for person, plan in plans(gateway).items() if plan == TELEPHONE}
    must(gateway.bring_in(a_frame() + "Q-1;0701740999;x;aldreomsorg;Enhet 1;nej;ja\n"))
    assert gateway.query("SELECT draw FROM wave") == [(0,)] and gateway.query("SELECT draw FROM wave", "bromma") == [(1,)]
    must(gateway.sample("--per-area", 10))
    assert drawn != {person for person, plan in plans(gateway).items() if plan == TELEPHONE}
    assert log_of(gateway)[3][1] != first["frame-sha256"] and len(log_of(gateway, "bromma")) == 3


def test_nobody_is_drawn_twice(gateway, survey):
    """Who does not like a draw can't have another one."""
    must(gateway.bring_in(a_frame()))
    must(gateway.sample("--per-area", 10))
    before, puts = gateway.dump(), len(survey.puts)
    for more in ([], ["--administration", "farsta"]):
        done = must(gateway.sample("--per-area", 10, *more))
        assert "urvalet är redan draget" in done.stdout
    assert gateway.dump() == before and len(survey.puts) == puts and len(log_of(gateway)) == 3


def test_several_at_once_draw_once(gateway, survey):
    """Also when both have seen that nothing is drawn yet."""
    must(gateway.bring_in(person_csv(300)))
    key = gateway.keys / "farsta.2027-1.key"
    stopping = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(key), "-e", "inject=openat:signal=SIGSTOP:when=1"]
    with subprocess.Popen([*stopping, *gateway.command("sample", "--wave", "2027-1", "--per-area", 10)],
                          stderr=subprocess.PIPE, env=environment(leaks=False)) as tracer:
        def state(pid):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]

        seen = []

        def stopped():
            """It is traced, so each call stops it for a moment; then the tracer works, which it does not now."""
            pids = Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()
            seen.append([int(p) for p in pids if state(p) in "tT" and state(tracer.pid) == "S"])
            return seen[-1] if len(seen) > 10 and all(seen[-10:]) else None
        slow = wait_until(stopped)[0]
        must(gateway.sample("--per-area", 10))
        os.kill(slow, signal.SIGCONT)
        words = tracer.communicate()[1].decode()
    assert tracer.returncode == 1 and "nothing was drawn: urvalet är redan draget" in words
    assert [what for what, _ in log_of(gateway)].count("drawn-with-seed") == 1
    done, _, _ = repeat(gateway, "--per-area", 10, seed=dict(log_of(gateway))["drawn-with-seed"])
    must(done)
    assert survey.strata() == {("ekonomiskt-bistand", "telephone"): 10, ("ekonomiskt-bistand", "sms"): 290}


def test_after_send_and_before_anything_left(gateway, survey):
    """What was planned is thrown away, and registered anew."""
    survey.waves = [wave(phase="planned")]
    must(gateway.bring_in(a_frame()))
    must(gateway.send())
    old = set(survey.ids())
    assert sum(gateway.states().values()) > 30
    assert "planerade utskick för förvaltningen gäller inte längre" in must(gateway.sample("--per-area", 10)).stdout
    assert gateway.states() == {} and survey.order == [("put", "farsta-1"), ("withdrawn", "farsta-1"), ("put", "farsta-2")]
    assert len(survey.ids()) == sum(AREAS.values()) and not old & set(survey.ids())
    must(gateway.send())
    drawn = {person for person, plan in plans(gateway).items() if plan == TELEPHONE}
    assert len(drawn) == 24
    assert not gateway.query("SELECT 1 FROM message NATURAL JOIN contact NATURAL JOIN stratum WHERE plan = 2")
    assert gateway.query("SELECT count(*) FROM contact NATURAL JOIN stratum WHERE plan = 1 AND channels & 1") \
        == gateway.query("SELECT count(*) FROM message")


def test_nothing_is_drawn_when_something_has_left(tmp_path, survey):
    elks = Fake46elks(LINK, "")
    gateway = Gateway(tmp_path, survey, elks)
    must(gateway.bring_in(person_csv(3)))
    must(gateway.send())
    gateway.start()
    wait_until(lambda: gateway.states() == {"sent": 3})
    gateway.stop()
    before = gateway.dump()
    done = must(gateway.sample("--per-area", 1))
    assert "utskicket har börjat" in done.stdout
    assert gateway.dump() == before and not log_of(gateway) and not survey.withdrawn
    gateway.close()
    elks.close()
    assert not elks.faults


@pytest.mark.parametrize("arguments,words", [
    ([], "--per-area or --per-unit"), (["--per-area", 1, "--per-unit", 1], "--per-area or --per-unit"),
    (["--per-area", 0], "not a number"), (["--per-area", "-1"], "not a number"), (["--per-area", "3x"], "not a number"),
    (["--per-area", 100001], "not a number"), (["--per-area", "99999999999999999999"], "not a number"),
    (["--per-area", 1, "--seed", "ab"], "--seed"), (["--per-area", 1, "--seed", "00" * 32], "--seed"),
    (["--per-area", 1, "--frame", "x"], "--seed"), (["--per-area", 1, "--drawn", "x"], "--seed"),
    (["--per-area", 1, "--seed", "0" * 63 + "g", "--administration", "farsta"], "--seed"),
    (["--per-area", 1, "--administration", "bromma"], "no administration")])
def test_orders_that_make_no_sense(gateway, survey, arguments, words):
    must(gateway.bring_in(a_frame()))
    before = gateway.dump()
    done = gateway.sample(*arguments)
    assert done.returncode == 1 and words in done.stderr
    assert gateway.dump() == before and not log_of(gateway) and not survey.puts


def test_without_a_wave_or_persons(gateway, survey):
    assert "import a file first" in gateway.sample("--per-area", 1).stderr
    assert "no wave" in gateway.sample("--per-area", 1, wave="2030-1").stderr
    must(gateway.bring_in(a_frame()))
    survey.waves = [wave(phase="closed")]
    assert "closed" in gateway.sample("--per-area", 1).stderr
    done, _, _ = repeat(gateway, "--per-area", 1, seed="00" * 32)
    assert must(done).stdout.endswith("Inget urval är draget än.\n")


def test_the_audit_log_comes_first(gateway, survey):
    must(gateway.bring_in(a_frame()))
    before = gateway.dump()
    log = gateway.state / "staff" / "audit.log"
    log.unlink()
    log.mkdir()
    done = gateway.sample("--per-area", 1)
    assert done.returncode == 1 and "nothing was drawn" in done.stderr
    assert gateway.dump() == before and not survey.puts


def test_one_administration_that_fails_does_not_stop_the_others(gateway, survey):
    for name in ("bromma", "farsta", "sodermalm"):
        must(gateway.bring_in(a_frame(), administration=name))
    survey.refuse = ("bromma",)
    (gateway.keys / "farsta.2027-1.key").unlink()
    done = gateway.sample("--per-area", 10)
    assert done.returncode == 1 and "2 of the administrations failed" in done.stderr
    assert "bromma: the draw is kept" in done.stderr and len(survey.ids()) == sum(AREAS.values())
    survey.refuse = ()
    gateway.start()
    wait_until(lambda: gateway.query("SELECT state FROM batch", "bromma") == [(1,)])
    gateway.stop()


def test_a_unit_with_a_formula_in_the_frame_file(gateway):
    """The hash is of the file as it is written, and no spreadsheet counts in it."""
    units = ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "Enhet; 1", 'Enhet "två"', "Ön\u00a0", "=1\n+2"]
    rows = "".join(f'P-{n};{phone(n)};x;aldreomsorg;"{u.replace(chr(34), chr(34) * 2)}";nej;ja\n'
                   for n, u in enumerate(units * 3))
    must(gateway.bring_in(HEADER + rows))
    must(gateway.sample("--per-unit", 1))
    log = dict(log_of(gateway))
    done, frame, drawn = repeat(gateway, "--per-unit", 1, seed=log["drawn-with-seed"])
    must(done)
    data = frame.read_bytes()
    assert hashlib.sha256(data).hexdigest() == log["frame-sha256"]
    cells = [c for line in csv.reader(io.StringIO(data.decode()), delimiter=";") for c in line]
    assert len(cells) == 4 + 4 * len(units) * 3 and not [c for c in cells if c[:1] in tuple("=+-@\t\r")]
    assert set(drawn.read_text().split()) == count_by_hand(data, log["drawn-with-seed"], 1, True)
    assert len(drawn.read_text().split()) == len(units)


def test_nothing_of_a_person_in_clear(gateway):
    must(gateway.bring_in(a_frame()))
    must(gateway.sample("--per-unit", 2))
    done, frame, drawn = repeat(gateway, "--per-unit", 2, seed=dict(log_of(gateway))["drawn-with-seed"])
    must(done)
    data = gateway.everything() + frame.read_bytes() + drawn.read_bytes()
    for n in range(57):
        assert phone(n)[1:].encode() not in data and f"P-{n};".encode() not in data


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "sendto", "write"])
def test_killed_at_every_point(tmp_path, survey, call):
    """Either nothing is drawn and a new draw is made, or the draw stands and is the one that the log tells of; everyone
    is registered once. The commitments always come before the seed."""
    killed, drawn = 0, set()
    for at in range(1, 1000, 3 if call in ("pwrite64", "write") and not LONG else 1):
        folder = tmp_path / f"{call}-{at}"
        folder.mkdir()
        survey.batches.clear()
        gateway = Gateway(folder, survey)
        must(gateway.bring_in(a_frame()))
        must(gateway.send())
        done = gateway.sample("--per-area", 10, before=killing(call, at))
        whats = [what for what, _ in log_of(gateway)]
        assert whats == ["frame-sha256", "seed-sha256", "drawn-with-seed"][:len(whats)]
        again = must(gateway.sample("--per-area", 10))
        kept = "redan draget" in again.stdout
        assert not kept or len(whats) == 3
        drawn.add((kept, len(whats)))
        seed = [value for what, value in log_of(gateway) if what == "drawn-with-seed"][-1]
        repeated, frame, _ = repeat(gateway, "--per-area", 10, seed=seed)
        must(repeated)
        by_hand = count_by_hand(frame.read_bytes(), seed, 10)
        assert {person for person, plan in plans(gateway).items() if plan == TELEPHONE} == by_hand
        must(gateway.send())
        assert len(survey.ids()) == len(set(survey.ids())) == sum(AREAS.values())
        assert sum(n for (_, plan), n in survey.strata().items() if plan == "telephone") == len(by_hand)
        assert gateway.query("SELECT DISTINCT state FROM batch") == [(1,)]
        if done.returncode == 0:
            break
        killed += 1
    assert done.returncode == 0 and killed >= 2
    print(f"{killed} kills at {call}: {sorted(drawn)}")
