"""The real survey-server on loopback, for the black-box tests."""
import atexit
import base64
import collections
import configparser
import contextlib
import functools
import gzip
import hashlib
import hmac
import http.client
import itertools
import json
import os
import random
import re
import selectors
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.parse
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", ROOT / "build"))
PROGRAM = BUILD / "survey-server" / "survey-server"
LONG = bool(os.environ.get("LONG"))
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# The first values of questionnaires/values, in their order.
ADMINISTRATIONS = ["bromma", "farsta", "hagersten-alvsjo", "sodermalm"]
AREAS = ["ekonomiskt-bistand", "missbruk-beroende", "socialpsykiatri", "funktionsnedsattning", "barn-unga"]

# Per question how many of its options are graded; the one after them is "vet inte".
GRADED = {"q1": 5, "q2": 5, "q3": 4, "q4": 5, "q5": 5, "q6": 4}
QUESTIONS = list(GRADED)

# The editions that ship, (language, variant), as their files are named.
EDITIONS = sorted(tuple((f.name.split(".")[1:-1] + [""])[:2])
                  for f in (ROOT / "questionnaires").glob("skr-brukarfragor.*.json"))
LANGUAGES = sorted({language for language, _ in EDITIONS})
RIGHT_TO_LEFT = {"ar", "fa"}

THANKS = "<h1>Tack för dina svar!".encode()
GONE = "<h1>Länken går inte att använda".encode()
FORM = b"<main data-page="
LATER = "<h1>Vi kan inte spara dina svar just nu".encode()

_marks = []
_started = []


@atexit.register
def _end_all():
    """Whatever a failed test left running."""
    for process in _started:
        if process.poll() is None:
            process.kill()
            process.wait()


def own_address():
    """A loopback address that no other test uses, so that ports never collide: whoever has bound one of its ports,
    which nothing else is for, has it."""
    while True:
        address = f"127.{random.randrange(64, 254)}.{random.randrange(250)}.{random.randrange(1, 250)}"
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind((address, 64999))
        except OSError:
            mark.close()
            continue
        _marks.append(mark)
        return address


def wait_until(what, seconds=30):
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.01)


def day(offset):
    """A wave's days are those of Stockholm."""
    return (datetime.now(ZoneInfo("Europe/Stockholm")).date() + timedelta(days=offset)).isoformat()


def environment(traced=False):
    """The leak checker needs ptrace, which a traced or unprivileged process does not have for itself."""
    options = os.environ.get("ASAN_OPTIONS", "abort_on_error=1:detect_stack_use_after_return=1")
    if traced or os.geteuid() != 0:
        options += ":detect_leaks=0"
    undefined = os.environ.get("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    return dict(os.environ, ASAN_OPTIONS=options, UBSAN_OPTIONS=undefined)


def expand(prk, info, length=16):
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:length]


class Invitation:
    """What sms-gateway makes for a person, by the words of design.md and common/invitation.h."""

    def __init__(self, key, wave, area=0, administration=1, stratum=0, plan=1, code=None, more=()):
        """more: the places of the values of further variables."""
        self.bytes = code or os.urandom(10)
        number = int.from_bytes(self.bytes, "big")
        self.code = "".join(ALPHABET[number >> (5 * i) & 31] for i in reversed(range(16)))
        self.area = area
        prk = hmac.new(key, self.bytes, hashlib.sha256).digest()
        self.id = expand(prk, b"brukarenkat id")
        background = bytes([1, plan]) + stratum.to_bytes(2, "big")
        for value in [administration, area, *more] + [0xffff] * (11 - len(more)):
            background += value.to_bytes(2, "big")
        background = background.ljust(32, b"\0")
        self.sealed = AESGCM(expand(prk, b"brukarenkat seal")).encrypt(
            bytes(12), background, wave.encode() + self.id)
        self.path = "/" + self.code

    @property
    def hex(self):
        return (self.id + self.sealed).hex()


