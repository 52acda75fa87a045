"""A disk that is full or fails: 503 with Retry-After, nothing spent, nothing lost; it works again when there is room."""
import ctypes
import errno
import http.client
import json
import os

import pytest

from survey import FORM, LATER, THANKS, Load, Survey, answers_number, coded, faults, running, wait_until

libc = ctypes.CDLL(None, use_errno=True)
MIB = 1 << 20


def mount_small(folder, size):
    folder.mkdir(parents=True)
    if libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, f"size={size},mode=0700".encode()) == 0:
        return
    number = ctypes.get_errno()
    if number in (errno.EPERM, errno.EACCES, errno.ENOSYS):
        pytest.skip(f"A FULL DISK IS NOT TESTED: no small file system can be mounted here: {os.strerror(number)}")
    raise OSError(number, os.strerror(number))


@pytest.fixture
def small(tmp_path):
    """A server whose state lies on a file system of 8 MiB."""
    state = tmp_path / "small"
    mount_small(state, 8 * MIB)
    survey = Survey(tmp_path / "s", state=state)
    try:
        survey.must("init")
        survey.add_wave()
        survey.serve()
        yield survey
        assert survey.stop() == 0
        assert "Sanitizer" not in survey.log.read_text()
    finally:
        if survey.process:
            survey.kill()
        assert libc.umount2(bytes(state), 2) == 0


def fill(survey):
    """Takes every byte that is left."""
    with open(survey.state / "fill", "ab", buffering=0) as f:
        for size in (65536, 4096, 1):
            try:
                while True:
                    f.write(b"x" * size)
            except OSError as e:
                assert e.errno == errno.ENOSPC


def free(survey):
    (survey.state / "fill").unlink()


def post_until_full(web, people):
    """How many were thanked before the first 503."""
    for n, person in enumerate(people):
        reply = web.post(person.path, answers_number(n))
        if reply.status != 200:
            assert reply.status == 503 and LATER in reply.body
            assert int(reply.header("Retry-After")) > 0
            return n
    raise AssertionError("it never became full")


def test_full_and_with_room_again(small):
    people = small.invite(300)
    fill(small)
    with small.public() as web:
        thanked = post_until_full(web, people)
        refused = people[thanked:thanked + 20]
        for n, person in enumerate(refused, thanked):
            # Nothing is spent, however often it is tried.
            for fields in [answers_number(n), dict(answers_number(n), nonce="ab" * 16), {"decline": "no"}]:
                reply = web.post(person.path, fields)
                assert reply.status == 503 and reply.header("Retry-After")
            reply = web.get(person.path)
            assert reply.status == 200 and FORM in reply.body
        with small.api() as api:
            assert api.get("/healthz").status == 200
            assert api.get("/v1/waves").status == 200
        free(small)
        for n, person in enumerate(people[thanked:], thanked):
            reply = web.post(person.path, answers_number(n))
            assert reply.status == 200 and THANKS in reply.body
        assert all(web.get(p.path).status == 410 for p in people)
    box = small.box()
    assert box.spent == len(box.sealed) == len(people) and box.declined == 0
    assert box.answers() == sorted((0, coded(answers_number(n))) for n in range(len(people)))
    small.must("wave", "close", "--id", "2027-1")
    small.must("count", "--wave", "2027-1")
    assert json.loads(small.report())["quality"]["answered"] == len(people)


def test_same_form_after_the_disk_was_full(small):
    """A refused form is not taken for a stored one when it comes again."""
    person, *others = small.invite(300)
    fields = dict(answers_number(5), nonce="cd" * 16)
    fill(small)
    with small.public() as web:
        post_until_full(web, others)
        assert web.post(person.path, fields).status == 503
        free(small)
        assert web.post(person.path, fields).status == 200
        assert web.post(person.path, fields).status == 200
        assert small.box().gone(person)
        # And one that was stored before still is known.
        fill(small)
        late = [p for p in others if web.get(p.path).status == 200]
        post_until_full(web, late)
        assert web.post(person.path, fields).status in (200, 503)
        free(small)
        assert web.post(person.path, fields).status == 200


def test_many_at_once_on_a_full_disk(small):
    people = small.invite(400)
    fill(small)
    load = Load(small, [(p, answers_number(n)) for n, p in enumerate(people)], threads=8).start().join()
    assert not load.unknown and {status for status, _, _ in load.refused} == {503}
    box = small.box()
    assert box.spent == len(box.sealed) == len(load.acknowledged)
    free(small)
    again = Load(small, [(p, f) for _, p, f in load.refused], threads=8).start().join()
    assert len(again.acknowledged) == len(load.refused)
    box = small.box()
    assert box.answers() == sorted((0, coded(answers_number(n))) for n in range(len(people)))


