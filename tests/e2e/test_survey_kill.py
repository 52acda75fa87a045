"""Kill -9 at any moment: no acknowledged answer is lost, none is counted twice, and no invitation is spent without
its ballot."""
import http.client
import json
import random
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from survey import (LONG, Load, Survey, answers_number, coded, faults, running, shown, strace, table, tally, wait_until)

SEED = 20270315
ROUNDS = 2000 if LONG else 220
SERVERS = 2


class Killed:
    """A server that is killed again and again, and what its respondents know of it."""

    def __init__(self, folder, seed):
        self.rng = random.Random(seed)
        self.survey = Survey(folder)
        self.survey.must("init")
        self.survey.add_wave()
        self.acknowledged = []
        self.stored = []  # not acknowledged, but found stored after the restart
        self.numbers = iter(range(6480))
        self.in_flight = self.killed_in_start = self.batches = 0
        self.survey.serve()
        self.open = []
        self.fill()

    def fill(self):
        while len(self.open) < 100:
            people = self.survey.invite(200, areas=3)
            self.open += [(p, answers_number(next(self.numbers, None) or self.rng.randrange(6480))) for p in people]

    def round(self):
        load = Load(self.survey, self.open, threads=self.rng.choice([1, 2, 4, 8])).start()
        people = self.survey.make(5, areas=3)
        name = f"farsta-kill-{self.batches}"
        self.batches += 1
        registered = []

        def register():
            try:
                registered.append(self.survey.put(people, name=name).status)
            except (OSError, http.client.HTTPException):
                pass

        registration = threading.Timer(self.rng.uniform(0, 0.1), register)
        registration.start()
        if self.rng.random() < 0.5:
            # At a moment that work decides: after so many acknowledged answers, or when nothing is left.
            goal = self.rng.randrange(1, 40)
            wait_until(lambda: len(load.acknowledged) >= goal or not any(t.is_alive() for t in load.threads))
        else:
            load.halt.wait(self.rng.uniform(0, 0.15))
        self.survey.kill()
        load.join()
        registration.join()
        self.restart()
        self.check(load)
        # A batch whose registration was cut off is put again: the same, or new.
        again = self.survey.put(people, name=name).status
        assert again in ((200,) if registered else (200, 201)), (registered, again)
        assert self.survey.ask_open(name) == {p.id for p in people}
        self.open += [(p, answers_number(self.rng.randrange(6480))) for p in people]
        self.fill()

    def restart(self):
        if self.rng.random() < 0.2:
            # Killed while it starts, too.
            self.survey.start()
            try:
                self.survey.process.wait(self.rng.uniform(0.005, 0.15))
            except subprocess.TimeoutExpired:
                pass
            self.survey.kill()
            self.killed_in_start += 1
        self.survey.serve()

    def check(self, load):
        assert not [r for r in load.refused if r[0] != 0], load.refused
        self.acknowledged += load.acknowledged
        self.in_flight += len(load.unknown)
        with self.survey.public() as web:
            for person, _ in load.acknowledged:
                assert web.get(person.path).status == 410, "an acknowledged answer is lost"
            for person, fields in load.unknown:
                status = web.get(person.path).status
                assert status in (200, 410)
                if status == 410:
                    self.stored.append((person, fields))
                else:
                    self.open.append((person, fields))
        self.open += [(p, f) for status, p, f in load.refused]
        box = self.survey.box()
        assert box.spent == len(box.sealed) == len(self.acknowledged) + len(self.stored)
        assert all(box.gone(p) for p, _ in self.acknowledged + self.stored)

    def finish(self):
        everyone = self.acknowledged + self.stored
        expected = sorted((p.area, coded(f)) for p, f in everyone)
        assert self.survey.box().answers() == expected
        self.survey.must("wave", "close", "--id", "2027-1")
        passed = self.survey.must("count", "--wave", "2027-1", "--check")
        assert f"{len(everyone)} ballots" in passed
        self.survey.must("count", "--wave", "2027-1")
        report = json.loads(self.survey.report())
        assert report["quality"]["answered"] == len(everyone)
        assert report["quality"]["damaged"] == report["quality"]["break_off"] == 0
        assert shown(table(report)[0]) == tally([coded(f) for _, f in everyone])
        assert self.survey.stop() == 0
        assert "Sanitizer" not in self.survey.log.read_text()