def batch_of(invitations, administration="farsta", left_out=None):
    """The body of a PUT, with the strata that fit the invitations."""
    areas = sorted({i.area for i in invitations})
    counts = [sum(i.area == a for i in invitations) for a in areas]
    return {
        "administration": administration,
        "strata": [{"stratum": a, "area": AREAS[a], "plan": "sms", "frame": n, "drawn": n}
                   for a, n in zip(areas, counts)],
        "left_out": left_out or {},
        "invitations": sorted(i.hex for i in invitations),
    }


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name):
        return self.headers.get(name)

    def json(self):
        return json.loads(self.body)


class Client:
    """One connection that is kept, as a browser's; made anew when the server closed it."""

    def __init__(self, host, port, headers=None, timeout=60):
        self.host, self.port, self.headers, self.timeout = host, port, headers or {}, timeout
        self.connection = None

    def request(self, method, path, body=None, headers=None):
        fresh = self.connection is None
        if fresh:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            self.connection.request(method, path, body, dict(self.headers, **(headers or {})))
            answer = self.connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            self.close()
            # Only what can't have been taken is sent again.
            if fresh or method not in ("GET", "HEAD"):
                raise
            return self.request(method, path, body, headers)
        if answer.will_close:
            self.close()
        return reply

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, fields):
        body = fields if isinstance(fields, (str, bytes)) else urllib.parse.urlencode(fields)
        return self.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answers_number(number):
    """Answers that differ for every number below 6,480 and are well mixed; question 3 wherever it has its base."""
    mixed = number * 4801 % 6480
    fields = {}
    for q in ["q1", "q2", "q4", "q5", "q6"]:
        many = GRADED[q] + 1
        fields[q] = str(1 + mixed % many)
        mixed //= many
    if fields["q1"] in "12" or fields["q2"] in "12":
        fields["q3"] = str(1 + number * 7 % 5)
    return fields


def coded(fields):
    """The answers as a ballot stores them."""
    codes = [int(fields.get(q) or 0) for q in QUESTIONS]
    if codes[0] not in (1, 2) and codes[1] not in (1, 2):
        codes[2] = 0
    return tuple(codes)


def tally(all_codes):
    """Per question what a report shows of that many answers."""
    result = {}
    for n, q in enumerate(QUESTIONS):
        based = [c for c in all_codes if q != "q3" or c[0] in (1, 2) or c[1] in (1, 2)]
        options = [sum(c[n] == o for c in based) for o in range(1, GRADED[q] + 1)]
        result[q] = {"graded": sum(options), "options": options,
                     "dont_know": sum(c[n] == GRADED[q] + 1 for c in based),
                     "missing": sum(c[n] == 0 for c in based)}
    return result


def shown(row):
    return {q: {k: row["questions"][q][k] for k in ("graded", "options", "dont_know", "missing")}
            for q in QUESTIONS}


def table(report, *by):
    return next(t for t in report["tables"] if t["by"] == list(by))["rows"]


def labeled(suite, label, data):
    return b"HPKE-v1" + suite + label + data


def hpke_open(private, sealed, info, aad):
    """RFC 9180, base mode, single shot, the suite of design.md: written from the RFC, not from the program."""
    def extract(salt, text):
        return hmac.new(salt, text, hashlib.sha256).digest()

    def expand_labeled(suite, prk, label, data, length):
        return expand(prk, length.to_bytes(2, "big") + labeled(suite, label, data), length)

    kem, hpke = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x01"
    enc, text = sealed[:32], sealed[32:]
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    prk = extract(b"", labeled(kem, b"eae_prk", private.exchange(X25519PublicKey.from_public_bytes(enc))))
    shared = expand_labeled(kem, prk, b"shared_secret", enc + public, 32)
    context = (b"\0" + extract(b"", labeled(hpke, b"psk_id_hash", b""))
               + extract(b"", labeled(hpke, b"info_hash", info)))
    secret = extract(shared, labeled(hpke, b"secret", b""))
    key = expand_labeled(hpke, secret, b"key", context, 16)
    nonce = expand_labeled(hpke, secret, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, text, aad)


