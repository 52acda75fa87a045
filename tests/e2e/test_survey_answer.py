"""What respondents and sms-gateway are promised of survey-server's two listeners."""
import contextlib
import json
import os
import re
import sqlite3
import threading

import pytest

from survey import (ALPHABET, FORM, GONE, THANKS, Invitation, answers_number, batch_of, coded, day, running, status_of)

FULL = {"channel": "web", "q1": "1", "q2": "2", "q3": "1", "q4": "3", "q5": "4", "q6": "5"}


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    with running(tmp_path_factory.mktemp("answer")) as s:
        s.add_wave()
        yield s


@pytest.fixture
def web(survey):
    with survey.public() as client:
        yield client


@pytest.fixture
def one(survey):
    return survey.invite(1)[0]


@pytest.fixture
def api(survey):
    with survey.api() as client:
        yield client


def nonce_of(page):
    return re.search(r'name="nonce" value="([0-9a-f]{32})"', page.decode())[1]


def is_open(survey, invitation):
    with survey.public() as client:
        return client.get(invitation.path).status == 200


# The form.


def pages_of(web, person):
    """Every page of the form, as it comes without an answer; question 3 needs one."""
    yield web.get(person.path)
    for page in range(1, 8):
        yield web.post(person.path, {"page": page, "q1": "1"} if page == 3 else {"page": page})


def test_form_is_small(web, one):
    replies = list(pages_of(web, one))
    for number, reply in enumerate(replies):
        assert reply.status == 200 and b'<main data-page="%d">' % number in reply.body
        head = sum(len(k) + len(v) + 4 for k, v in reply.headers.items()) + len("HTTP/1.1 200 OK\r\n\r\n")
        assert len(reply.body) + head <= 14_000
        assert reply.header("Content-Type") == "text/html; charset=utf-8"
        assert 'lang="sv"' in reply.body.decode()
    first, *questions, last = [r.body.decode() for r in replies]
    for n, text in enumerate(questions, 1):
        assert f'type="radio" name="q{n}"' in text
    assert 'name="decline" value="no"' in first and 'name="decline" value="wrong-person"' in first
    assert 'name="channel" value="web"' in last


def test_form_needs_no_other_request(web, one):
    for reply in pages_of(web, one):
        text = reply.body.decode()
        assert not re.search(r"\ssrc\s*=|@import|url\(|<script[^>]|<iframe|<object|<embed|<video|<audio|<picture", text, re.I)
        for tag in re.findall(r"<link\b[^>]*>", text):
            assert re.search(r'href="(data:,|/form\.css\?v=[0-9a-f]{8})"', tag), tag
        # What is left are links that a person follows.
        hrefs = re.findall(r"<(\w+)\b[^>]*\bhref=", text)
        assert set(hrefs) <= {"a", "link"}
    style = web.get("/form.css")
    assert style.status == 200 and style.header("Content-Type") == "text/css; charset=utf-8"
    assert not re.search(rb"@import|url\(", style.body)
    assert style.header("Set-Cookie") is None


def test_headers_leave_no_traces(survey, web, one):
    gone = Invitation(survey.invitation_key, "2027-1")
    for path in [one.path, gone.path, "/", "/om", "/tillganglighet", "/saknas/alls"]:
        reply = web.get(path)
        assert reply.header("Set-Cookie") is None
        assert "no-store" in reply.header("Cache-Control")
        assert reply.header("Referrer-Policy") == "no-referrer"
        assert reply.header("X-Content-Type-Options") == "nosniff"
        assert "noindex" in reply.header("X-Robots-Tag")
        policy = reply.header("Content-Security-Policy")
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy


def test_thanks_and_refusals_have_the_same_headers(web, one):
    for _ in range(2):
        reply = web.post(one.path, FULL)
        assert reply.header("Set-Cookie") is None and "no-store" in reply.header("Cache-Control")