def test_random_kills_under_load(tmp_path):
    servers = [Killed(tmp_path / str(n), SEED + n) for n in range(SERVERS)]

    def run(server):
        for _ in range(ROUNDS // SERVERS):
            server.round()
        server.finish()

    with ThreadPoolExecutor(SERVERS) as pool:
        for done in [pool.submit(run, s) for s in servers]:
            done.result()
    # The kills came in the midst of work.
    assert sum(len(s.acknowledged) for s in servers) > 5 * ROUNDS
    assert sum(s.in_flight for s in servers) > ROUNDS / 4
    assert sum(s.killed_in_start for s in servers) > ROUNDS / 20


# Every call of a short run of work.


def short_work(survey, people):
    """Posts one after the other until the server is gone. Returns the statuses."""
    statuses = []
    with survey.public() as web:
        for n, person in enumerate(people):
            try:
                statuses.append(web.post(person.path, answers_number(n)).status)
            except (OSError, http.client.HTTPException):
                break
    return statuses


def check_after(survey, people, statuses):
    survey.serve()
    with survey.public() as web:
        after = [web.get(p.path).status for p in people]
        assert all(after[n] == 410 for n, status in enumerate(statuses) if status == 200), "an acknowledged answer is lost"
        assert set(after[len(statuses) + 1:]) <= {200}
        box = survey.box()
        stored = [n for n, status in enumerate(after) if status == 410]
        assert box.spent == len(box.sealed) == len(stored)
        assert box.answers() == sorted((0, coded(answers_number(n))) for n in stored)
        # And every other link can still be used.
        for n, status in enumerate(after):
            if status == 200:
                assert web.post(people[n].path, answers_number(n)).status == 200
    assert len(survey.box().sealed) == len(people)
    assert survey.stop() == 0


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A state to start from, and the people of it."""
    with running(tmp_path_factory.mktemp("prepared")) as s:
        s.add_wave()
        people = s.invite(3)
    return s, people


def again_from(prepared, folder):
    survey, people = prepared
    return survey.clone(folder), people


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "sendmsg", "sendto", "writev", "futex"])
def test_killed_at_every_call(prepared, tmp_path, call):
    killed = n = 0
    while True:
        n += 1
        assert n < 200, "never ends: the fault does not count the calls"
        survey, people = again_from(prepared, tmp_path / str(n))
        survey.serve()
        with faults(survey, f"{call}:signal=SIGKILL:when={n}"):
            statuses = short_work(survey, people)
            if len(statuses) < len(people):
                survey.process.wait(30)
        unharmed = survey.process.poll() is None
        if unharmed:
            assert statuses == [200] * len(people)
            survey.kill()
        check_after(survey, people, statuses)
        if unharmed:
            break
        killed += 1
    if call in ("pwrite64", "fdatasync"):
        assert killed >= 3


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_killed_at_every_call_of_a_start(prepared, tmp_path, call):
    """After a crash, so that the log has to be recovered."""
    n = 0
    while True:
        n += 1
        survey, people = again_from(prepared, tmp_path / str(n))
        survey.serve()
        statuses = short_work(survey, people[:2])
        assert statuses == [200, 200]
        survey.kill()
        survey.start(prefix=strace(f"{call}:signal=SIGKILL:when={n}"))
        try:
            wait_until(survey.ready, 60)
        except RuntimeError:
            check_after(survey, people, statuses)
            continue
        survey.kill()
        check_after(survey, people, statuses)
        break


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_killed_at_a_call_under_load(prepared, tmp_path, call):
    """The same with several posting at once, so that more than one answer is in a commit."""
    for n in [5, 14, 22] if not LONG else range(1, 60):
        survey, _ = again_from(prepared, tmp_path / str(n))
        survey.serve()
        people = survey.invite(200)
        with faults(survey, f"{call}:signal=SIGKILL:when={n}"):
            load = Load(survey, [(p, answers_number(i)) for i, p in enumerate(people)], threads=8).start().join()
            survey.process.wait(30)
        survey.serve()
        with survey.public() as web:
            assert all(web.get(p.path).status == 410 for p, _ in load.acknowledged)
        box = survey.box()
        assert box.spent == len(box.sealed) >= len(load.acknowledged)
        assert len(box.sealed) <= len(load.acknowledged) + len(load.unknown)
        assert survey.stop() == 0
