"""A database that an earlier version left, with a wave that is open, is taken over: nobody's link dies of it."""
import json
import sqlite3

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import survey
from survey import THANKS, running


def old_definition():
    """As version 1 wrote it: one questionnaire, no layout, no areas' own rules."""
    folder = survey.ROOT / "questionnaires"
    variables = []
    for code, name in [("administration", "Förvaltning"), ("area", "Verksamhetsområde")]:
        lines = (folder / "values" / f"{code}.ini").read_text().split("[values]")[1].strip().splitlines()
        values = [dict(zip(("code", "name"), line.split(" = "))) for line in lines]
        variables.append({"code": code, "name": name, "values": values})
    return json.dumps({"questionnaire": json.loads((folder / "skr-brukarfragor.sv.json").read_text()),
                       "variables": variables}, ensure_ascii=False)


def version_1(server):
    """Puts an old database, with a wave under custody = server, in the place of the new one."""
    for file in server.state.glob("survey.db*"):
        file.unlink()
    key = X25519PrivateKey.generate()
    file = server.keys / "wave-2027-1.key"
    file.write_bytes(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    file.chmod(0o600)
    db = sqlite3.connect(server.state / "survey.db")
    db.executescript((survey.ROOT / "survey-server/schema/001.sql").read_text())
    db.execute("INSERT INTO wave (name, title, opens, closes, custody, state, public_key, definition, invited)"
               " VALUES ('2027-1', 'Äldre omgång', 20200101, 20991231, 2, 1, ?, ?, 0)",
               (key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), old_definition()))
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    (server.state / "survey.db").chmod(0o600)


def test_a_wave_of_version_1_goes_on(tmp_path):
    with running(tmp_path, serve=False) as server:
        version_1(server)
        server.serve()
        people = server.invite(12)
        with server.public() as web:
            for n, person in enumerate(people):
                page = web.get(person.path)
                assert page.status == 200
                # Its form was one page, and stays so.
                assert page.body.count(b"<fieldset>") == 7
                assert THANKS in web.post(person.path, {f"q{q}": str(1 + (n + q) % 4) for q in range(1, 7)}).body
        server.must("wave", "close", "--id", "2027-1")
        server.must("count", "--wave", "2027-1")
        assert json.loads(server.report())["quality"]["answered"] == 12
        with sqlite3.connect(server.state / "survey.db") as db:
            assert db.execute("PRAGMA user_version").fetchone() == (2,)
            assert [row[1] for row in db.execute("PRAGMA table_info(wave)") if row[1] == "definition"] == []