def test_head_is_a_get_without_the_body(web, one):
    head, get = web.request("HEAD", one.path), web.get(one.path)
    assert head.status == 200 and head.body == b""
    assert head.header("Content-Length") == str(len(get.body))
    assert head.header("Content-Type") == get.header("Content-Type")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405(web, survey, one, method):
    reply = web.request(method, one.path)
    assert reply.status == 405
    assert "GET" in reply.header("Allow") and "POST" in reply.header("Allow")
    assert is_open(survey, one)


def test_pages_about(web):
    for path, words in [("/", "Din kod"), ("/om", "Så skyddas dina svar"), ("/tillganglighet", "WCAG")]:
        reply = web.get(path)
        assert reply.status == 200 and words in reply.body.decode()
    assert web.get("/om").body.decode().count("provomgång") == 1


# Gets change nothing.


def test_a_thousand_gets_change_nothing(survey, one):
    before = survey.dump()
    assert before["invitation"] and before["bitmap"]
    wrong = []

    def look():
        agents = ["Mozilla/5.0", "WhatsApp/2.23", "facebookexternalhit/1.1", "Slackbot-LinkExpanding 1.0", ""]
        with survey.public() as client:
            for n in range(125):
                method = "HEAD" if n % 5 == 4 else "GET"
                path = one.path + ["", "?lang=sv", "?q1=1&decline=no", "?page=1"][n % 4]
                reply = client.request(method, path, headers={"User-Agent": agents[n % 5], "Purpose": "prefetch"})
                if reply.status != 200 or (method == "GET" and FORM not in reply.body):
                    wrong.append((path, reply.status))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert survey.dump() == before
    with survey.public() as client:
        assert client.post(one.path, FULL).status == 200
    assert survey.dump() != before


# One page for what is of no use.


def test_no_use_is_one_page(survey, web):
    key = survey.invitation_key
    survey.add_wave("planerad", opens=20, closes=30)
    survey.add_wave("papper", custody="paper", recovery=survey.folder / "papper.txt")
    survey.add_wave("stangd")
    used, declined, revoked = survey.invite(3)
    early, unopened, closed = (survey.invite(1, w)[0] for w in ("planerad", "papper", "stangd"))
    assert web.post(used.path, FULL).status == 200
    assert web.post(declined.path, {"decline": "no"}).status == 200
    with survey.api() as api:
        assert api.request("POST", "/v1/waves/2027-1/revocations", json.dumps({"ids": [revoked.id.hex()]})).status == 200
    assert is_open(survey, closed)
    survey.must("wave", "close", "--id", "stangd")
    unknown = Invitation(key, "2027-1").code
    codes = {
        "used": used.code, "declined": declined.code, "revoked": revoked.code, "not yet open": early.code,
        "not opened by key": unopened.code, "closed": closed.code, "unknown": unknown, "short": unknown[:15],
        "long": unknown + "0", "very long": unknown * 200, "alphabet": unknown[:15] + "U", "star": unknown[:15] + "*",
        "escape": unknown[:15] + "%55", "utf-8": unknown[:15] + "%C3%A5", "not a code": "favicon.ico",
    }
    page = web.get("/" + unknown)
    assert page.status == 410 and GONE in page.body
    for name, code in codes.items():
        for reply in [web.get("/" + code), web.post("/" + code, FULL), web.post("/" + code, {"decline": "no"})]:
            assert (reply.status, reply.body) == (410, page.body), name
            assert {k: v for k, v in reply.headers.items() if k != "Date"} == \
                   {k: v for k, v in page.headers.items() if k != "Date"}, name


@pytest.mark.parametrize("fields", [{"q1": "9"}, {}, dict(FULL, page="2")], ids=["not an option", "empty", "a step"])
def test_used_code_is_410_whatever_is_posted(web, one, fields):
    assert web.post(one.path, FULL).status == 200
    reply = web.post(one.path, fields)
    assert reply.status == 410 and GONE in reply.body


