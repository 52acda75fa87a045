"""Whatever comes in on the two listeners: a clear status, nothing spent, nothing lost, and the daemon goes on."""
import json
import random
import re
import socket
import time

import pytest

from survey import (FORM, LONG, THANKS, batch_of, post_bytes, running, status_of, wait_until)

SEED = 20270201
IDLE = 20
QUIET = 0.5
FULL = {"channel": "web", "q1": "1", "q2": "2", "q3": "1", "q4": "3", "q5": "4", "q6": "5"}
BODY = b"channel=web&q1=1&q2=2&q3=1&q4=3&q5=4&q6=5"
DECLINED = "<h1>Tack för att du sa till".encode()


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    with running(tmp_path_factory.mktemp("input")) as s:
        s.add_wave()
        yield s


@pytest.fixture(scope="module")
def people(survey):
    return survey.invite(3)


@pytest.fixture
def one(people):
    return people[0]


@pytest.fixture(scope="module", autouse=True)
def slow(survey, people):
    """Clients that have begun to say something and then say nothing more; looked at again by the last test."""
    beginnings = {
        "nothing": b"", "half a line": b"GET /" + people[1].code[:5].encode(),
        "half the headers": f"POST {people[1].path} HTTP/1.1\r\nHost: x\r\nContent-Le".encode(),
        "half a body": post_bytes(people[1], BODY)[:-10],
        "half a chunk": f"POST {people[1].path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n29\r\nq1".encode(),
    }
    connections = {}
    for name, data in beginnings.items():
        connections[name] = s = socket.create_connection((survey.host, 8080))
        s.sendall(data)
    yield connections, time.monotonic()
    for s in connections.values():
        s.close()


@pytest.fixture
def changes():
    """For a test that is allowed to store something."""


@pytest.fixture(autouse=True)
def nothing_changes(survey, people, request):
    if "changes" in request.fixturenames:
        yield
        return
    before = survey.dump()
    yield
    assert survey.dump() == before
    with survey.public() as web:
        for person in people:
            reply = web.get(person.path)
            assert reply.status == 200 and FORM in reply.body


def head(one, *lines, method="POST"):
    return "".join(l + "\r\n" for l in [f"{method} {one.path} HTTP/1.1", "Host: x", "Connection: close", *lines, ""])


def with_length(one, body, *lines):
    return head(one, "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}",
                *lines).encode() + body


BODIES = {
    "unknown field": (b"q1=1&q7=1", 400), "unknown field alone": (b"namn=Anna", 400),
    "field of another letter": (b"Q1=1", 400), "no name": (b"=1&q1=1", 400),
    "value twice": (b"q1=1&q1=2", 400), "same value twice": (b"q1=1&q1=1", 400), "nonce twice": (b"nonce=a&nonce=a&q1=1", 400),
    "decline twice": (b"decline=no&decline=no", 400), "out of range": (b"q1=7", 422), "zero": (b"q1=0", 422),
    "negative": (b"q1=-1", 422), "huge": (b"q1=99999999999999999999", 422), "plus": (b"q1=+1", 422),
    "broken escape": (b"q1=%", 400), "broken escape 2": (b"q1=%3", 400), "broken escape 3": (b"q1=%zz", 400),
    "broken escape in a name": (b"q%1=1", 400), "escaped NUL": (b"q1=1%00", 400), "escaped NUL in a name": (b"q1%00=1", 400),
    "raw NUL": (b"q1=1\0", 400), "raw NUL first": (b"\0q1=1", 400), "only NUL": (b"\0" * 50, 400),
    "not UTF-8": (b"q1=1&nonce=%ff%fe", 400), "overlong UTF-8": (b"q1=%c0%b1", 400), "surrogate": (b"q1=%ed%a0%80", 400),
    "binary": (bytes(range(256)), 400), "sixty-five fields": (b"&".join(b"x%d=1" % n for n in range(65)), 400),
    "only ampersands": (b"&" * 4000, 422), "JSON": (b'{"q1": 1}', 400), "line breaks": (b"q1=1\r\nq2=2", 422),
    "page beyond the last": (b"q1=1&page=8", 400), "page far beyond": (b"q1=1&page=99", 400), "page of letters": (b"q1=1&page=x", 400),
    "negative page": (b"q1=1&page=-1", 400), "page of three digits": (b"q1=1&page=001", 400), "empty page": (b"q1=1&page=", 400),
    "page twice": (b"page=1&page=2", 400), "helped by nobody": (b"q1=1&helped=5", 400), "helped by letters": (b"q1=1&helped=x", 400),
    "helped by many": (b"q1=1&helped=12", 400), "lang twice": (b"q1=1&lang=sv&lang=sv", 400),
    "bad decline": (b"decline=maybe&q1=1", 400), "decline with NUL": (b"decline=no%00", 400),
    "long name": (b"q" * 4000 + b"=1", 400), "long value": (b"q1=" + b"1" * 4000, 422),
    "exactly 4 KiB": (b"q1=" + b"1" * 4093, 422), "a byte over 4 KiB": (b"q1=" + b"1" * 4094, 413),
    "valid but over 4 KiB": (BODY + b"&nonce=" + b"a" * 4096, 413), "100 KiB": (b"q1=" + b"1" * 100_000, 413),
    "two MiB": (b"q1=" + b"1" * (2 << 20), 413),
}


