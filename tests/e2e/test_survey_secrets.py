"""What survey-server must never know, and what nobody may read in what it leaves behind."""
import itertools
import os
import re
import subprocess
import time

import pytest

from survey import BUILD, Load, answers_number, environment, faults, running

GATEWAY = BUILD / "sms-gateway" / "sms-gateway"
PERSONS = 60


def persons():
    """Invented: numbers that nobody has, personnummer of month 13."""
    for n in range(PERSONS):
        yield {"person_id": f"19701399{n:04d}", "telefon": f"0701740{605 + n}", "namn": f"Påhittad Övningsson-Qvx{n:02d}",
               "språk": "sv", "verksamhetsområde": "Ekonomiskt bistånd", "skyddad": "nej", "sms_tillåtet": "ja"}


# What every spelling of an invented person contains.
STEMS = [b"701399", b"701740", b"70-1740", "Påhittad".encode(), b"vningsson-Qvx"]


# Long runs of hexadecimal digits are ids and sealed bytes, in which six digits in a row stand by chance.
SPELLED = re.compile(rb"(?<![0-9a-f]{12})(?:701399\d{4}|70-?1740\d{3})(?![0-9a-f]{12})|"
                     + "Påhittad".encode() + rb"|vningsson-Qvx")


class Needles:
    """Finds which of many byte strings are there."""

    def __init__(self, wanted):
        self.wanted = set(wanted)

    def found(self, data):
        return {w for w in self.wanted if w in data}

    def in_files(self, *folders):
        return {(str(f), n) for folder in folders for f in folder.rglob("*") if f.is_file() for n in self.found(f.read_bytes())}


class Persons(Needles):
    """Finds the invented persons, however they are spelled."""

    def __init__(self):
        super().__init__(STEMS)

    def found(self, data):
        return set(SPELLED.findall(data)) if super().found(data) else set()


def memory(pid):
    """Everything that the process can write to, piece by piece. The sanitizer's shadow, terabytes of it, holds no
    data and is left out."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            place, rights = line.split()[:2]
            start, end = (int(x, 16) for x in place.split("-"))
            if "rw" not in rights or end - start > 1 << 30:
                continue
            for at in range(start, end, 1 << 24):
                try:
                    mem.seek(at)
                    yield mem.read(min(1 << 24, end - at))
                except OSError:
                    break


def in_memory(pid, needles):
    found = set()
    for piece in memory(pid):
        found |= needles.found(piece)
    return found


@pytest.fixture
def gateway(tmp_path):
    """Both daemons' halves on loopback: an import file in the one, its invitations in the other."""
    if not GATEWAY.exists():
        pytest.skip("sms-gateway is not built")
    with running(tmp_path / "survey") as survey:
        survey.add_wave()
        folder = tmp_path / "gateway"
        folder.mkdir()
        config = folder / "sms-gateway.conf"
        config.write_text(f"""[server]
staff = {survey.host}:8090
webhooks = {survey.host}:8091
base_url = http://{survey.host}:8091
[survey]
api = http://{survey.host}:8081
link = http://{survey.host}:8080
[storage]
state = {folder}/state
[keys]
directory = {folder}/keys
invitation = {survey.keys}/invitation.key
internal = {survey.keys}/internal.key
[provider]
kind = outbox
sender = Staden
quiet = 00:00-00:00
""")

        def run(*arguments):
            return subprocess.run([str(GATEWAY), "-c", str(config), *map(str, arguments)], capture_output=True, text=True,
                                  env=environment(), timeout=120)

        assert run("init").returncode == 0
        yield survey, folder, run


def test_survey_server_never_knows_who(gateway, tmp_path):
    survey, folder, run = gateway
    file = tmp_path / "personer.csv"
    rows = list(persons())
    file.write_text("\n".join([";".join(rows[0])] + [";".join(r.values()) for r in rows]) + "\n")
    needles = Persons()
    assert len(needles.found(file.read_bytes())) >= 4, "the search finds nothing"
    survey.batches = itertools.count(1000)  # names that sms-gateway does not use
    others = survey.invite(2000)
    with Load(survey, [(p, answers_number(n)) for n, p in enumerate(others)], threads=2) as load:
        done = run("import", "--wave", "2027-1", "--administration", "farsta", file)
        assert done.returncode == 0, done.stderr
        done = run("send", "--wave", "2027-1")
        assert done.returncode == 0, done.stderr
        seen = in_memory(survey.process.pid, needles)
    assert load.acknowledged and not load.unknown
    box = survey.box()
    assert len(box.serials) == 2000 + PERSONS, "nobody was registered"
    assert seen == set()
    assert in_memory(survey.process.pid, needles) == set()
    assert needles.in_files(survey.state, survey.keys) == set()
    assert needles.found(survey.log.read_bytes()) == set()
    # The same search in the same memory finds what must be there.
    key = (survey.keys / "internal.key").read_bytes().hex().encode()
    assert in_memory(survey.process.pid, Needles([key])) == {key}
    # And sms-gateway keeps who it was sealed, too.
    assert needles.in_files(folder / "state") == set()