def test_opened_by_key_takes_answers(survey, web):
    survey.add_wave("papper-2", custody="paper", recovery=survey.folder / "papper-2.txt")
    one = survey.invite(1, "papper-2")[0]
    assert web.get(one.path).status == 410
    survey.must("wave", "open", "--id", "papper-2", "--recovery", survey.folder / "papper-2.txt")
    assert web.get(one.path).status == 200
    assert web.post(one.path, FULL).status == 200


def test_last_day_is_included(survey):
    today = day(0)
    survey.add_wave("i-dag", opens=0, closes=0)
    reply = survey.put(survey.make(1, "i-dag"), "i-dag")
    # Unless midnight came in between.
    assert reply.status == 201 or day(0) != today


def test_days_over_are_closed(survey, api):
    survey.add_wave("forbi", opens=-9, closes=-2)
    reply = api.request("PUT", "/v1/waves/forbi/batches/farsta-1", json.dumps(batch_of(survey.make(1, "forbi"))))
    assert reply.status == 409


# Forgiving codes.


def written(code, how):
    if how == "letters":
        return code.replace("1", "L", 1).replace("1", "I").replace("0", "O")
    if how == "small letters":
        return code.replace("1", "i", 1).replace("1", "l").replace("0", "o").lower()
    if how == "dashes":
        return "-".join(code[i:i + 4] for i in range(0, 16, 4))
    return code.lower()


@pytest.mark.parametrize("how", ["lower case", "dashes", "letters", "small letters"])
def test_codes_are_forgiving(survey, web, how):
    some = Invitation(survey.invitation_key, "2027-1", code=os.urandom(7) + bytes([0x08, 0x02, 0x01]))
    assert "0" in some.code and "1" in some.code
    assert survey.put([some]).status == 201
    path = "/" + written(some.code, how)
    assert web.get(path).status == 200
    assert web.post(path, FULL).status == 200
    assert web.get(some.path).status == 410


def test_typed_code_leads_to_its_page(web, one):
    for how in ["lower case", "dashes", "letters"]:
        reply = web.post("/", {"code": " " + written(one.code, how) + " "})
        assert (reply.status, reply.header("Location")) == (303, one.path)
    # Nothing is told of whether a code is known.
    other = ALPHABET[:16]
    assert web.post("/", {"code": other}).header("Location") == "/" + other
    for typed in ["", "abc", other + "0", other[:15] + "U"]:
        reply = web.post("/", {"code": typed})
        assert reply.status == 422 and "Koden stämmer inte" in reply.body.decode()
    assert web.post("/", {}).status == 422
    assert web.get(one.path).status == 200


# Answers.


def test_answers_are_stored_as_given(survey):
    with running(survey.folder / "stored") as fresh:
        fresh.add_wave()
        everyone = fresh.invite(120, areas=3)
        sent = [(i, answers_number(n * 61)) for n, i in enumerate(everyone)]
        with fresh.public() as web:
            for i, fields in sent:
                reply = web.post(i.path, fields)
                assert reply.status == 200 and THANKS in reply.body
        box = fresh.box()
        assert box.answers() == sorted((i.area, coded(f)) for i, f in sent)
        assert box.spent == 120 and box.count(2) == 0


def test_question_3_off_its_base_is_dropped(survey):
    with running(survey.folder / "base") as fresh:
        fresh.add_wave()
        cases = [({"q1": "3", "q2": "4", "q3": "1"}, (3, 4, 0, 0, 0, 0)), ({"q1": "3", "q2": "2", "q3": "1"}, (3, 2, 1, 0, 0, 0)),
                 ({"q1": "1", "q3": "5"}, (1, 0, 5, 0, 0, 0)), ({"q1": "6", "q2": "6", "q3": "2", "q6": "4"}, (6, 6, 0, 0, 0, 4)),
                 ({"q1": "", "q2": "", "q4": "6"}, (0, 0, 0, 6, 0, 0))]
        people = fresh.invite(len(cases))
        with fresh.public() as web:
            for person, (fields, _) in zip(people, cases):
                assert web.post(person.path, fields).status == 200
        assert fresh.box().answers() == sorted((0, codes) for _, codes in cases)