@pytest.mark.parametrize("name", BODIES)
def test_bad_body(survey, one, name):
    body, status = BODIES[name]
    answer = survey.raw(with_length(one, body))
    if len(body) > 1 << 20 and not answer:
        return  # closed while it was still being sent
    assert status_of(answer) == status, answer[:300]
    assert THANKS not in answer
    assert b"Set-Cookie" not in answer


@pytest.mark.parametrize("name", BODIES)
def test_bad_typed_code(survey, one, name):
    body, _ = BODIES[name]
    answer = survey.raw(with_length(one, body).replace(one.path.encode(), b"/", 1))
    assert status_of(answer) in (413, 422) or not answer


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", "", "x" * 2000])
def test_other_content_types_spend_nothing_unless_they_are_a_form(survey, people, kind):
    """The type says nothing: what counts is whether the body is a form's. A JSON or multipart body is not."""
    for body in [b'{"q1":"1"}', b'--x\r\nContent-Disposition: form-data; name="q1"\r\n\r\n1\r\n--x--\r\n']:
        data = head(people[0], f"Content-Type: {kind}", f"Content-Length: {len(body)}").encode() + body
        assert status_of(survey.raw(data)) == 400


LENGTHS = {
    "huge": ("Content-Length: 99999999999", (413,)), "over 64 bits": ("Content-Length: 99999999999999999999999", (400, 413)),
    "negative": ("Content-Length: -1", (400,)), "word": ("Content-Length: ten", (400,)), "empty": ("Content-Length:", (400,)),
    "hex": ("Content-Length: 0x10", (400,)), "twice": ("Content-Length: 41\r\nContent-Length: 41", (400,)),
    "two opinions": ("Content-Length: 41\r\nContent-Length: 3", (400,)),
    "both": ("Content-Length: 41\r\nTransfer-Encoding: chunked", (400,)),
    "other encoding": ("Transfer-Encoding: gzip", (400, 501)), "two encodings": ("Transfer-Encoding: gzip, chunked", (400, 501)),
    "plus": ("Content-Length: +41", (400,)),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_bad_length(survey, one, name):
    line, statuses = LENGTHS[name]
    answer = survey.raw(head(one, line).encode() + BODY, quiet=QUIET)
    # A bare close is as clear an answer as there is to what can't be parsed.
    assert status_of(answer) in statuses + (0,), answer[:300]
    assert THANKS not in answer


CHUNKED = {
    "unknown field": (b"9\r\nq1=1&q7=1\r\n0\r\n\r\n", (400,)), "over 4 KiB": (b"1388\r\n" + b"a" * 5000 + b"\r\n0\r\n\r\n", (413,)),
    "broken size": (b"zz\r\nq1=1\r\n0\r\n\r\n", (400, 0)), "size too long": (b"fffffffffffffffff\r\nq1=1\r\n0\r\n\r\n", (400, 413, 0)),
    "never ends": (b"4\r\nq1=1\r\n", (0, 400)), "lies": (b"2\r\nq1=1\r\n0\r\n\r\n", (400, 0)),
    "many small": (b"".join(b"1\r\na\r\n" for _ in range(5000)) + b"0\r\n\r\n", (413,)),
}


@pytest.mark.parametrize("name", CHUNKED)
def test_bad_chunks(survey, one, name):
    body, statuses = CHUNKED[name]
    answer = survey.raw(head(one, "Transfer-Encoding: chunked").encode() + body, quiet=QUIET)
    assert status_of(answer) in statuses, answer[:300]
    assert THANKS not in answer


def test_good_chunks_are_an_answer(survey, changes):
    person = survey.invite(1)[0]
    data = head(person, "Transfer-Encoding: chunked").encode() + b"4\r\nq1=1\r\n5\r\n&q2=2\r\n0\r\n\r\n"
    assert THANKS in survey.raw(data)


PATHS = ["/" + "A" * 15, "/" + "A" * 17, "/" + "A" * 300, "/" + "U" * 16, "/%", "/%0", "/%zz", "/%00", "/%2e%2e/etc/passwd",
         "/../../etc/passwd", "//", "/ett/tva", "/" + "a/" * 50, "/\xff\xfe", "/" + "%41" * 16, "/?%", "/?q1=1", "/resultat/",
         "/resultat/..", "/resultat/%27%20OR%201=1", "/resultat/" + "x" * 200, "*", "http://annan.example/", "/;", "/om/", "/v1/waves",
         "/healthz"]


@pytest.mark.parametrize("path", PATHS)
def test_odd_paths(survey, path):
    for method in ["GET", "POST"]:
        data = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
        answer = survey.raw(data)
        # "/?…" is the start page.
        expected = (200, 422) if path.startswith("/?") else (400, 404, 405, 410)
        if path == "http://annan.example/":
            expected += (200, 422)
        assert status_of(answer) in expected, (method, answer[:300])
        assert b"root:" not in answer


def test_code_with_extras_spends_nothing(survey, one):
    for path in [one.path + "%00", one.path + "/", one.path + "/x", one.path + ";x", "/" + one.path, one.path + "%2f"]:
        data = with_length(one, BODY).replace(one.path.encode(), path.encode(), 1)
        assert status_of(survey.raw(data)) in (400, 404, 405, 410), path


GARBAGE = {
    "random": random.Random(1).randbytes(5000), "zeros": b"\0" * 5000, "TLS hello": bytes.fromhex("1603010200010001fc0303") + b"x" * 500,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "only line ends": b"\r\n" * 2000, "no version": b"GET /\r\n\r\n",
    "old version": b"GET / HTTP/0.9\r\n\r\n", "odd version": b"GET / HTTP/9.9\r\n\r\n", "long method": b"G" * 20000 + b" / HTTP/1.1\r\n\r\n",
    "long path": b"GET /" + b"a" * 50000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "no host": b"GET / HTTP/1.1\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "NUL in a header": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
    "NUL in the path": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", "space before colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost x\r\n\r\n", "header without name": b"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: x\n\n", "long header": b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 100000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"H%d: v\r\n" % n for n in range(5000)) + b"\r\n",
    "many cookies": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"Cookie: a=b\r\n" * 200 + b"\r\n",
}


@pytest.mark.parametrize("port", [8080, 8081])
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage(survey, name, port):
    answer = survey.raw(GARBAGE[name], port, quiet=QUIET)
    assert status_of(answer) < 500 or status_of(answer) in (501, 505), answer[:300]
    assert b"Sanitizer" not in answer


@pytest.mark.parametrize("name", ["many headers", "long header", "long path"])
def test_header_flood_is_refused(survey, name):
    answer = survey.raw(GARBAGE[name], quiet=QUIET)
    assert status_of(answer) in (0, 400, 413, 414, 431)


def test_header_flood_on_a_valid_answer(survey, one):
    flood = [f"X-{n}: {'y' * 50}" for n in range(2000)]
    answer = survey.raw(with_length(one, BODY, *flood))
    assert status_of(answer) in (0, 400, 413, 431)


def test_many_connections_that_say_nothing(survey):
    with survey.public() as web:
        idle = [socket.create_connection((survey.host, 8080)) for _ in range(500)]
        try:
            began = time.monotonic()
            assert web.get("/om").status == 200
            with survey.public() as other:
                assert other.get("/om").status == 200
            assert time.monotonic() - began < 5
        finally:
            for s in idle:
                s.close()


def test_slow_clients_block_nobody(survey, slow):
    connections, _ = slow
    began = time.monotonic()
    with survey.public() as web:
        for _ in range(100):
            assert web.get("/om").status == 200
    assert time.monotonic() - began < 5
    assert len(connections) == 5 and all(s.fileno() >= 0 for s in connections.values())


def test_pipelined_requests_are_answered_in_order(survey, changes):
    first, second = survey.invite(2)
    data = (head(first, method="GET").replace("Connection: close\r\n", "").encode()
            + post_bytes(first, BODY, close=False) + post_bytes(first, BODY, close=False)
            + head(first, method="GET").replace("Connection: close\r\n", "").encode()
            + post_bytes(second, b"q1=9", close=False) + post_bytes(second, BODY))
    answer = survey.raw(data)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"200", b"200", b"410", b"410", b"422", b"200"]
    assert answer.count(THANKS) == 2