def test_killed_on_a_full_disk(small):
    people = small.invite(300)
    fill(small)
    with small.public() as web:
        thanked = post_until_full(web, people)
    small.kill()
    # It need not start on a full disk, but must say why.
    small.start()
    try:
        wait_until(small.ready, 60)
        small.kill()
    except RuntimeError as e:
        assert "survey-server: " in str(e)
    free(small)
    small.serve()
    with small.public() as web:
        assert all(web.get(p.path).status == 410 for p in people[:thanked])
        assert all(web.get(p.path).status == 200 for p in people[thanked + 1:])
    box = small.box()
    assert box.spent == len(box.sealed) >= thanked


def test_commands_on_a_full_disk(small):
    people = small.invite(40)
    with small.public() as web:
        for n, person in enumerate(people):
            assert web.post(person.path, answers_number(n)).status == 200
    fill(small)
    # Three sorts of writing: a large batch, a wave, a count.
    reply = small.put(small.make(2000), name="farsta-stor")
    assert reply.status == 503 and reply.header("Retry-After")
    done = small.command("wave", "add", "--id", "ny", "--title", "x" * 200, "--questionnaire", "skr-brukarfragor", "--opens",
                         "2027-02-01", "--closes", "2027-03-01", "--custody", "server")
    assert done.returncode in (0, 1)
    small.command("wave", "close", "--id", "2027-1")
    counted = small.command("count", "--wave", "2027-1")
    assert counted.returncode in (0, 1)
    free(small)
    small.command("wave", "close", "--id", "2027-1")
    if counted.returncode:
        small.must("count", "--wave", "2027-1")
    assert json.loads(small.report())["quality"]["answered"] == 40
    small.add_wave("efter")
    assert small.put(small.make(2000, "efter"), "efter", name="farsta-stor").status == 201


@pytest.mark.parametrize("fault", ["pwrite64:error=ENOSPC", "pwrite64:error=EIO", "fdatasync:error=EIO", "fdatasync:error=ENOSPC",
                                   "pwrite64:error=EDQUOT"])
def test_calls_that_fail(tmp_path, fault):
    """The n-th and every later call fails; then the fault is over."""
    with running(tmp_path / "s") as survey:
        survey.add_wave()
        people = survey.invite(40)
        thanked, at = {}, 0
        with survey.public() as web:
            for n in [1, 2, 3, 4, 6, 9]:
                with faults(survey, f"{fault}:when={n}+"):
                    for _ in range(12):
                        reply = web.post(people[at].path, answers_number(at))
                        assert reply.status in (200, 503), reply.status
                        if reply.status == 503:
                            assert reply.header("Retry-After")
                            assert web.get(people[at].path).status == 200
                            break
                        thanked[at] = True
                        at += 1
                    else:
                        raise AssertionError("no call failed")
                # The fault is over: the very same person can answer.
                reply = web.post(people[at].path, answers_number(at))
                assert reply.status == 200
                thanked[at] = True
                at += 1
        box = survey.box()
        assert box.spent == len(box.sealed) == len(thanked)
        assert box.answers() == sorted((0, coded(answers_number(n))) for n in thanked)


def test_stored_form_is_known_after_a_failure(tmp_path):
    """A form that was stored and comes again while the database can't be locked is not forgotten for that."""
    with running(tmp_path / "s") as survey:
        survey.add_wave()
        person = survey.invite(1)[0]
        fields = dict(answers_number(9), nonce="ef" * 16)
        with survey.public() as web:
            assert web.post(person.path, fields).status == 200
            with faults(survey, "flock:error=EIO:when=1+"):
                assert web.post(person.path, fields).status == 503
            assert web.post(person.path, fields).status == 200
        assert len(survey.box().sealed) == 1


@pytest.mark.parametrize("fault", ["pwrite64:error=ENOSPC", "fdatasync:error=EIO"])
def test_single_failure_then_killed(tmp_path, fault):
    """One call fails and the machine stops right after: what was thanked for is there, and nothing is torn."""
    for n in range(1, 9):
        with running(tmp_path / str(n)) as survey:
            survey.add_wave()
            people = survey.invite(6)
            thanked = []
            with faults(survey, f"{fault}:when={n}"):
                with survey.public() as web:
                    for i, person in enumerate(people):
                        try:
                            status = web.post(person.path, answers_number(i)).status
                        except (OSError, http.client.HTTPException):
                            break
                        assert status in (200, 503)
                        if status == 503:
                            break
                        thanked.append(person)
                survey.kill()
            survey.serve()
            with survey.public() as web:
                assert all(web.get(p.path).status == 410 for p in thanked)
            box = survey.box()
            assert len(thanked) <= box.spent == len(box.sealed) <= len(thanked) + 1