@pytest.mark.parametrize("fields", [
    {"q1": "7"}, {"q1": "0"}, {"q1": "-1"}, {"q1": "11"}, {"q1": "a"}, {"q1": " 1"}, {"q1": "1", "q2": "9"},
    {"q3": "6", "q1": "1"}, {"q6": "6"}, {"q1": "1" * 100}, {"q1": "１"},
    {}, {"channel": "web"}, {"q1": "", "q2": ""}, {"q3": "1"}])
def test_wrong_and_empty_answers_are_422(survey, web, one, fields):
    reply = web.post(one.path, fields)
    assert reply.status == 422
    assert FORM in reply.body and b'role="alert"' in reply.body
    assert is_open(survey, one)
    assert web.post(one.path, FULL).status == 200


def test_422_keeps_what_was_answered(web, one):
    page = web.post(one.path, {"q1": "4", "q2": "9", "q6": "2"}).body.decode()
    assert re.findall(r'<input type="hidden" name="(q\d)" value="(\d?)">', page) == [("q1", "4"), ("q6", "2")]
    assert '<main data-page="2">' in page and " checked" not in page


def test_step_of_the_paged_form_stores_nothing(survey, web, one):
    before = survey.dump()
    for step in ["1", "2", "6"]:
        reply = web.post(one.path, dict(FULL, page=step))
        assert reply.status == 200 and FORM in reply.body
    assert survey.dump() == before
    assert web.post(one.path, FULL).status == 200


def test_channel_is_web_whatever_is_claimed(survey, web, one):
    assert web.post(one.path, dict(FULL, channel="phone")).status == 200


# The same form again.


def test_same_form_again_is_thanked_again(survey, web, one):
    nonce = nonce_of(web.get(one.path).body)
    before = len(survey.box().sealed)
    for _ in range(3):
        reply = web.post(one.path, dict(FULL, nonce=nonce))
        assert reply.status == 200 and THANKS in reply.body
    assert len(survey.box().sealed) == before + 1
    # Neither another form nor none is taken for it.
    for other in ["0" * 32, nonce.replace(nonce[0], "f" if nonce[0] != "f" else "e"), "", nonce[:30]]:
        assert web.post(one.path, dict(FULL, nonce=other)).status == 410
    assert web.get(one.path).status == 410


def test_nonce_of_another_person_is_worth_nothing(survey, web):
    one, other = survey.invite(2)
    nonce = nonce_of(web.get(one.path).body)
    assert web.post(one.path, dict(FULL, nonce=nonce)).status == 200
    assert web.post(other.path, FULL).status == 200
    assert web.post(other.path, dict(FULL, nonce=nonce)).status == 410


def test_without_nonce_the_second_is_410(web, one):
    assert web.post(one.path, FULL).status == 200
    assert web.post(one.path, FULL).status == 410


# Saying no.


@pytest.mark.parametrize("said, list_name", [("no", "declined"), ("wrong-person", "wrong_person")])
def test_decline_revokes(survey, web, api, one, said, list_name):
    ballots = len(survey.box().sealed)
    reply = web.post(one.path, {"decline": said})
    assert reply.status == 200 and "Tack för att du sa till" in reply.body.decode()
    box = survey.box()
    assert box.gone(one) and box.revoked(one) and len(box.sealed) == ballots
    lists = api.get("/v1/waves/2027-1/declined").json()
    assert set(lists) == {"declined", "wrong_person"}
    for name, ids in lists.items():
        assert ids == sorted(ids)
        assert (one.id.hex() in ids) == (name == list_name)
    for fields in [{"decline": said}, FULL]:
        assert web.post(one.path, fields).status == 410


def test_other_words_of_decline_change_nothing(survey, web, one):
    for said in ["yes", "", "NO"]:
        assert web.post(one.path, {"decline": said}).status == 400
    assert is_open(survey, one)


# The internal API.