def test_client_that_leaves_at_once_loses_nothing(survey, changes):
    """Whether or not the thank-you could be delivered: the ballot and the spent code go together."""
    crowd = survey.invite(60)
    before = survey.box()
    for person in crowd:
        with socket.create_connection((survey.host, 8080)) as s:
            s.sendall(post_bytes(person, BODY))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with survey.public() as web:
        wait_until(lambda: web.get("/om").status == 200)
        codes = [web.post(p.path, FULL).status for p in crowd]
    assert set(codes) <= {200, 410}
    box = survey.box()
    assert all(box.gone(p) for p in crowd)
    assert box.spent == len(box.sealed) == before.spent + 60


# The internal listener.


def test_internal_bodies(survey):
    key = (survey.keys / "internal.key").read_bytes().hex()
    path = "/v1/waves/2027-1/batches/farsta-fel"

    def put(body, *lines, length=None):
        data = [f"PUT {path} HTTP/1.1", "Host: x", "Connection: close", "Authorization: Bearer " + key,
                f"Content-Length: {len(body) if length is None else length}", *lines, "", ""]
        return status_of(survey.raw("\r\n".join(data).encode() + body, 8081, quiet=QUIET))

    assert put(b"x" * 100) == 400
    assert put(b"\0" * 100) == 400
    assert put(b'{"administration":"farsta\\u0000"}') == 400
    assert put(b"[" * 1_000_000) == 400
    assert put(b'{"a":' * 10_000) == 400
    assert put(b'"' + b"\xff" * 100 + b'"') == 400
    assert put(b" " * (4 << 20) + b"x") in (413, 0)
    assert put(b"", length=1 << 40) in (413, 0)


