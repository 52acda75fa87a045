"""Count, publish, burn: the same result whenever it is interrupted, and nothing left of what it was made from."""
import fcntl
import json
import random
import re
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from survey import (ALPHABET, AREAS, LONG, QUESTIONS, Load, Survey, answers_number, coded, running, shown, strace, table,
                    tally, wait_until)

WAVE = "2027-1"


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A closed wave whose daemon was killed, so that the log still holds pages; and who answered what."""
    survey = Survey(tmp_path_factory.mktemp("closed"))
    survey.must("init")
    survey.add_wave()
    survey.serve()
    people = survey.invite(150, areas=3)
    assert survey.put([], name="bromma-1", administration="bromma",
                      left_out={"protected": 3, "quotes": 2, "columns": 1}).status == 201
    random.Random(1).shuffle(people)
    sent = [(p, answers_number(n * 53)) for n, p in enumerate(people[:110])]
    with survey.public() as web:
        for person, fields in sent:
            assert web.post(person.path, fields).status == 200
        assert web.post(people[110].path, {"q1": "3"}).status == 200
        assert web.post(people[111].path, {"decline": "no"}).status == 200
    survey.must("wave", "close", "--id", WAVE)
    survey.kill()
    return survey, [(p, coded(f)) for p, f in sent]


def needles(survey, key):
    """What must be gone, as bytes: the key, and of every row what tells it from others, whole and by its ends."""
    db = survey.copy()
    found = {"private key": key, "private key's end": key[16:]}
    for n, (ballot_key, sealed) in enumerate(db.execute("SELECT key, sealed FROM ballot")):
        found.update({f"ballot {n} key": ballot_key, f"ballot {n}": sealed, f"ballot {n} begin": sealed[:24],
                      f"ballot {n} end": sealed[-24:]})
    for n, (number, sealed) in enumerate(db.execute("SELECT id, sealed FROM invitation")):
        found.update({f"id {n}": number, f"background {n}": sealed, f"background {n} begin": sealed[:16],
                      f"background {n} end": sealed[-16:]})
    for n, (content, ids) in enumerate(db.execute("SELECT content, ids FROM batch WHERE size > 0")):
        found.update({f"batch {n} content": content, f"batch {n} ids": ids[8:40]})
    for kind, chunk, bits in db.execute("SELECT kind, chunk, bits FROM bitmap"):
        if sum(bin(b).count("1") for b in bits) > 4:
            found[f"bitmap {kind} {chunk}"] = bits[:24]
    db.close()
    return found


def remains(survey, wanted):
    left = []
    for folder in (survey.state, survey.keys):
        for file in filter(Path.is_file, folder.rglob("*")):
            data = file.read_bytes()
            left += [(file.name, name) for name, needle in wanted.items() if needle in data]
    return left


@pytest.fixture(scope="module")
def wanted(closed):
    survey, _ = closed
    found = needles(survey, survey.wave_key())
    # The search finds what is there: each of them lies in some file before the count.
    there = {name for _, name in remains(survey, found)}
    assert {n for n in found if not n.endswith(("begin", "end"))} - there == set()
    assert any(n.startswith("bitmap") for n in there)
    return found


@pytest.fixture(scope="module")
def expected(closed, tmp_path_factory):
    fresh = closed[0].clone(tmp_path_factory.mktemp("expected") / "s")
    fresh.must("count", "--wave", WAVE)
    return fresh.report()


def test_result_is_what_was_sent(closed, expected):
    report = json.loads(expected)
    codes = [c for _, c in closed[1]]
    assert report["wave"] == WAVE and report["counted"] is True and report["published"] is False
    quality = report["quality"]
    assert (quality["invited"], quality["frame"], quality["answered"], quality["break_off"], quality["damaged"]) == \
           (150, 150, 110, 1, 0)
    city = table(report)[0]
    assert (city["invited"], city["answered"]) == (150, 110)
    assert shown(city) == tally(codes)
    for row in table(report, "area"):
        if row["key"]["area"] in AREAS[:3]:
            place = AREAS.index(row["key"]["area"])
            mine = [c for p, c in closed[1] if p.area == place]
            assert row["invited"] == 50
            for q in QUESTIONS:
                if row["questions"][q]["graded"] is not None:
                    assert row["questions"][q]["graded"] == tally(mine)[q]["graded"]
        else:
            assert row["answered"] is None


def test_nothing_is_left(closed, wanted, tmp_path):
    fresh = closed[0].clone(tmp_path / "s")
    fresh.must("count", "--wave", WAVE)
    assert remains(fresh, wanted) == []
    assert not (fresh.keys / f"wave-{WAVE}.key").exists()
    tables = fresh.dump()
    for name in ["ballot", "invitation", "bitmap", "batch", "stratum", "left_out", "decline", "disposition"]:
        assert tables[name] == [], name


def test_nothing_is_left_beside_another_wave(tmp_path):
    """Pages that two waves share are split and filled again and again: no copy of a row may stay in their gaps."""
    with running(tmp_path / "s") as survey:
        survey.add_wave("andra")
        survey.add_wave()
        survey.add_wave("tredje")
        people = {w: survey.invite(120, w) for w in ["andra", WAVE, "tredje"]}
        with survey.public() as web:
            for n in range(100):
                for wave in people:
                    assert web.post(people[wave][n].path, answers_number(n)).status == 200
        survey.must("wave", "close", "--id", WAVE)
        ids = {p.id for p in people[WAVE]}
        found = {"private key": survey.wave_key()}
        found.update({f"ballot {n} {at}": s[at:at + 24] for n, s in enumerate(survey.box().sealed) for at in (0, 24, 72)})
        found.update({f"id {n}": i for n, i in enumerate(ids)})
        found.update({f"background {n} {at}": p.sealed[at:at + 24] for n, p in enumerate(people[WAVE]) for at in (0, 24)})
        assert remains(survey, found)
        others = {w: survey.box(w).answers() for w in ["andra", "tredje"]}
        survey.must("count", "--wave", WAVE)
        assert remains(survey, found) == []
        assert {w: survey.box(w).answers() for w in others} == others


def interrupted(closed, wanted, expected, folder, call, n):
    """Whether call number n was there to be killed at."""
    fresh = closed[0].clone(folder)
    done = fresh.command("count", "--wave", WAVE, prefix=strace(f"{call}:signal=SIGKILL:when={n}"))
    if done.returncode == 0:
        assert fresh.report() == expected
        return False
    assert done.returncode == -9, (done.returncode, done.stderr)
    again = fresh.command("count", "--wave", WAVE)
    assert again.returncode == 0 or "counted already" in again.stderr, (call, n, again.stderr)
    assert fresh.report() == expected, (call, n)
    assert remains(fresh, wanted) == [], (call, n)
    assert not (fresh.keys / f"wave-{WAVE}.key").exists(), (call, n)
    return True


@pytest.mark.parametrize("call, least", [("pwrite64", 50), ("fdatasync", 5), ("fsync", 2), ("unlink", 1), ("ftruncate", 2),
                                         ("write", 1), ("flock", 4)] + LONG * [("fcntl", 20)])
def test_killed_at_every_call_and_run_again(closed, wanted, expected, tmp_path, call, least):
    step = 8
    killed, n, more = 0, 1, True
    with ThreadPoolExecutor(2) as pool:
        while more:
            numbers = range(n, n + step)
            results = list(pool.map(
                lambda i: interrupted(closed, wanted, expected, tmp_path / str(i), call, i), numbers))
            killed += sum(results)
            more = all(results)
            n += step
            assert n < 5000
    assert killed >= least


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "fsync", "ftruncate"])
def test_fault_at_a_call_and_run_again(closed, wanted, expected, tmp_path, call):
    """The disk refuses: the count fails and says so, or goes on; run again it is the same."""
    refused = 0
    for n in [1, 2, 3, 5, 9, 17, 33, 65, 90, 110]:
        fresh = closed[0].clone(tmp_path / str(n))
        error = "ENOSPC" if call == "pwrite64" else "EIO"
        done = fresh.command("count", "--wave", WAVE, prefix=strace(f"{call}:error={error}:when={n}"))
        assert done.returncode in (0, 1), done.stderr
        if done.returncode:
            refused += 1
            assert done.stderr.startswith("survey-server: count: "), done.stderr
            again = fresh.command("count", "--wave", WAVE)
            assert again.returncode == 0 or "counted already" in again.stderr, again.stderr
        assert fresh.report() == expected
        assert remains(fresh, wanted) == []
    assert refused


def test_check_changes_nothing(closed, tmp_path):
    fresh = closed[0].clone(tmp_path / "s")
    before, key = fresh.dump(), fresh.wave_key()
    said = fresh.must("count", "--wave", WAVE, "--check")
    assert "nothing was changed" in said and "111 ballots: 110 answers, 1 break-offs, 0 damaged" in said
    assert fresh.dump() == before and fresh.wave_key() == key
    assert "counted" in fresh.refused("report", "--wave", WAVE, "--format", "json")


def test_counted_once(closed, tmp_path, expected):
    fresh = closed[0].clone(tmp_path / "s")
    fresh.must("count", "--wave", WAVE)
    before = fresh.dump()
    assert "counted already" in fresh.refused("count", "--wave", WAVE)
    fresh.refused("wave", "close", "--id", WAVE)
    fresh.refused("wave", "open", "--id", WAVE)
    assert fresh.dump() == before and fresh.report() == expected


def test_not_before_it_is_closed(tmp_path):
    with running(tmp_path / "s") as survey:
        survey.add_wave()
        survey.add_wave("sen", opens=3)
        people = survey.invite(5)
        before = survey.dump()
        assert "is open" in survey.refused("count", "--wave", WAVE)
        assert "is open" in survey.refused("count", "--wave", WAVE, "--check")
        assert "is planned" in survey.refused("count", "--wave", "sen")
        assert "no wave" in survey.refused("count", "--wave", "finns-inte")
        assert "is open" in survey.refused("report", "--wave", WAVE, "--format", "json")
        assert "is open" in survey.refused("publish", "--wave", WAVE)
        assert survey.dump() == before
        with survey.public() as web:
            assert web.post(people[0].path, answers_number(1)).status == 200


def test_days_over_can_be_counted(tmp_path):
    """Nobody has to close a wave whose last day has passed."""
    with running(tmp_path / "s") as survey:
        survey.add_wave(opens=-9, closes=-2)
        survey.must("count", "--wave", WAVE)
        assert json.loads(survey.report())["quality"]["invited"] == 0


def test_publish(closed, tmp_path):
    fresh = closed[0].clone(tmp_path / "s")
    fresh.serve()
    with fresh.public() as web:
        assert web.get(f"/resultat/{WAVE}").status == 404
        fresh.must("count", "--wave", WAVE)
        assert web.get(f"/resultat/{WAVE}").status == 404
        words = tmp_path / "text.txt"
        words.write_text("Många har <svarat> & vi tackar.")
        assert f"/resultat/{WAVE}" in fresh.must("publish", "--wave", WAVE, "--text", words)
        page = web.get(f"/resultat/{WAVE}")
        assert page.status == 200 and page.header("Set-Cookie") is None
        text = page.body.decode()
        assert "Brukarenkät på prov" in text and "Många har &lt;svarat&gt; &amp; vi tackar." in text
        assert ">110</b>svarade" in text and ">150</b>tillfrågade" in text
        assert web.get("/resultat/annan").status == 404
        assert web.get(closed[1][0][0].path).status == 410
    fresh.refused("publish", "--wave", WAVE)
    assert json.loads(fresh.report())["published"] is True
    assert fresh.stop() == 0


def test_report_formats(closed, tmp_path):
    fresh = closed[0].clone(tmp_path / "s")
    fresh.must("count", "--wave", WAVE)
    lines = fresh.must("report", "--wave", WAVE, "--format", "csv").lstrip("\ufeff").splitlines()
    assert lines[0].startswith("område;tillfrågade;svarade;fråga;")
    city = tally([c for _, c in closed[1]])
    row = next(line.split(";") for line in lines if line.startswith('"Hela staden";150;110;q1;'))
    assert int(row[4]) == city["q1"]["graded"] and [int(x) for x in row[12:17]] == city["q1"]["options"]
    file = tmp_path / "rapport.html"
    fresh.must("report", "--wave", WAVE, "--format", "html", "-o", file)
    page = file.read_text()
    assert "Brukarenkät på prov" in page
    assert re.findall(r'<tr><th scope="row">([^<]+)</th><td>(\d+)</td></tr>', page.partition('id="left-out"')[2]) == \
        [("har skyddade personuppgifter", "3"), ("inte gick att läsa ur filen", "3")]
    assert json.loads(fresh.report())["quality"]["left_out"] == {"protected": 3, "quotes": 2, "columns": 1}
    fresh.refused("report", "--wave", WAVE, "--format", "json", "-o", tmp_path / "finns" / "inte")
    fresh.refused("report", "--wave", WAVE, "--format", "pdf", status=2)


# The private key on paper.


def key_of(text):
    groups = "\n".join(line for line in text.splitlines() if not line.startswith("#")).split()
    number = 0
    for digit in "".join(g[:4] for g in groups):
        number = number * 32 + ALPHABET.index(digit)
    assert len(groups) == 13 and number % 16 == 0
    return (number >> 4).to_bytes(32, "big")


@pytest.fixture
def paper(tmp_path):
    with running(tmp_path / "s") as survey:
        file = tmp_path / "nyckel.txt"
        survey.add_wave(custody="paper", recovery=file)
        survey.add_wave("annan", custody="paper", recovery=tmp_path / "annan.txt")
        yield survey, file, tmp_path / "annan.txt"


def test_paper_is_shown_once_and_kept_nowhere(paper):
    survey, file, _ = paper
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = key_of(file.read_text())
    assert remains(survey, {"key": key, "half": key[:16], "other half": key[16:]}) == []
    assert sorted(f.name for f in survey.keys.iterdir()) == ["internal.key", "invitation.key", "staff.key"]


def test_paper_needs_a_place(tmp_path):
    with running(tmp_path / "s", serve=False) as survey:
        common = ["wave", "add", "--id", WAVE, "--title", "t", "--questionnaire", "skr-brukarfragor", "--opens", "2027-02-01",
                  "--closes", "2027-03-15"]
        assert "terminal" in survey.refused(*common)
        there = tmp_path / "fil"
        there.write_text("annat")
        survey.refused(*common, "--recovery", there)
        assert there.read_text() == "annat"
        assert survey.must("wave", "list") == ""


def test_wrong_recovery_key_changes_nothing(paper, tmp_path):
    survey, file, other = paper
    text = file.read_text()
    groups = text.splitlines()[2:]
    first = groups[0]
    mistyped = "\n".join([("0" if first[0] != "0" else "1") + first[1:], *groups[1:]])
    swapped = "\n".join([first[1] + first[0] + first[2:] if first[0] != first[1] else "Z" + first[1:], *groups[1:]])
    wrong = {"mistyped": mistyped, "swapped": swapped, "short": "\n".join(groups)[:-8], "empty": "", "other": other.read_text(),
             "noise": "x" * 5000, "long": "\n".join(groups) + " AAAAA"}
    before = survey.dump()
    for name, content in wrong.items():
        bad = tmp_path / "fel.txt"
        bad.write_text(content)
        survey.refused("wave", "open", "--id", WAVE, "--recovery", bad)
        if name != "empty":
            survey.refused("wave", "open", "--id", WAVE, stdin=content)
        if name in ("mistyped", "swapped"):
            assert "group 1" in survey.refused("wave", "open", "--id", WAVE, "--recovery", bad)
    survey.refused("wave", "open", "--id", WAVE)
    survey.refused("wave", "open", "--id", WAVE, "--recovery", tmp_path / "finns-inte")
    assert survey.dump() == before
    # Typed back in, as a person types.
    typed = "\n".join(groups).lower().replace("0", "o").replace("1", "l").replace(" ", "-")
    survey.must("wave", "open", "--id", WAVE, stdin=typed + "\n\n")
    people = survey.invite(40)
    with survey.public() as web:
        for n, person in enumerate(people):
            assert web.post(person.path, answers_number(n)).status == 200
    survey.must("wave", "close", "--id", WAVE)
    before = survey.dump()
    for name, content in wrong.items():
        bad = tmp_path / "fel.txt"
        bad.write_text(content)
        survey.refused("count", "--wave", WAVE, "--recovery", bad)
        survey.refused("count", "--wave", WAVE, "--check", "--recovery", bad)
    survey.refused("count", "--wave", WAVE)
    assert survey.dump() == before
    left = needles(survey, key_of(text))
    assert "40 ballots" in survey.must("count", "--wave", WAVE, "--check", stdin="\n".join(groups) + "\n")
    said = survey.must("count", "--wave", WAVE, "--recovery", file)
    assert "destroy" in said
    assert json.loads(survey.report())["quality"]["answered"] == 40
    assert remains(survey, left) == []
    survey.must("count", "--wave", WAVE, "--destroyed-by", "Påhitta Övningsson")


# Together with the daemon.


def test_posts_that_race_with_close_and_count(tmp_path):
    with running(tmp_path / "s") as survey:
        survey.add_wave("nasta")
        for round_number in range(6):
            wave = f"kapp-{round_number}"
            survey.add_wave(wave)
            people = survey.invite(1500, wave)
            work = [(p, answers_number(n)) for n, p in enumerate(people)]
            with Load(survey, work, threads=6) as load:
                while len(load.acknowledged) < 150:
                    load.halt.wait(0.005)
                survey.must("wave", "close", "--id", wave)
                survey.must("count", "--wave", wave)
            assert not load.unknown
            assert {status for status, _, _ in load.refused} <= {410}
            assert load.refused, "nothing raced"
            report = json.loads(survey.report(wave))
            assert report["quality"]["answered"] == len(load.acknowledged)
            assert shown(table(report)[0]) == tally([coded(f) for _, f in load.acknowledged])


def test_post_that_waited_while_the_wave_closed(tmp_path):
    """Looked up while the wave was open, at the writer's turn when it has closed: refused, and not in the box."""
    with running(tmp_path / "s") as survey:
        survey.add_wave()
        people = survey.invite(30)
        work = [(p, {"decline": "no"} if n % 5 == 0 else answers_number(n)) for n, p in enumerate(people)]
        # Whoever holds this lock is the only one that writes.
        with open(survey.state / "survey.db-lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            load = Load(survey, list(work), threads=30).start()
            wait_until(lambda: not load.work)
            with survey.public() as web:
                # The listener has taken them all in when it answers this, asked after them.
                assert web.get("/om").status == 200
            assert not load.acknowledged and not load.refused
            db = sqlite3.connect(survey.state / "survey.db")
            db.execute("UPDATE wave SET state = 3")
            db.commit()
            db.close()
        load.join()
        assert not load.acknowledged and not load.unknown
        assert [status for status, _, _ in load.refused] == [410] * 30
        box = survey.box()
        assert box.spent == len(box.sealed) == box.declined == box.count(1) == 0


def test_other_waves_go_on_while_one_is_counted(closed, tmp_path):
    fresh = closed[0].clone(tmp_path / "s")
    fresh.add_wave("oppen")
    fresh.serve()
    people = fresh.invite(3000, "oppen")
    with Load(fresh, [(p, answers_number(n)) for n, p in enumerate(people)], threads=3) as load:
        while len(load.acknowledged) < 20:
            load.halt.wait(0.005)
        before = len(load.acknowledged)
        fresh.must("count", "--wave", WAVE)
        during = len(load.acknowledged) - before
    assert during > 0
    assert not load.unknown and not load.refused
    box = fresh.box("oppen")
    assert box.spent == len(box.sealed) == len(load.acknowledged)
    assert box.answers() == sorted((0, coded(f)) for _, f in load.acknowledged)
    assert fresh.stop() == 0


def test_counting_with_a_reader_in_the_way(closed, tmp_path, wanted, expected):
    """Somebody else's open read transaction holds the log: the count waits and gets through when it has gone."""
    fresh = closed[0].clone(tmp_path / "s")
    reader = sqlite3.connect(fresh.state / "survey.db", isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM ballot").fetchone()
    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(fresh.command, "count", "--wave", WAVE)
        watch = sqlite3.connect(fresh.state / "survey.db")
        while watch.execute("SELECT state FROM wave").fetchone()[0] == 3 and not counting.done():
            pass
        watch.close()
        reader.execute("ROLLBACK")
        reader.close()
        done = counting.result()
    assert done.returncode == 0, done.stderr
    assert fresh.report() == expected
    assert remains(fresh, wanted) == []


# Damage.


@pytest.mark.parametrize("at", [0, 40, 95])
def test_damaged_ballot_is_counted_as_damaged(closed, tmp_path, at):
    fresh = closed[0].clone(tmp_path / "s")
    db = sqlite3.connect(fresh.state / "survey.db")
    key, sealed = db.execute("SELECT key, sealed FROM ballot LIMIT 1 OFFSET 7").fetchone()
    sealed = bytearray(sealed)
    sealed[at] ^= 1
    db.execute("UPDATE ballot SET sealed = ? WHERE key = ?", (bytes(sealed), key))
    db.commit()
    db.close()
    assert "1 damaged" in fresh.must("count", "--wave", WAVE, "--check")
    fresh.must("count", "--wave", WAVE)
    quality = json.loads(fresh.report())["quality"]
    assert quality["damaged"] == 1
    assert quality["answered"] + quality["break_off"] == 110


def test_missing_ballot_stops_the_count(closed, tmp_path):
    fresh = closed[0].clone(tmp_path / "s")
    db = sqlite3.connect(fresh.state / "survey.db")
    db.execute("DELETE FROM ballot WHERE key = (SELECT key FROM ballot LIMIT 1)")
    db.commit()
    db.close()
    before = fresh.dump()
    for extra in [["--check"], []]:
        assert "111 invitations are spent, but there are 110 ballots" in fresh.refused("count", "--wave", WAVE, *extra)
    assert fresh.dump() == before
