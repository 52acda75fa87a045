"""However many post with one code at once, one ballot is stored."""
import socket
import threading

import pytest

from survey import GONE, LONG, THANKS, answers_number, coded, post_bytes, read_all, running, status_of

ROUNDS = 50 if LONG else 5


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    with running(tmp_path_factory.mktemp("once")) as s:
        s.add_wave()
        yield s


def at_once(survey, requests):
    """Opens a connection for each, sends all but the last byte of each, then all the last bytes."""
    sockets = [socket.create_connection((survey.host, 8080), 60) for _ in requests]
    for s, data in zip(sockets, requests):
        s.sendall(data[:-1])
    barrier = threading.Barrier(4)
    many = list(zip(sockets, requests))

    def finish(part):
        barrier.wait()
        for s, data in part:
            s.sendall(data[-1:])

    threads = [threading.Thread(target=finish, args=(many[n::4],)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    answers = [read_all(s) for s in sockets]
    for s in sockets:
        s.close()
    return answers


@pytest.mark.parametrize("many", [2, 200])
def test_one_code_stores_one(survey, many):
    for _ in range(ROUNDS if many == 200 else 10 * ROUNDS):
        person = survey.invite(1)[0]
        before = survey.box()
        sent = [answers_number(n) for n in range(many)]
        answers = at_once(survey, [post_bytes(person, fields) for fields in sent])
        statuses = [status_of(a) for a in answers]
        assert sorted(statuses) == [200] + [410] * (many - 1)
        assert all((THANKS in a) == (s == 200) and (GONE in a) == (s == 410) for a, s in zip(answers, statuses))
        after = survey.box()
        stored = list(after.answers())
        for ballot in before.answers():
            stored.remove(ballot)
        # What is stored is what was thanked for.
        assert stored == [(0, coded(sent[statuses.index(200)]))]
        assert after.spent == len(after.sealed) == before.spent + 1


@pytest.mark.parametrize("many", [2, 200])
def test_one_form_is_thanked_for_each_time_and_stores_one(survey, many):
    for n in range(ROUNDS):
        person = survey.invite(1)[0]
        before = survey.box()
        fields = dict(answers_number(n), nonce=f"{n:032x}")
        answers = at_once(survey, [post_bytes(person, fields)] * many)
        assert [status_of(a) for a in answers] == [200] * many
        after = survey.box()
        assert after.spent == len(after.sealed) == before.spent + 1


def test_answer_or_decline_but_not_both(survey):
    for n in range(10 * ROUNDS):
        person = survey.invite(1)[0]
        before = survey.box()
        answers = at_once(survey, [post_bytes(person, fields) for fields in [answers_number(n), {"decline": "no"}] * 10])
        assert sorted(status_of(a) for a in answers) == [200] + [410] * 19
        after = survey.box()
        answered, declined = len(after.sealed) - len(before.sealed), after.declined - before.declined
        assert answered + declined == 1
        assert after.spent - before.spent == answered and after.count(2) - before.count(2) == declined


def test_many_people_with_two_posts_each(survey):
    people = survey.invite(100)
    before = survey.box()
    answers = at_once(survey, [post_bytes(p, answers_number(n)) for n, p in enumerate(people)] * 2)
    assert sorted(status_of(a) for a in answers) == [200] * 100 + [410] * 100
    after = survey.box()
    assert after.spent == len(after.sealed) == before.spent + 100