# Mutations.


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(8)
        if what == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif what == 1 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif what == 2:
            del data[at:at + rng.choice([1, 2, 10, 100])]
        elif what == 3:
            data[at:at] = rng.randbytes(rng.choice([1, 2, 10, 100]))
        elif what == 4:
            data[at:at] = rng.choice([b"\r\n", b"\0", b"%", b"%00", b"&", b"=", b": ", b"q1=1&", b"\r\n\r\n", b"%f0", b"9" * 30,
                                      b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"HTTP/1.1", b"page=1&"])
        elif what == 5:
            end = min(len(data), at + rng.choice([1, 5, 40]))
            data[at:at] = data[at:end]
        elif what == 6:
            data = data[:at]
        elif at < len(data):
            data[at:at + 1] = rng.choice([b"%", b"\0", b"\xff", b"\n", b"/", b" "])
    return bytes(data)


def public_seed(n, person):
    return [head(person, method="GET").encode(), with_length(person, BODY), with_length(person, b"decline=no"),
            with_length(person, b"q1=7&" + BODY), with_length(person, b"page=3&lang=ar&variant=bildstod&helped=3&" + BODY),
            head(person, "Transfer-Encoding: chunked").encode() + b"4\r\nq1=1\r\n0\r\n\r\n",
            with_length(person, BODY).replace(person.path.encode(), b"/")][n % 7]


