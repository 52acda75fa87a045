"""Erasure of a wave's persons, some days after the count: by itself, and so that nothing is left."""
import ctypes
import errno
import os
import re
import shutil
import sqlite3
import subprocess

import pytest
from fake_survey import FakeSurvey, wave
from gateway import LONG, Gateway, environment, must, phone, wait_until
from sealed import WaveKey, needles, remains
from survey import day, strace

libc = ctypes.CDLL(None, use_errno=True)
WAVE, OTHER = "2027-1", "2027-2"
HEADER = "person_id;telefon;namn;språk;enhet;verksamhetsområde;skyddad;sms_tillåtet\n"
OWN_TABLES = ["wave", "contact", "decision", "left_out", "cell", "stratum", "batch", "batch_stratum", "message",
              "message_count"]


@pytest.fixture(name="survey")
def survey_fixture():
    fake = FakeSurvey()
    fake.waves.append(wave(OTHER))
    yield fake
    fake.close()
    assert not fake.faults


def persons(count, start=0):
    return HEADER + "".join(f"T-{n};{phone(n)};Testsson{n};sv;Enhet Väst {n % 5};ekonomiskt-bistand;nej;ja\n"
                            for n in range(start, start + count))


def change(gateway, sql, administration="farsta"):
    with sqlite3.connect(gateway.state / f"{administration}.db") as db:
        db.execute(sql)
    db.close()


def fill(gateway, count=60, administration="farsta", wave_name=WAVE):
    """Persons with codes, a draw, messages, decisions: something in each table."""
    more = {"administration": administration, "wave": wave_name}
    must(gateway.bring_in(persons(count + 2) + "T-9999;0701749999;Hemlig;sv;;ekonomiskt-bistand;ja;ja\n", **more))
    must(gateway.bring_in(persons(count + 1), **more))
    where = ["--administration", administration, "--wave", wave_name]
    must(gateway.run("contacts", "remove", *where, "vanished"))
    must(gateway.sample("--per-unit", "2", "--administration", administration, wave=wave_name))
    must(gateway.send(wave=wave_name))
    change(gateway, f"UPDATE message SET state = CASE contact % 2 WHEN 1 THEN 2 ELSE 6 END WHERE wave = '{wave_name}'",
           administration)


def forget(gateway):
    must(gateway.run("contacts", "erase", "--administration", "farsta", "--person", "T-60", "--refuse"))


def counted(survey, days=30, name=WAVE):
    """So many days ago."""
    for w in survey.waves:
        if w["wave"] == name:
            w.update(phase="counted", counted=day(-days))


def rows(gateway, wave_name, administration="farsta"):
    return {table: gateway.query(f"SELECT * FROM {table} WHERE wave = '{wave_name}' ORDER BY 1, 2, 3", administration)
            for table in OWN_TABLES}


def erasures(gateway, administration="farsta"):
    return gateway.query("SELECT wave, title, name, counted, day, persons, messages, state FROM erasure", administration)


def erased(gateway, administration="farsta", wave_name=WAVE):
    return any(e[0] == wave_name and e[-1] == 1 for e in erasures(gateway, administration))


def number(text):
    return int(text.replace("-", ""))


@pytest.fixture(scope="module", name="ready")
def ready_fixture(tmp_path_factory):
    """A folder with two waves of Farsta and one of them counted; with what is to be gone and what is to stay."""
    survey = FakeSurvey()
    survey.waves.append(wave(OTHER))
    gateway = Gateway(tmp_path_factory.mktemp("ready"), survey)
    fill(gateway)
    fill(gateway, wave_name=OTHER)
    forget(gateway)
    wanted = needles(gateway)
    key = WaveKey(gateway)
    wanted |= {"key": key.bytes, "key's end": key.bytes[16:]}
    wanted |= {f"decision {n}": hash_ for n, (hash_,) in
               enumerate(gateway.query(f"SELECT person FROM decision WHERE wave = '{WAVE}'"))}
    # The search finds what is there.
    assert {name for _, name in remains(gateway, wanted)} == set(wanted)
    stays = rows(gateway, OTHER), gateway.query("SELECT hash FROM refusal")
    assert all(rows(gateway, WAVE).values()) and all(stays[0].values()) and len(stays[1]) == 2
    survey.close()
    assert not survey.faults
    return gateway.folder, wanted, stays


copies = []


@pytest.fixture(autouse=True)
def close_copies():
    yield
    while copies:
        copies.pop().close()


def copy(ready, folder, survey):
    shutil.copytree(ready[0], folder)
    copies.append(Gateway(folder, survey))
    return copies[-1]