def test_no_core_and_no_look_from_outside(tmp_path):
    with running(tmp_path / "s") as survey:
        limits = open(f"/proc/{survey.process.pid}/limits").read()
        assert re.search(r"Max core file size\s+0\s+0\s", limits)
        # Not dumpable: its files in /proc belong to root whoever runs it.
        assert os.stat(f"/proc/{survey.process.pid}/mem").st_uid == 0


@pytest.mark.parametrize("how", ["working", "failing"])
def test_log_and_database_hold_no_code_address_or_answer(tmp_path, how):
    with running(tmp_path / "s") as survey:
        survey.add_wave()
        people = survey.invite(400)
        nonce = "5a" * 16
        marker = "Kakmonster-7731"
        with survey.public() as web:
            for n, person in enumerate(people):
                headers = {"User-Agent": marker, "Referer": f"http://{marker}/", "X-Forwarded-For": "198.51.100.77"}
                web.request("GET", person.path, headers=headers)
                fields = [dict(answers_number(n), nonce=nonce), {"decline": "no"}, {"q1": "9"}, {"q1": marker},
                          {"namn": marker}, answers_number(n)][n % 6]
                web.post(person.path, fields)
                web.post("/", {"code": person.code})
            web.get("/" + people[0].code + marker)
            if how == "failing":
                # Whatever it has to say about a disk that fails, it says without naming anybody.
                with faults(survey, "pwrite64:error=EIO:when=1+"):
                    for person in people[390:]:
                        web.post(person.path, answers_number(1))
        codes = [p.code for p in people]
        spoken = [c.encode() for code in codes for c in (code, code.lower(), code[:8], code[8:])]
        raw = [p.bytes for p in people]
        needles = Needles(spoken + raw + [marker.encode(), nonce.encode(), bytes.fromhex(nonce), b"198.51.100.77"])
        assert needles.in_files(survey.state) == set()
        log = survey.log.read_text()
        assert needles.found(log.encode()) == set()
        assert not any(p.id.hex() in log or p.id in survey.log.read_bytes() for p in people)
        assert not re.search(r"q[1-6]\s*=|\b127\.0\.0\.1\b", log)
        if how == "failing":
            assert "ballot box" in log
        else:
            assert log.count("\n") == 1, log


def test_backgrounds_and_answers_are_sealed(tmp_path):
    """The same answers give ballots of one length that have nothing in common."""
    with running(tmp_path / "s") as survey:
        survey.add_wave()
        people = survey.invite(60)
        with survey.public() as web:
            for n, person in enumerate(people):
                assert web.post(person.path, answers_number(7) if n % 2 else {"q1": "1"}).status == 200
        sealed = survey.box().sealed
        assert {len(s) for s in sealed} == {96}
        for at in range(0, 96, 8):
            assert len({s[at:at + 8] for s in sealed}) == len(sealed)
        assert len({p.sealed for p in people}) == len(people)


def test_no_order_of_answering_is_kept(tmp_path):
    """Ballots lie in random order, and no file or row holds a time of day."""
    with running(tmp_path / "s") as survey:
        survey.add_wave()
        people = survey.invite(120)
        with survey.public() as web:
            for n, person in enumerate(people):
                assert web.post(person.path, answers_number(n)).status == 200
        db = survey.copy()
        keys = [k for k, in db.execute("SELECT key FROM ballot")]
        assert keys == sorted(keys) and len(set(keys)) == 120
        for table_name in ["ballot", "invitation", "bitmap", "decline"]:
            columns = {r[1] for r in db.execute(f"PRAGMA table_info({table_name})")}
            assert columns <= {"wave", "key", "sealed", "id", "serial", "kind", "chunk", "bits", "reason"}
        now = int(time.time())
        for table_name in ["ballot", "invitation", "bitmap"]:
            for row in db.execute(f"SELECT * FROM {table_name}"):
                for value in row:
                    assert not isinstance(value, int) or abs(value - now) > 10 ** 6
        db.close()