def test_internal_api_wants_its_key(survey):
    key = (survey.keys / "internal.key").read_bytes().hex()
    wrong = [None, "", "Bearer", "Bearer ", "Bearer " + key[:-1], "Bearer " + key + "0", "Bearer " + "0" * 64, key,
             "Basic " + key, "Bearer " + key[:-1] + ("0" if key[-1] != "0" else "1")]
    calls = [("GET", "/v1/waves"), ("PUT", "/v1/waves/2027-1/batches/farsta-x"), ("POST", "/v1/waves/2027-1/open"),
             ("GET", "/v1/waves/2027-1/declined"), ("POST", "/v1/waves/2027-1/revocations"),
             ("PUT", "/v1/waves/2027-1/dispositions/farsta-x")]
    with survey.api(key="") as client:
        for given in wrong:
            client.headers = {} if given is None else {"Authorization": given}
            for method, path in calls:
                reply = client.request(method, path, "{}")
                assert reply.status == 401 and "error" in reply.json(), (given, path)
        client.headers = {}
        assert client.get("/healthz").body == b"ok\n"
        metrics = client.get("/metrics")
        assert metrics.status == 200 and 'brukarenkat_invitations{wave="2027-1"' in metrics.body.decode()


def test_metrics_tell_nothing_of_answers(survey, web):
    one, other = survey.invite(2)
    with survey.api() as api:
        before = api.get("/metrics").body
        assert web.post(one.path, FULL).status == 200
        assert web.post(other.path, {"decline": "no"}).status == 200
        assert api.get("/metrics").body == before


def test_waves_are_listed(api):
    waves = {w["wave"]: w for w in api.get("/v1/waves").json()["waves"]}
    one = waves["2027-1"]
    assert one["phase"] == "open" and one["title"] == "Brukarenkät på prov"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", one["opens"]) and re.fullmatch(r"\d{4}-\d\d-\d\d", one["closes"])
    assert [v["code"] for v in one["variables"]] == ["administration", "area"]
    assert {"code": "farsta", "name": "Farsta"} in one["variables"][0]["values"]


def test_batch_again_and_otherwise(survey, api):
    people = survey.make(20, areas=2)
    path = "/v1/waves/2027-1/batches/farsta-igen"
    body = json.dumps(batch_of(people, left_out={"protected": 3}))
    reply = api.request("PUT", path, body)
    assert (reply.status, reply.json()) == (201, {"registered": 20})
    before = survey.dump()
    reply = api.request("PUT", path, body)
    assert (reply.status, reply.json()) == (200, {"registered": 20})
    for other in [batch_of(people[:-1]), batch_of(people, left_out={"protected": 4}), batch_of(survey.make(20))]:
        reply = api.request("PUT", path, json.dumps(other))
        assert reply.status == 409 and "error" in reply.json()
    # An id that is there already, under another batch's name.
    reply = api.request("PUT", path + "-2", json.dumps(batch_of(people[:1] + survey.make(3))))
    assert reply.status == 409
    assert survey.dump() == before


def test_batch_again_after_an_answer(survey, api, web):
    people = survey.make(2)
    body = json.dumps(batch_of(people))
    path = "/v1/waves/2027-1/batches/farsta-svar"
    assert api.request("PUT", path, body).status == 201
    assert web.post(people[0].path, FULL).status == 200
    assert api.request("PUT", path, body).status == 200
    assert web.get(people[0].path).status == 410
    assert web.get(people[1].path).status == 200


def bad_batches():
    def change(**what):
        return lambda b: dict(b, **what)

    def stratum(**what):
        return lambda b: dict(b, strata=[dict(b["strata"][0], **what)])

    def invitations(how):
        return lambda b: dict(b, invitations=how(b["invitations"]))
    return {
        "unsorted": invitations(lambda i: i[::-1]), "twice": invitations(lambda i: [i[0]] + i),
        "short": invitations(lambda i: [i[0][:-2]] + i[1:]),
        "no hex": invitations(lambda i: ["g" * 128]), "a number": invitations(lambda i: [1]),
        "not a list": change(invitations="x"), "no invitations": change(invitations=None),
        "administration": change(administration="mars"), "no administration": change(administration=None),
        "area": stratum(area="mars"), "plan": stratum(plan="post"), "drawn over frame": stratum(drawn=9, frame=8),
        "negative": stratum(frame=-1), "half": stratum(frame=2.5), "stratum": stratum(stratum=70000),
        "left out": change(left_out={"protected": "many"}),
    }