def prepared(ready, folder, survey):
    gateway = copy(ready, folder, survey)
    counted(survey)
    return gateway


def check_erased(gateway, ready):
    _, wanted, stays = ready
    assert not any(rows(gateway, WAVE).values())
    assert remains(gateway, wanted) == []
    assert not (gateway.keys / f"farsta.{WAVE}.key").exists() and (gateway.keys / f"farsta.{OTHER}.key").exists()
    assert (rows(gateway, OTHER), gateway.query("SELECT hash FROM refusal")) == stays


def test_it_happens_by_itself_and_nothing_is_left(ready, survey, tmp_path):
    gateway = copy(ready, tmp_path / "s", survey)
    change(gateway, f"UPDATE message SET state = 5 WHERE wave = '{WAVE}' AND contact = 2")
    left = gateway.query(f"SELECT count(*) FROM message WHERE wave = '{WAVE}' AND state BETWEEN 1 AND 5")[0][0]
    there = len(gateway.query(f"SELECT 1 FROM contact WHERE wave = '{WAVE}'"))
    assert "Ingen mätomgång är gallrad än" in must(gateway.run("contacts", "erased")).stdout
    counted(survey)
    gateway.start()
    wait_until(lambda: erased(gateway))
    check_erased(gateway, ready)
    gateway.stop()
    check_erased(gateway, ready)
    assert b"Enhet V" in (gateway.state / "farsta.db").read_bytes()  # the other wave's
    assert erasures(gateway) == [(WAVE, "Brukarenkät våren 2027", "Farsta", number(day(-30)), number(day(0)), there, left, 1)]
    said = must(gateway.run("contacts", "erased")).stdout
    assert re.sub(" +", " ", said) == f"{WAVE} Farsta räknad {day(-30)}, gallrad {day(0)}: {there} personer, {left} SMS\n"
    assert gateway.audit().count(("changed", f"erase farsta wave {WAVE} counted {day(-30)}")) == 1
    assert f"farsta: the persons of {WAVE} are erased" in gateway.log.read_text()
    assert gateway.run("audit", "verify").returncode == 0


def test_unit_names_go_too(gateway, survey):
    """Nothing but the erased wave has them."""
    fill(gateway)
    assert "Enhet Väst 3".encode() in (gateway.state / "farsta.db").read_bytes() \
        + (gateway.state / "farsta.db-wal").read_bytes()
    counted(survey)
    gateway.start()
    wait_until(lambda: erased(gateway))
    for file in gateway.state.rglob("*"):
        assert not file.is_file() or "Enhet V".encode() not in file.read_bytes(), file


def test_no_copy_stays_beside_another_wave(gateway, survey):
    """Pages that two waves share are split and filled again: no copy of a row may stay in their gaps."""
    for name in [WAVE, OTHER]:
        must(gateway.bring_in(persons(400), wave=name))
    for name in [WAVE, OTHER]:
        must(gateway.send(wave=name))
        change(gateway, f"UPDATE message SET state = 6 WHERE wave = '{name}'")
    wanted = needles(gateway)
    stays = rows(gateway, OTHER)
    counted(survey)
    gateway.start()
    wait_until(lambda: erased(gateway))
    assert remains(gateway, wanted) == []
    assert rows(gateway, OTHER) == stays


def test_every_administration_of_the_wave_and_no_other(gateway, survey):
    fill(gateway, 10)
    fill(gateway, 10, "bromma")
    fill(gateway, 10, "sodermalm", OTHER)
    before = gateway.dump("sodermalm")
    counted(survey)
    gateway.start()
    wait_until(lambda: erased(gateway) and erased(gateway, "bromma"))
    assert gateway.dump("sodermalm") == before
    assert sorted(f.name for f in gateway.keys.glob("*.2027-*")) == [f"sodermalm.{OTHER}.key"]
    said = must(gateway.run("contacts", "erased")).stdout.splitlines()
    assert [line.split()[:2] for line in said] == [[WAVE, "Bromma"], [WAVE, "Farsta"]]


@pytest.mark.parametrize("after, days, gone", [(None, 30, True), (None, 29, False), (None, 400, True), (0, 0, True), (1, 0, False),
                                               (1, 1, True), (0, -1, False)])