def test_mutated_requests(survey, changes):
    """Every answer that was thanked for is one ballot, and nothing else is; the daemon goes on."""
    rng = random.Random(SEED)
    crowd = survey.invite(400)
    before = survey.box()
    thanked = declined = 0
    with survey.public() as web:
        for _ in range(1000 if LONG else 30):
            some = crowd[-100:]
            answers = survey.raw_many([mutate(rng, public_seed(n, person)) for n, person in enumerate(some)])
            for person, answer in zip(some, answers):
                assert not re.search(rb"HTTP/1\.1 50[^15]", answer), answer[:300]
                thanked += answer.count(THANKS)
                declined += answer.count(DECLINED)
                if THANKS in answer or DECLINED in answer:
                    crowd.remove(person)
            assert web.get("/om").status == 200
            if len(crowd) < 200:
                crowd += survey.invite(400)
    box = survey.box()
    assert thanked > 50 and declined > 10
    spent, refused = box.spent - before.spent, box.declined - before.declined
    assert len(box.sealed) - len(before.sealed) == spent
    # A reply may have been lost on its way, a stored answer not.
    assert thanked <= spent <= thanked + 20 and declined <= refused <= declined + 20
    assert survey.process.poll() is None


def test_mutated_internal_requests(survey, changes):
    rng = random.Random(SEED + 1)
    key = (survey.keys / "internal.key").read_bytes().hex()

    def request(method, path, body):
        return (f"{method} /v1/waves/2027-1/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def internal_seed(n, people):
        return [request("PUT", f"batches/farsta-m{n}", json.dumps(batch_of(people))), request("POST", "open", '{"batch":"farsta-1"}'),
                request("POST", "revocations", json.dumps({"ids": [people[0].id.hex()]})), request("GET", "declined", ""),
                request("PUT", "dispositions/farsta-1", '{"strata":[{"stratum":0,"dispositions":{"22":1}}]}'),
                request("DELETE", f"batches/farsta-m{n - 5}", "")][n % 6]

    def mutate_body(data):
        """Most changes in the head only lead to 400."""
        start, _, text = data.partition(b"\r\n\r\n")
        text = mutate(rng, text or b" ")
        return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(text), start) + b"\r\n\r\n" + text

    with survey.api() as api:
        for n in range(0, 20_000 if LONG else 1200, 60):
            seeds = [internal_seed(n + i, survey.make(2)) for i in range(60)]
            requests = [mutate_body(seed) if i % 2 else mutate(rng, seed) for i, seed in enumerate(seeds)]
            for data, answer in zip(requests, survey.raw_many(requests, 8081)):
                assert not re.search(rb"HTTP/1\.1 50[^15]", answer), (data, answer[:300])
            assert api.get("/healthz").status == 200
    box = survey.box()
    assert box.spent == len(box.sealed)


def test_slow_clients_are_closed_after_the_idle_time(slow):
    connections, began = slow
    for name, s in connections.items():
        s.settimeout(max(1, IDLE + 15 - (time.monotonic() - began)))
        try:
            while part := s.recv(65536):
                assert THANKS not in part, name
        except ConnectionError:
            pass
        except TimeoutError:
            pytest.fail(f"{name}: still open after {IDLE + 15} seconds")