@pytest.mark.parametrize("name", bad_batches())
def test_bad_batch_is_400(survey, api, name):
    before = survey.dump()
    body = bad_batches()[name](batch_of(survey.make(3)))
    reply = api.request("PUT", "/v1/waves/2027-1/batches/farsta-fel", json.dumps(body))
    assert reply.status == 400 and reply.json()["error"], reply.body
    assert survey.dump() == before


def test_bad_json_and_names(survey, api):
    path = "/v1/waves/2027-1/batches/farsta-fel"
    for body in ["", "{", "[]", "null", '{"a":1}x', '{"administration":"\\ud800"}', "\0", "[" * 100000]:
        assert api.request("PUT", path, body).status == 400, body[:20]
    good = json.dumps(batch_of(survey.make(1)))
    for name in ["Farsta", "farsta_1", "f" * 65, "f%C3%A5", "f.1"]:
        assert api.request("PUT", "/v1/waves/2027-1/batches/" + name, good).status == 400, name
    assert api.request("PUT", "/v1/waves/2027-1/batches/", good).status in (404, 405)
    for method, where in [("PUT", "batches/farsta-1"), ("POST", "open"), ("GET", "declined"), ("POST", "revocations"),
                          ("PUT", "dispositions/farsta-1")]:
        assert api.request(method, f"/v1/waves/mars/{where}", good if method != "GET" else None).status == 404


def test_ten_thousand_fit_and_no_more(survey, api):
    survey.add_wave("stor")
    people = survey.make(10_001, "stor")
    body = json.dumps(batch_of(people))
    assert api.request("PUT", "/v1/waves/stor/batches/farsta-1", body).status == 400
    reply = api.request("PUT", "/v1/waves/stor/batches/farsta-1", json.dumps(batch_of(people[1:])))
    assert (reply.status, reply.json()) == (201, {"registered": 10_000})
    with survey.public() as web:
        for person in [people[1], people[4096], people[4097], people[-1]]:
            assert web.post(person.path, FULL).status == 200
    assert len(survey.ask_open("farsta-1", "stor")) == 10_000 - 4


def test_open_tells_neither_spent_nor_revoked(survey, api, web):
    spent, declined, revoked, *rest = survey.make(10)
    name = "farsta-oppna"
    assert survey.put([spent, declined, revoked, *rest], name=name).status == 201
    assert len(survey.ask_open(name)) == 10
    assert web.post(spent.path, FULL).status == 200
    assert web.post(declined.path, {"decline": "no"}).status == 200
    body = json.dumps({"ids": [revoked.id.hex(), spent.id.hex()]})
    reply = api.request("POST", "/v1/waves/2027-1/revocations", body)
    # How many were open before is not told: for a single one it would be whether that person has answered.
    assert (reply.status, reply.json()) == (200, {"received": 2})
    again = api.request("POST", "/v1/waves/2027-1/revocations", body)
    assert (again.status, again.body) == (reply.status, reply.body)
    for single in [spent, declined, revoked, rest[0]]:
        reply = api.request("POST", "/v1/waves/2027-1/revocations", json.dumps({"ids": [single.id.hex()]}))
        assert (reply.status, reply.json()) == (200, {"received": 1})
    reply = api.request("POST", "/v1/waves/2027-1/open", json.dumps({"batch": name})).json()
    assert reply["open"] == sorted(i.id.hex() for i in rest[1:])
    assert web.post(revoked.path, FULL).status == 410
    assert revoked.id.hex() not in str(api.get("/v1/waves/2027-1/declined").json())