def test_the_day_it_is_due(gateway, survey, after, days, gone):
    """Another wave, of an administration that is looked at later, tells that it was looked at."""
    if after is not None:
        text = gateway.config.read_text()
        gateway.config.write_text(text.replace("state = state\n", f"state = state\nerase_after = {after}\n"))
    fill(gateway, 10)
    fill(gateway, 10, "sodermalm", OTHER)
    before = gateway.dump()
    counted(survey, days)
    counted(survey, 500, OTHER)
    gateway.start()
    wait_until(lambda: erased(gateway, "sodermalm", OTHER))
    assert erased(gateway) == gone
    assert gone or gateway.dump() == before
    assert (gateway.keys / f"farsta.{WAVE}.key").exists() != gone


@pytest.mark.parametrize("phase", ["planned", "open", "closed", "burning", "counted"])
def test_not_without_a_day_of_the_count(gateway, survey, phase):
    fill(gateway, 10)
    fill(gateway, 10, "sodermalm", OTHER)
    survey.waves[0]["phase"] = phase
    counted(survey, 500, OTHER)
    before = rows(gateway, WAVE)["contact"]
    gateway.start()
    wait_until(lambda: erased(gateway, "sodermalm", OTHER))
    assert rows(gateway, WAVE)["contact"] == before and erasures(gateway) == []


def test_survey_server_away(ready, survey, tmp_path):
    """It is said, and made up for."""
    port = survey.port
    survey.close()
    gateway = copy(ready, tmp_path / "s", survey)
    gateway.start()
    wait_until(lambda: "wait: survey-server does not answer" in gateway.log.read_text())
    assert rows(gateway, WAVE)["contact"]
    again = FakeSurvey(port)
    again.waves.append(wave(OTHER))
    again.key = survey.key
    counted(again)
    wait_until(lambda: erased(gateway), 60)
    check_erased(gateway, ready)
    assert gateway.log.read_text().count("may be due to be erased") == 1
    again.close()