class Survey:
    def __init__(self, folder, state=None, program=PROGRAM, questionnaires=ROOT / "questionnaires", more=""):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.state = Path(state or self.folder / "state")
        self.keys = self.folder / "keys"
        self.program = program
        self.questionnaires = questionnaires
        self.host = own_address()
        self.process = None
        self.log = self.folder / "survey-server.log"
        self.config = self.folder / "survey-server.conf"
        self.batches = itertools.count(1)
        self.write_config(more)

    def write_config(self, more=""):
        self.config.write_text(f"""[server]
public = {self.host}:8080
internal = {self.host}:8081
staff = {self.host}:8082
base_url = http://{self.host}:8080
[storage]
state = {self.state}
store = sqlite
[keys]
directory = {self.keys}
invitation = {self.keys}/invitation.key
internal = {self.keys}/internal.key
[questionnaires]
directory = {self.questionnaires}
{more}""")

    # Commands.

    def command(self, *arguments, prefix=(), stdin="", timeout=120):
        return subprocess.run(
            [*prefix, str(self.program), "-c", str(self.config), *map(str, arguments)], input=stdin, text=True,
            capture_output=True, timeout=timeout, env=environment(bool(prefix)))

    def must(self, *arguments, **how):
        done = self.command(*arguments, **how)
        assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def refused(self, *arguments, status=1, **how):
        done = self.command(*arguments, **how)
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        assert done.stderr.startswith("survey-server: "), done.stderr
        return done.stderr

    def adding(self, wave="2027-1", opens=-1, closes=30, custody="server", settings=None, **more):
        """The words that add a wave. settings: an INI file, its text, or its sections with their keys."""
        if isinstance(settings, dict):
            settings = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
                               for name, keys in settings.items())
        if isinstance(settings, str):
            text, settings = settings, self.folder / f"{wave}.ini"
            settings.write_text(text)
        if settings is not None:
            more["settings"] = settings
        return ["wave", "add", "--id", wave, "--title", "Brukarenkät på prov", "--questionnaire", "skr-brukarfragor",
                "--opens", day(opens), "--closes", day(closes), "--custody", custody,
                *[f"--{k}={v}" for k, v in more.items()]]

    def add_wave(self, wave="2027-1", **how):
        return self.must(*self.adding(wave, **how))

    def report(self, wave="2027-1"):
        return self.must("report", "--wave", wave, "--format", "json")

    # The daemon.

    def start(self, prefix=()):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, str(self.program), "-c", str(self.config), "serve"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=environment(bool(prefix)))
        _started.append(self.process)

    def ready(self):
        """Whether it answers; raises when it has ended instead."""
        if self.process.poll() is not None:
            raise RuntimeError(f"serve ended with {self.process.returncode}: {self.log.read_text()[-4000:]}")
        try:
            with self.api(timeout=10) as api:
                return api.get("/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def serve(self, prefix=()):
        self.start(prefix)
        wait_until(self.ready, 60)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it in order; what it exits with is not lost."""
        if not self.process:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process = None
        return code

    def public(self, **how):
        return Client(self.host, 8080, **how)

    def api(self, key=None, **how):
        if key is None:
            key = (self.keys / "internal.key").read_bytes().hex()
        return Client(self.host, 8081, {"Authorization": "Bearer " + key}, **how)

    def raw(self, data, port=8080, timeout=30, quiet=None):
        """Sends the bytes and returns everything until the server closes, or says nothing more for `quiet` seconds:
        of half a request it expects the rest."""
        with socket.create_connection((self.host, port), timeout) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            s.settimeout(quiet or timeout)
            try:
                return read_all(s)
            except TimeoutError:
                if not quiet:
                    raise
                return b""

    def raw_many(self, requests, port=8080, quiet=0.3):
        """The same, side by side: the answers, in order."""
        answers = [b""] * len(requests)
        with selectors.DefaultSelector() as waiting:
            for n, data in enumerate(requests):
                s = socket.create_connection((self.host, port), 30)
                with contextlib.suppress(OSError):
                    s.sendall(data)
                s.setblocking(False)
                waiting.register(s, selectors.EVENT_READ, n)
            while waiting.get_map() and (ready := waiting.select(quiet)):
                for key, _ in ready:
                    try:
                        part = key.fileobj.recv(65536)
                    except ConnectionError:
                        part = b""
                    answers[key.data] += part
                    if not part:
                        waiting.unregister(key.fileobj)
                        key.fileobj.close()
            for key in list(waiting.get_map().values()):
                key.fileobj.close()
        return answers

    def lengths(self, invitation, forms):
        """Posts each step of the form, many in a row on one connection. How often which length of head and body came,
        by page; as gzip."""
        found = {}
        for at in range(0, len(forms), 50):
            some = forms[at:at + 50]
            data = self.raw(b"".join(post_bytes(invitation, f, "x\r\nAccept-Encoding: gzip", f is some[-1]) for f in some))
            for _ in some:
                head, _, data = data.partition(b"\r\n\r\n")
                assert status_of(head) == 200 and b"\r\nContent-Encoding: gzip" in head
                size = int(re.search(rb"Content-Length: (\d+)", head)[1])
                page = int(re.search(rb'<main data-page="(\d+)">', gzip.decompress(data[:size]))[1])
                found.setdefault(page, collections.Counter())[len(head.replace(b"\r\nConnection: close", b"")), size] += 1
                data = data[size:]
            assert not data
        return {page: dict(counts) for page, counts in found.items()}

    # Invitations.

    @property
    def invitation_key(self):
        return (self.keys / "invitation.key").read_bytes()

    def make(self, count, wave="2027-1", areas=1):
        key = self.invitation_key
        return [Invitation(key, wave, area=n % areas, stratum=n % areas) for n in range(count)]

    def put(self, invitations, wave="2027-1", name=None, **more):
        name = name or f"farsta-{next(self.batches)}"
        with self.api() as api:
            return api.request("PUT", f"/v1/waves/{wave}/batches/{name}",
                               json.dumps(batch_of(invitations, **more)))

    def withdraw(self, name, wave="2027-1"):
        with self.api() as api:
            return api.request("DELETE", f"/v1/waves/{wave}/batches/{name}")

    def wave(self, name="2027-1"):
        """What sms-gateway is told of the wave."""
        with self.api() as api:
            return next(w for w in api.get("/v1/waves").json()["waves"] if w["wave"] == name)

    def invite(self, count, wave="2027-1", areas=1):
        invitations = self.make(count, wave, areas)
        for at in range(0, count, 5000):
            reply = self.put(invitations[at:at + 5000], wave)
            assert reply.status == 201, reply.body
        return invitations

    def ask_open(self, batch, wave="2027-1"):
        with self.api() as api:
            reply = api.request("POST", f"/v1/waves/{wave}/open", json.dumps({"batch": batch}))
        assert reply.status == 200, reply.body
        return {bytes.fromhex(i) for i in reply.json()["open"]}

    # What lies on disk.

    def copy(self):
        """A connection to a copy of the database, log included."""
        folder = self.folder / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for end in ("", "-wal"):
            source = Path(f"{self.state}/survey.db{end}")
            if source.exists():
                shutil.copy(source, folder)
        return sqlite3.connect(folder / "survey.db")

    def dump(self):
        """Every table's rows, sorted."""
        db = self.copy()
        names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = {n: sorted(map(repr, db.execute(f"SELECT * FROM {n}"))) for n in names}
        db.close()
        return rows

    def clone(self, folder):
        """Another server that begins with this one's state and keys."""
        fresh = Survey(folder, program=self.program)
        shutil.copytree(self.state, fresh.state)
        shutil.copytree(self.keys, fresh.keys)
        fresh.batches = itertools.count(1000)
        return fresh

    def box(self, wave="2027-1"):
        return Box(self, wave)

    def wave_key(self, wave="2027-1"):
        return (self.keys / f"wave-{wave}.key").read_bytes()


@contextlib.contextmanager
def running(folder, serve=True, **how):
    """A survey-server that is set up; at the end it must stop in order, with nothing to complain of."""
    survey = Survey(folder, **how)
    survey.must("init")
    try:
        if serve:
            survey.serve()
        yield survey
        assert survey.stop() == 0, survey.log.read_text()[-4000:]
    finally:
        if survey.process and survey.process.poll() is None:
            survey.kill()
    if survey.log.exists():
        text = survey.log.read_text()
        assert "Sanitizer" not in text and "runtime error" not in text, text[-4000:]


class Box:
    """What the database holds of one wave: invitations by id, which are gone or revoked, and the ballots' answers
    as the wave's private key opens them."""

    def __init__(self, survey, wave):
        db = survey.copy()
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        number, = db.execute("SELECT number FROM wave WHERE name = ?", (wave,)).fetchone()
        self.serials = dict(db.execute("SELECT id, serial FROM invitation WHERE wave = ?", (number,)))
        self.bits = {1: {}, 2: {}}
        for kind, chunk, bits in db.execute("SELECT kind, chunk, bits FROM bitmap WHERE wave = ?", (number,)):
            self.bits[kind][chunk] = bits
        self.sealed = [s for s, in db.execute("SELECT sealed FROM ballot WHERE wave = ?", (number,))]
        self.declined = db.execute("SELECT count(*) FROM decline WHERE wave = ?", (number,)).fetchone()[0]
        self.wave = wave
        self.survey = survey
        db.close()

    def _set(self, kind, serial):
        bits = self.bits[kind][serial // 4096]
        return bits[serial % 4096 // 8] >> (serial % 8) & 1 == 1

    def gone(self, invitation):
        return self._set(1, self.serials[invitation.id])

    def revoked(self, invitation):
        return self._set(2, self.serials[invitation.id])

    def count(self, kind):
        return sum(bin(byte).count("1") for bits in self.bits[kind].values() for byte in bits)

    @property
    def spent(self):
        return self.count(1) - self.count(2)

    def plain(self):
        """Every ballot's bytes, as ballot.h lays them out."""
        private = X25519PrivateKey.from_private_bytes(self.survey.wave_key(self.wave))
        return [hpke_open(private, s, b"brukarenkat ballot", self.wave.encode()) for s in self.sealed]

    def answers(self):
        """Sorted (area, codes) of every ballot."""
        return sorted((int.from_bytes(p[6:8], "big"), tuple(p[34:40])) for p in self.plain())

    def ballots(self):
        """Sorted (area, codes, codes of the city's own questions, who helped) of every ballot."""
        result = []
        for plain in self.plain():
            assert len(plain) == 48 and plain[46:] == b"\0\0"
            result.append((int.from_bytes(plain[6:8], "big"), tuple(plain[34:40]), tuple(plain[40:45]), plain[45]))
        return sorted(result)


def read_all(s):
    parts = []
    try:
        while part := s.recv(65536):
            parts.append(part)
    except TimeoutError:
        if not parts:
            raise
    except ConnectionError:
        pass
    return b"".join(parts)


def status_of(data):
    """The status of the first reply in what came, 0 when the connection was closed without one."""
    match = re.match(rb"HTTP/1\.[01] (\d{3}) ", data)
    return int(match[1]) if match else 0


def post_bytes(invitation, fields, host="localhost", close=True):
    body = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields).encode()
    return (f"POST {invitation.path} HTTP/1.1\r\nHost: {host}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n{'Connection: close' + chr(13) + chr(10) if close else ''}\r\n"
            ).encode() + body


# A browser without JavaScript.


def questionnaire(language="sv", variant="", name="skr-brukarfragor", folder=ROOT / "questionnaires"):
    """An edition's file."""
    return json.loads((folder / f"{name}.{language}{'.' * bool(variant)}{variant}.json").read_text())


def ini(file):
    """The file's sections, each a dict."""
    parser = configparser.RawConfigParser(delimiters="=", inline_comment_prefixes=None)
    parser.optionxform = str
    parser.read_string(Path(file).read_text())
    return {name: dict(parser[name]) for name in parser.sections()}


def value_set(code, folder=ROOT / "questionnaires"):
    """The codes and names that a wave can keep of that variable."""
    return ini(folder / "values" / f"{code}.ini")["values"]


@functools.lru_cache(None)
def words(language="sv", variant=""):
    """What the pages of that edition say besides the questions; a variant leans on its language's."""
    said = {}
    for name in [language, f"{language}.{variant}"]:
        file = ROOT / "questionnaires" / "texts" / f"{name}.ini"
        for section in ini(file).values() if file.exists() else []:
            said.update(section)
    return said


class Node:
    """An element; order holds those of its page, as they begin."""

    def __init__(self, tag, attributes, parent, order):
        self.tag, self.attributes, self.parent, self.order = tag, dict(attributes), parent, order
        self.children = []
        order.append(self)
        self.begin = self.end = len(order)

    def get(self, name, otherwise=None):
        return self.attributes.get(name, otherwise)

    def all(self, *tags, **attributes):
        """The elements within of any of those tags (none: of all) with those attributes, in order."""
        return [n for n in self.order[self.begin:self.end] if (not tags or n.tag in tags)
                and all(n.attributes.get(k) == v for k, v in attributes.items())]

    def one(self, *tags, **attributes):
        found = self.all(*tags, **attributes)
        assert len(found) == 1, (tags, attributes, len(found))
        return found[0]

    def texts(self):
        """Every run of text within, with the element that it stands in."""
        for child in self.children:
            if isinstance(child, Node):
                yield from child.texts()
            else:
                yield child, self

    @property
    def text(self):
        return " ".join("".join(text for text, _ in self.texts()).split())

    def within(self, attribute):
        """The attribute's value that holds here: the nearest."""
        return self.get(attribute) if attribute in self.attributes or not self.parent else self.parent.within(attribute)


class Page(Node, HTMLParser):
    """What a reply's HTML says. Every element must be closed where it was opened."""
    EMPTY = {"meta", "link", "input", "wbr", "br"}

    def __init__(self, html):
        Node.__init__(self, "", {}, None, [])
        HTMLParser.__init__(self)
        self.inside = self
        self.feed(html)
        self.close()
        assert self.inside is self, self.inside.tag
        self.end = len(self.order)

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), (tag, attributes)
        node = Node(tag, attributes, self.inside, self.order)
        self.inside.children.append(node)
        if tag not in self.EMPTY:
            self.inside = node

    def handle_endtag(self, tag):
        assert tag == self.inside.tag, (tag, self.inside.tag)
        self.inside.end = len(self.order)
        self.inside = self.inside.parent

    def handle_data(self, text):
        self.inside.children.append(text)

    @property
    def number(self):
        """The form's page, None for a page that is no form."""
        number = self.one("main").get("data-page")
        return None if number is None else int(number)

    @property
    def heading(self):
        return self.one("h1").text

    @property
    def title(self):
        return self.one("title").text

    @property
    def step(self):
        return self.one("span", **{"class": "step"}).text

    @property
    def language(self):
        return self.one("html").get("lang")

    @property
    def variant(self):
        """The form's, however it is carried."""
        chosen = {value for form in self.all("form") for name, value in fields_of(form) if name == "variant"}
        assert len(chosen) == 1, chosen
        return chosen.pop()

    def radios(self, name):
        """[(value, text)] of the choice."""
        return [(r.get("value"), r.parent.text) for r in self.all("input", type="radio", name=name)]

    def chosen(self, name):
        """The value of the choice that is made on the page itself, None when none is."""
        made = [r.get("value") for r in self.all("input", type="radio", name=name) if "checked" in r.attributes]
        assert len(made) <= 1
        return made[0] if made else None

    def options(self, name):
        """[(value, text)] of the list."""
        return [(o.get("value"), o.text) for o in self.one("select", name=name).all("option")]

    @property
    def alert(self):
        """What is told at once; None when nothing is."""
        shown = [n.text for n in self.all(role="alert") if "hidden" not in n.attributes]
        assert len(shown) <= 1
        return shown[0] if shown else None

    def button(self, text, fields=()):
        """The first that submits, with that text, in a form with those fields; None when there is none."""
        for button in self.all("button", type="submit"):
            if button.text == text and {f.get("name") for f in form_of(button).all("input", "select")} >= set(fields):
                return button
        return None


def form_of(node):
    while node.tag != "form":
        node = node.parent
    return node


def fields_of(form, choices=None):
    """What a browser would send of the form, with the choices made in it first."""
    choices, made, sent = dict(choices or {}), set(), []
    for field in form.all("input", "select"):
        name = field.get("name")
        if field.tag == "select":
            values = [o.get("value") for o in field.all("option")]
            marked = [o.get("value") for o in field.all("option") if "selected" in o.attributes] or values
            assert choices.get(name, values[0]) in values, (name, choices, values)
            sent.append((name, choices.get(name, marked[0])))
            made.add(name)
        elif field.get("type") == "radio":
            if field.get("value") == choices[name] if name in choices else "checked" in field.attributes:
                sent.append((name, field.get("value")))
                made.add(name)
        else:
            assert field.get("type") in ("hidden", "text"), field.attributes
            text = field.get("type") == "text" and name in choices
            sent.append((name, choices[name] if text else field.get("value", "")))
            if text:
                made.add(name)
    assert made >= set(choices), (choices, made)
    return sent


class Browser:
    """Walks the respondents' pages. What is promised of every page is looked at on every page."""

    def __init__(self, survey, language=None, packed=True):
        self.client = survey.public()
        self.headers = {"Accept-Encoding": "gzip"} if packed else {}
        if language:
            self.headers["Accept-Language"] = language
        config = survey.config.read_text() + "\n"
        self.city = re.search(r"^name = (.*)", config + "name = Staden\n", re.M)[1]
        self.leave = re.search(r"^leave = (.*)", config + "leave = https://www.1177.se\n", re.M)[1]
        self.url = self.page = self.reply = None

    def open(self, path, method="GET", fields=None):
        self.url = path
        headers = dict(self.headers)
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            fields = urllib.parse.urlencode(fields)
        self.reply = self.client.request(method, path, fields, headers)
        self.size = len(self.reply.body)
        self.length = self.size + sum(len(k) + len(v) + 4 for k, v in self.reply.headers.items()) + len(
            "HTTP/1.1 200 OK\r\n\r\n")
        packed = self.reply.header("Content-Encoding") == "gzip"
        assert packed == ("Accept-Encoding" in self.headers)
        html = gzip.decompress(self.reply.body) if packed else self.reply.body
        self.page = Page(html.decode())
        self.look(html.decode())
        if packed and method == "POST" and self.page.number is not None:
            assert self.size % 128 == 0
        return self.page

    def post(self, fields):
        return self.open(self.url, "POST", fields)

    def press(self, text, **choices):
        """Presses the button with that text, after choosing."""
        button = self.page.button(text, choices)
        assert button, (text, [b.text for b in self.page.all("button")])
        form = form_of(button)
        fields = fields_of(form, choices)
        if button.get("name"):
            fields.append((button.get("name"), button.get("value")))
        assert len({name for name, _ in fields}) == len(fields), fields
        path = form.get("action", self.url)
        if form.get("method") == "post":
            return self.open(path, "POST", fields)
        return self.open(path.partition("?")[0] + "?" + urllib.parse.urlencode(fields))

    def look(self, html):
        page, header = self.page, self.reply.header
        assert header("Content-Type") == "text/html; charset=utf-8"
        assert header("Set-Cookie") is None and header("Cache-Control") == "no-store"
        assert header("Referrer-Policy") == "no-referrer" and "noindex" in header("X-Robots-Tag")
        policy = {d.split()[0]: d.split()[1:] for d in header("Content-Security-Policy").split(";")}
        assert policy["default-src"] == ["'none'"] and "unsafe" not in str(policy)
        # Another script than the one that the policy names would not run, and nobody would notice.
        for script in page.all("script"):
            code = "".join(text for text, _ in script.texts())
            assert script.attributes == {} and len(code.encode()) <= 2048
            digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
            assert policy["script-src"] == [f"'sha256-{digest}'"]
        assert bool(page.all("script")) == (page.number == 0)
        assert not re.search(r"<[^>]*\son\w+\s*=|javascript:", html, re.I)
        # Nothing is fetched but the style sheet.
        fetched = [n for n in page.all() if n.get("src") or (n.get("href") and n.tag != "a") or n.tag in (
            "style", "iframe", "object", "embed", "video", "audio", "picture", "image", "use")]
        assert [n.tag for n in fetched] == ["link", "link"] and fetched[0].get("href") == "data:,"
        assert re.fullmatch(r"/form\.css\?v=[0-9a-f]{8}", fetched[1].get("href"))
        assert not re.search(r"@import|url\(|\bstyle=", html)
        assert [m.attributes for m in page.all("meta")] == [
            {"charset": "utf-8"}, {"name": "viewport", "content": "width=device-width, initial-scale=1"}]
        outside = set(re.findall(r"(?:https?:)?//[\w.-]+[^\"'\s<]*", re.sub(r"<script>.*?</script>", "", html, flags=re.S)))
        assert outside <= {self.leave, "https://www.imy.se", "https://www.digg.se/tdosanmalan"}
        assert page.one("a", **{"class": "leave"}).get("href") == self.leave
        # What a screen reader needs to pronounce it and a browser to set it.
        language = page.language
        assert page.one("html").get("dir") == ("rtl" if language in RIGHT_TO_LEFT else "ltr")
        for text, place in page.texts():
            if self.city in text and place.tag != "title":
                assert place.within("lang") == "sv" and place.within("dir") == "ltr", (language, place.tag, text)
        assert page.heading and page.title
        for picture in page.all("svg"):
            assert picture.get("aria-hidden") == "true"

    def close(self):
        self.client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Load:
    """Threads that post answers until they are told to stop or the server is gone."""

    def __init__(self, survey, work, threads=4):
        """work: a list of (invitation, fields), taken from its end."""
        self.survey = survey
        self.work = work
        self.acknowledged = []
        self.unknown = []  # sent, no whole reply
        self.refused = []  # (status, invitation, fields)
        self.halt = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]

    def run(self):
        client = self.survey.public(timeout=30)
        while not self.halt.is_set():
            try:
                invitation, fields = self.work.pop()
            except IndexError:
                break
            try:
                reply = client.post(invitation.path, fields)
            except ConnectionRefusedError:
                self.refused.append((0, invitation, fields))
                break
            except (OSError, http.client.HTTPException):
                self.unknown.append((invitation, fields))
                break
            if reply.status == 200 and THANKS in reply.body:
                self.acknowledged.append((invitation, fields))
            else:
                self.refused.append((reply.status, invitation, fields))
        client.close()

    def start(self):
        for t in self.threads:
            t.start()
        return self

    def join(self):
        for t in self.threads:
            t.join(60)
            assert not t.is_alive()
        return self

    def stop(self):
        self.halt.set()
        return self.join()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def strace(*injections):
    """A prefix that runs a program with faults, such as "pwrite64:error=ENOSPC:when=3"; each thread counts its own
    calls. The program stays the direct child."""
    calls = ",".join(sorted({i.split(":")[0] for i in injections}))
    faults = [word for i in injections for word in ("-e", "inject=" + i)]
    return ["strace", "-f", "-qq", "-D", "-o", "/dev/null", "-e", f"trace={calls}", *faults]


@contextlib.contextmanager
def faults(survey, *injections):
    """Puts faults into the serving daemon; the counts begin here."""
    prefix = [word for word in strace(*injections) if word not in ("-qq", "-D")]
    tracer = subprocess.Popen([*prefix, "-p", str(survey.process.pid)], stderr=subprocess.PIPE, text=True)
    said = tracer.stderr.readline()
    assert "attached" in said, said
    try:
        yield
    finally:
        # It ends by itself with the daemon.
        if tracer.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                tracer.wait(0.2 if survey.process.poll() is None else 10)
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
        tracer.wait(30)
        tracer.stderr.close()