def test_open_and_revocations_refuse(survey, api, one):
    path = "/v1/waves/2027-1/"
    assert api.request("POST", path + "open", '{"batch": "mars"}').status == 404
    assert api.request("POST", path + "open", "{}").status == 400
    for ids in [None, "x", {"a": 1}]:
        assert api.request("POST", path + "revocations", json.dumps({"ids": ids})).status == 400
    before = survey.dump()
    # All or none.
    for other in ["00" * 16, "xx", 7]:
        reply = api.request("POST", path + "revocations", json.dumps({"ids": [one.id.hex(), other]}))
        assert reply.status in (400, 404)
    assert survey.dump() == before
    assert is_open(survey, one)


def test_dispositions_after_closing(survey):
    with running(survey.folder / "dispositions") as fresh:
        fresh.add_wave()
        people = fresh.invite(40)
        with fresh.public() as web:
            for n, person in enumerate(people[:35]):
                assert web.post(person.path, answers_number(n)).status == 200
        body = json.dumps({"strata": [{"stratum": 0, "dispositions": {"22": 2, "40": 3}}]})
        other = json.dumps({"strata": [{"stratum": 0, "dispositions": {"22": 5}}]})
        path = "/v1/waves/2027-1/dispositions/farsta-1"
        with fresh.api() as api:
            assert api.request("PUT", path, body).status == 409
            fresh.must("wave", "close", "--id", "2027-1")
            assert api.request("PUT", path[:-1] + "9", body).status == 404
            for bad in ['{"strata": [{"stratum": 0, "dispositions": {"x": 1}}]}',
                        '{"strata": [{"stratum": 0, "dispositions": {"22": -1}}]}',
                        '{"strata": [{"dispositions": {"22": 1}}]}', "{"]:
                assert api.request("PUT", path, bad).status == 400
            assert api.request("PUT", path, body).status == 201
            assert api.request("PUT", path, body).status == 200
            # A correction takes the place of what was there, until the count.
            assert api.request("PUT", path, other).status == 200
            assert api.request("PUT", path, body).status == 200
            assert len(fresh.ask_open("farsta-1")) == 5
            fresh.must("count", "--wave", "2027-1")
            assert api.request("PUT", path, body).status == 409
            assert api.request("PUT", "/v1/waves/2027-1/batches/farsta-2",
                               json.dumps(batch_of(fresh.make(1)))).status == 409
            assert api.request("POST", "/v1/waves/2027-1/open", '{"batch":"farsta-1"}').status == 404
        assert json.loads(fresh.report())["quality"]["not_eligible"] == 3


def test_closed_wave_takes_nothing(survey, web, api):
    survey.add_wave("slut")
    people = survey.invite(3, "slut")
    assert web.post(people[0].path, FULL).status == 200
    survey.must("wave", "close", "--id", "slut")
    before = survey.dump()
    for person in people:
        for fields in [FULL, {"decline": "no"}]:
            assert web.post(person.path, fields).status == 410
    assert api.request("PUT", "/v1/waves/slut/batches/farsta-2", json.dumps(batch_of(survey.make(1, "slut")))).status == 409
    assert survey.dump() == before


def test_expect_continue(survey, one):
    data = (f"POST {one.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
            "Connection: close\r\n\r\nq1=1").encode()
    answer = survey.raw(data)
    assert status_of(answer) in (100, 200) and THANKS in answer


def test_another_program_that_looks_into_the_database_loses_no_answer(tmp_path):
    """A backup or an operator opens and closes it; what is acknowledged afterwards must survive a kill."""
    with running(tmp_path / "s") as s:
        s.add_wave()
        people = s.invite(20)
        with s.public() as client:
            for n, person in enumerate(people):
                with contextlib.closing(sqlite3.connect(s.state / "survey.db")) as db:
                    assert db.execute("SELECT count(*) FROM ballot").fetchone() == (n,)
                assert client.post(person.path, FULL).status == 200
        s.kill()
        s.serve()
        assert s.box().spent == len(people) == len(s.box().plain())
        with s.public() as client:
            assert [client.get(person.path).status for person in people] == [410] * len(people)
