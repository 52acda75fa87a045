"""Who says no on the page is not contacted again: in this wave, and in later ones."""
from fake_survey import wave
from gateway import left_out_persons, must, phone, taken, wait_until, words_of

HEADER = "person_id;telefon;verksamhetsområde;skyddad;sms_tillåtet\n"


def row(person, number):
    return f"T-{person};{phone(number)};aldreomsorg;nej;ja\n"


def someone(gateway, survey):
    """The only person of the wave, sent to; the invitation's id."""
    must(gateway.bring_in(HEADER + row(1, 1)))
    must(gateway.send())
    gateway.start()
    wait_until(lambda: gateway.states() == {"sent": 1})
    gateway.stop()
    return survey.ids()[0]


def in_the_next_wave(gateway, survey, *rows):
    """How many are taken, and how many have refused."""
    survey.waves.append(wave("2028-1"))
    done = gateway.bring_in(HEADER + "".join(rows), wave="2028-1")
    return taken(done.stdout), left_out_persons(done.stdout).get(words_of()["refused"], 0)


def test_a_no_is_learnt_by_the_serving_gateway_and_outlives_the_wave(gateway, survey):
    survey.declined = [someone(gateway, survey)]
    gateway.start()
    wait_until(lambda: gateway.query("SELECT hold FROM contact") == [(3,)])
    gateway.stop()
    must(gateway.send("--reminder"))
    assert gateway.states() == {"sent": 1}
    # The person with another number, another person with the number, and somebody else.
    assert in_the_next_wave(gateway, survey, row(1, 5), row(2, 1), row(3, 3)) == (1, 2)


def test_a_reminder_learns_it_too(gateway, survey):
    survey.declined = [someone(gateway, survey)]
    must(gateway.send("--reminder"))
    assert gateway.query("SELECT hold FROM contact") == [(3,)] and gateway.states() == {"sent": 1}
    assert gateway.query("SELECT count(*) FROM refusal") == [(2,)]
    must(gateway.send("--reminder"))
    assert gateway.query("SELECT count(*) FROM refusal") == [(2,)]


def test_a_wrong_number_is_never_used_but_the_person_may_be_asked(gateway, survey):
    survey.wrong = [someone(gateway, survey)]
    gateway.start()
    wait_until(lambda: gateway.query("SELECT hold FROM contact") == [(3,)])
    gateway.stop()
    assert in_the_next_wave(gateway, survey, row(1, 5), row(2, 1)) == (1, 1)


def test_nobody_is_taken_for_another(gateway, survey):
    must(gateway.bring_in(HEADER + "".join(row(n, n) for n in range(20))))
    must(gateway.send())
    survey.declined, survey.wrong = sorted(survey.ids()[:3]), sorted(survey.ids()[3:5])
    gateway.start()
    wait_until(lambda: gateway.query("SELECT count(*) FROM contact WHERE hold = 3") == [(5,)])
    gateway.stop()
    assert gateway.query("SELECT count(*) FROM refusal") == [(3 * 2 + 2,)]
    assert gateway.query("SELECT hold, count(*) FROM contact GROUP BY hold") == [(0, 15), (3, 5)]


def test_a_counted_wave_is_not_asked_about(gateway, survey):
    someone(gateway, survey)
    survey.waves[0] |= {"phase": "counted", "counted": "2099-01-01"}
    survey.declined = ["00" * 16]
    gateway.start()
    gateway.rounds(8)
    gateway.stop()
    assert gateway.query("SELECT hold FROM contact") == [(0,)]