def test_a_reader_in_the_way(ready, survey, tmp_path):
    """The rows are gone at once; the file, the log and the key when the reader is."""
    gateway = copy(ready, tmp_path / "s", survey)
    reader = sqlite3.connect(f"file:{gateway.state}/farsta.db?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    before = reader.execute("SELECT count(*) FROM contact").fetchall()
    counted(survey)
    gateway.start()
    wait_until(lambda: erasures(gateway))
    assert reader.execute("SELECT count(*) FROM contact").fetchall() == before
    assert not any(rows(gateway, WAVE).values()) and not erased(gateway)
    assert (gateway.keys / f"farsta.{WAVE}.key").exists()
    assert "(pågår)" in must(gateway.run("contacts", "erased")).stdout
    reader.close()
    wait_until(lambda: erased(gateway), 60)
    check_erased(gateway, ready)
    assert "(pågår)" not in must(gateway.run("contacts", "erased")).stdout


def test_what_stops_one_does_not_stop_the_others(gateway, survey):
    for administration in ["bromma", "farsta", "sodermalm"]:
        fill(gateway, 10, administration)
    key = gateway.keys / f"farsta.{WAVE}.key"
    kept = key.rename(key.with_suffix(".bort"))
    key.mkdir()
    counted(survey)
    gateway.start()
    wait_until(lambda: erased(gateway, "bromma") and erased(gateway, "sodermalm"))
    assert erasures(gateway)[0][-1] == 0
    wait_until(lambda: key.name in gateway.log.read_text())
    gateway.stop()
    key.rmdir()
    kept.rename(key)
    gateway.start()
    wait_until(lambda: erased(gateway))
    assert not key.exists()


def test_nothing_is_erased_that_can_not_be_logged(ready, survey, tmp_path):
    gateway = prepared(ready, tmp_path / "s", survey)
    log = gateway.state / "staff" / "audit.log"
    kept = log.with_suffix(".bort")
    answer = survey.answer

    def break_first(request, body):
        if not kept.exists():
            log.rename(kept)
            log.mkdir()
        return answer(request, body)

    survey.answer = break_first
    gateway.start()
    wait_until(lambda: "nothing was erased" in gateway.log.read_text())
    assert rows(gateway, WAVE)["contact"] and erasures(gateway) == []
    assert (gateway.keys / f"farsta.{WAVE}.key").exists()
    gateway.stop()
    survey.answer = answer
    log.rmdir()
    kept.rename(log)
    gateway.start()
    wait_until(lambda: erased(gateway))
    check_erased(gateway, ready)


def test_no_import_into_an_erased_wave(ready, survey, tmp_path):
    gateway = prepared(ready, tmp_path / "s", survey)
    gateway.start()
    wait_until(lambda: erased(gateway))
    for more in [[], ["--dry-run"]]:
        done = gateway.bring_in(persons(5), *more)
        assert done.returncode == 1 and f"nothing was stored: the wave {WAVE} is closed" in done.stderr
    for command in [("send", "--wave", WAVE), ("sample", "--wave", WAVE, "--per-area", "2")]:
        done = gateway.run(*command)
        assert done.returncode == 1 and "is closed" in done.stderr
    done = gateway.run("contacts", "held", "--administration", "farsta", "--wave", WAVE)
    assert done.returncode == 1 and not done.stdout
    check_erased(gateway, ready)


def test_an_import_that_came_late_is_erased_too(gateway, survey):
    """It asked survey-server before the count, and stored its rows after the erasure."""
    fill(gateway, 10)
    counted(survey)
    gateway.start()
    wait_until(lambda: erased(gateway))
    gateway.stop()
    first = erasures(gateway)[0]
    survey.waves[0].update(phase="open", counted=None)
    must(gateway.bring_in(persons(7, 100)))
    counted(survey)
    gateway.start()
    wait_until(lambda: not (gateway.keys / f"farsta.{WAVE}.key").exists() and erased(gateway))
    assert not any(rows(gateway, WAVE).values())
    assert erasures(gateway) == [(*first[:5], first[5] + 7, first[6], 1)]


def serve_and_kill(gateway, call, at):
    """Whether there was a call of that number to be killed at, before the erasure was done."""
    with open(gateway.log, "ab") as log:
        process = subprocess.Popen([*strace(f"{call}:signal=SIGKILL:when={at}"), *gateway.command("serve")], stdout=log,
                                   stderr=log, env=environment(leaks=False))
        try:
            wait_until(lambda: process.poll() is not None or erased(gateway), 60)
            if process.poll() is None:
                return False
            assert process.returncode == -9, gateway.log.read_text()
            return True
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("call, step", [("pwrite64", 4), ("fdatasync", 1), ("unlink", 1), ("ftruncate", 1), ("fsync", 1)])
def test_killed_at_every_point(ready, survey, tmp_path, call, step):
    killed, at = 0, 1
    while True:
        folder = tmp_path / str(at)
        gateway = prepared(ready, folder, survey)
        all_persons = gateway.query(f"SELECT count(*) FROM contact WHERE wave = '{WAVE}'")[0][0]
        more = serve_and_kill(gateway, call, at)
        # Whatever the moment: all rows, or the recorded decision. In one look: what the last commit was may show only
        # when the killed process has let go of its locks.
        persons, recorded = gateway.query(f"SELECT (SELECT count(*) FROM contact WHERE wave = '{WAVE}'), "
                                          "(SELECT count(*) FROM erasure)")[0]
        assert (persons, recorded) in [(all_persons, 0), (0, 1)], (call, at)
        gateway.start()
        wait_until(lambda g=gateway: erased(g), 60)
        check_erased(gateway, ready)
        gateway.stop()
        assert len(erasures(gateway)) == 1
        copies.pop().close()
        shutil.rmtree(folder)
        if not more:
            break
        killed += 1
        at += 1 if LONG else step
    assert killed >= 1
    print(f"{killed} kills at {call}")


@pytest.mark.parametrize("room", [0, 20, 100, 300])
def test_a_full_disk(ready, survey, tmp_path, room):
    """So many KiB are left. What can't be done is done when there is room."""
    folder = tmp_path / "s"
    shutil.copytree(ready[0], folder)
    state = folder / "state"
    kept = state.rename(folder / "kept")
    state.mkdir(mode=0o700)
    if libc.mount(b"tmpfs", bytes(state), b"tmpfs", 0, b"size=4M,mode=0700") != 0:
        reason = ctypes.get_errno()
        assert reason in (errno.EPERM, errno.EACCES, errno.ENOSYS), os.strerror(reason)
        pytest.skip(f"A FULL DISK IS NOT TESTED: no small file system can be mounted here: {os.strerror(reason)}")
    try:
        shutil.copytree(kept, state, dirs_exist_ok=True)
        gateway = Gateway(folder, survey)
        copies.append(gateway)
        counted(survey)
        with open(state / "fill", "wb", buffering=0) as file:
            free = os.statvfs(state)
            file.write(bytes(max(free.f_bavail * free.f_bsize - room * 1024, 0)))
        gateway.start(wait=False)
        wait_until(lambda: gateway.process.poll() is not None or erased(gateway)
                   or re.search("wait: |no room|full", gateway.log.read_text()), 60)
        (state / "fill").unlink()
        if gateway.process.poll() is not None:
            gateway.start()
        wait_until(lambda: erased(gateway), 60)
        check_erased(gateway, ready)
    finally:
        gateway.kill()
        assert libc.umount2(bytes(state), 2) == 0
