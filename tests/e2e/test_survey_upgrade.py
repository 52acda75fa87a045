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
        values = [{"code": c, "name": n} for c, n in survey.value_set(code).items()]
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
               " VALUES ('2027-1', 'Äldre omgång', 20200101, 20991231, 2, 1, ?, ?, 3)",
               (key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), old_definition()))
    old = [survey.Invitation(server.invitation_key, "2027-1") for _ in range(3)]
    old.sort(key=lambda i: i.id)
    db.execute("INSERT INTO batch VALUES (1, 'farsta-gammal', 1, 0, 3, ?, ?)", (bytes(32), b"".join(i.id for i in old)))
    db.execute("INSERT INTO stratum VALUES (1, 'farsta-gammal', 0, 0, 1, 3, 3)")
    db.executemany("INSERT INTO invitation VALUES (1, ?, ?, ?)", [(i.id, n, i.sealed) for n, i in enumerate(old)])
    db.executemany("INSERT INTO bitmap VALUES (1, ?, 0, ?)", [(1, bytes(512)), (2, bytes(512))])
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    (server.state / "survey.db").chmod(0o600)


def test_a_wave_of_version_1_goes_on(tmp_path):
    with running(tmp_path, serve=False) as server:
        version_1(server)
        server.serve()
        # A batch that the old version registered can be withdrawn too, and no other takes its serials.
        assert server.withdraw("farsta-gammal").json() == {"withdrawn": 3}
        people = server.invite(12)
        assert sorted(server.box().serials.values()) == list(range(3, 15))
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
            assert db.execute("PRAGMA user_version").fetchone() == (3,)
            assert [row[1] for row in db.execute("PRAGMA table_info(wave)") if row[1] == "definition"] == []
