"""The command `import`."""
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_survey import FakeSurvey, wave
from gateway import LONG, Gateway, environment, left_out_lines, person_csv, phone
from survey import running

CITY = Path(__file__).resolve().parents[1] / "data" / "city"
HEADER = "person_id;telefon;namn;språk;verksamhetsområde;ålder;beslut_från;beslut_till;skyddad;sms_tillåtet\n"


@pytest.fixture(name="survey")
def survey_fixture():
    fake = FakeSurvey()
    yield fake
    fake.close()
    assert not fake.faults


@pytest.fixture(name="gateway")
def gateway_fixture(tmp_path, survey):
    g = Gateway(tmp_path, survey)
    yield g
    g.close()


def row(person="T-1", number="070-1740605", area="ekonomiskt-bistand", age="", start="", end="", secret="nej",
        sms="ja"):
    return f"{person};{number};Påhittad Testsson;sv;{area};{age};{start};{end};{secret};{sms}\n"


def test_a_city(gateway, survey):
    expected = json.loads((CITY / "expected.json").read_text())
    codes = reason_words()
    for name, wanted in expected.items():
        done = gateway.run("import", "--wave", "2027-1", "--administration", name, CITY / f"{name}.csv")
        assert done.returncode == 0, done.stderr
        lines = left_out_lines(done.stdout)
        assert lines == {int(line): codes[code] for line, code in wanted["left_out"].items()}
        batch = survey.batch(f"{name}-1")
        assert len(batch["invitations"]) == wanted["usable"]
        assert {s["area"]: s["drawn"] for s in batch["strata"]} == wanted["areas"]
        assert batch["left_out"]["protected"] == 1 and batch["left_out"]["phone-shared"] == 2
        assert "duplicate" not in batch["left_out"]


def reason_words():
    source = Path(__file__).resolve().parents[2] / "sms-gateway" / "reason.c"
    return dict(re.findall(r'= \{ "([a-z-]+)",\s*"([^"]+)" \}', source.read_text()))


def test_the_same_file_again_changes_nothing(gateway, survey):
    first = gateway.bring_in(person_csv(30))
    before = gateway.query("SELECT * FROM contact")
    again = gateway.bring_in(person_csv(30))
    assert (first.returncode, again.returncode) == (0, 0)
    assert gateway.query("SELECT * FROM contact") == before
    assert "30 finns redan" in again.stdout and "0 tas med" in again.stdout
    assert [p[2] for p in survey.puts] == [201]


def test_more_rows_become_a_second_batch_with_the_same_strata(gateway, survey):
    gateway.bring_in(person_csv(3, area="socialpsykiatri"))
    gateway.bring_in(person_csv(5, area="aldreomsorg", start=2))
    gateway.bring_in(person_csv(9, area="socialpsykiatri"))
    assert survey.batch("farsta-1")["strata"][0]["stratum"] == 0
    assert survey.batch("farsta-2")["strata"][0]["stratum"] == 1
    assert survey.batch("farsta-3")["strata"] == [
        {"stratum": 0, "area": "socialpsykiatri", "plan": "sms", "frame": 2, "drawn": 2}]
    assert len(set(survey.ids())) == 9


def test_dry_run_keeps_nothing(gateway, survey):
    before = sorted(p for p in gateway.folder.rglob("*") if p.name != "fil.csv")
    done = gateway.bring_in(person_csv(5) + "bara,en,kolumn\n", "--dry-run")
    assert done.returncode == 0 and "5 tas med" in done.stdout
    assert left_out_lines(done.stdout) == {7: "raden har fler eller färre kolumner än rubrikraden"}
    assert sorted(p for p in gateway.folder.rglob("*") if p.name != "fil.csv") == before
    assert not survey.puts
    gateway.bring_in(person_csv(3))
    done = gateway.bring_in(person_csv(5), "--dry-run")
    assert "2 tas med" in done.stdout and "3 finns redan" in done.stdout
    assert gateway.query("SELECT count(*) FROM contact") == [(3,)]


@pytest.mark.parametrize("encode", [
    lambda t: t.encode(), lambda t: b"\xef\xbb\xbf" + t.encode(), lambda t: t.encode("cp1252"),
    lambda t: t.replace("\n", "\r\n").encode(), lambda t: t.replace("\n", "\r").encode(),
    lambda t: t.replace(";", ",").encode(), lambda t: t.replace(";", "\t").encode("cp1252"),
    lambda t: ("sep=;\n" + t).encode(), lambda t: t.upper().encode(),
    lambda t: t.replace("å", "a").replace("ä", "a").replace("ö", "o").encode(),
    lambda t: t.replace("verksamhetsområde", "Verksamhetsområde").encode(),
    lambda t: (t + ";;;;;;;;;\n\n\n").encode(),
])
def test_encodings_and_delimiters(gateway, encode):
    done = gateway.bring_in(encode(HEADER + row() + row("T-2", "0701740606", "Våld i nära relation")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 tas med" in done.stdout


@pytest.mark.parametrize("content,words", [
    (b"", "filen är tom"), (b"\x00\x01\x02", "inte en textfil"), (b"a;b\n1;\x00\n", "inte en textfil"),
    (b"PK\x03\x04xxxx", "Excel"), ("a;b\n".encode("utf-16"), "UTF-16"), (b"namn;alder\n1;2\n", "person_id"),
    (HEADER.encode(), "no row"), (b"\n\n", "rubrikrad"), (b"telefon;telefon\n1;2\n", "två gånger"),
    (b"a\x81;b\n", "varken"), ((HEADER + row(number="")).encode(), "no row"),
])
def test_files_that_cannot_be_used(gateway, survey, content, words):
    done = gateway.bring_in(content)
    assert done.returncode == 1
    assert words in done.stdout + done.stderr
    assert "sms-gateway: " in done.stderr
    assert not survey.puts


def test_broken_rows_never_stop_the_others(gateway):
    data = (HEADER + row("T-1", "0701740605")
            + 'T-2;"0701740606;x\n'                       # the quote is never closed
            + row("T-3", "0701740607") + "T-4;\n"
            + '"T-5";0701740609;"Rad ett\nrad ""två""";sv;aldreomsorg;;;;nej;ja\n'
            + 'T"6;0701740610;x;sv;aldreomsorg;;;;nej;ja\n'
            + row("T-7", "0701740611"))
    done = gateway.bring_in(data)
    words = reason_words()
    assert left_out_lines(done.stdout) == {3: words["quotes"], 5: words["columns"], 8: words["quotes"]}
    assert "4 tas med" in done.stdout


def test_rules(gateway, survey):
    words = reason_words()
    wanted = {
        row("T-2", "08-465 004 04"): "phone-landline", row("T-3", "+358401234567"): "phone-foreign",
        row("T-4", "0900123456"): "phone-premium", row("T-5", "abc"): "phone-invalid",
        row("T-6", "0701740606", area="x"): "area-unknown", row("T-7", "0701740607", area=""): "area-missing",
        row("", "0701740608"): "person-missing", row("T-9", "0701740609", secret="ja"): "protected",
        row("T-10", "0701740610", secret="kanske"): "value-protected",
        row("T-11", "0701740611", sms="nej"): "sms-no",
        row("T-12", "0701740612", area="vald-nara-relation", sms=""): "sms-not-safe",
        row("T-13", "0701740613", age="12"): "child", row("T-14", "0701740614", age="17", sms=""): "young",
        row("T-15", "0701740615", start="2026-01-31", end="2026-02-15"): "short",
        row("T-16", "0701740616", start="2026-02-31"): "value-date",
        row("T-17", "0701740617", age="tolv"): "value-age", row("T" * 64, "0701740618"): "person-long",
    }
    taken = row("T-20", "0701740630", age="17") + row("T-21", "0701740631", start="2026-03-01", end="2026-03-31")
    done = gateway.bring_in(HEADER + "".join(wanted) + taken)
    assert left_out_lines(done.stdout) == {n: words[c] for n, c in enumerate(wanted.values(), start=2)}
    assert survey.batch("farsta-1")["left_out"] == {code: 1 for code in wanted.values()}


def test_one_person_several_rows(gateway, survey):
    data = (HEADER + row("18960605-9880", "0701740605", "socialpsykiatri")
            + row("189606059880", "0701740605", "aldreomsorg")
            + row("18960605-9880", "070 174 06 05", "aldreomsorg")
            + row("T-2", "0701740606", "aldreomsorg") + row("T-2", "0701740606", "socialpsykiatri", secret="ja")
            + row("T-3", "0701740607") + row("T-4", "0701740607") + row("T-5", "0701740608", secret="ja")
            + row("T-6", "0701740608") + row("T-7", "0701740609"))
    done = gateway.bring_in(data)
    words = reason_words()
    lines = left_out_lines(done.stdout)
    assert len(lines) == 10 - 2
    assert lines[4] == words["duplicate"]
    assert [lines.get(2), lines.get(3)].count(words["other-area"]) == 1
    assert lines[5] == lines[6] == lines[9] == words["protected"]
    assert lines[7] == lines[8] == lines[10] == words["phone-shared"]
    assert len(survey.ids()) == 2


def test_the_area_of_a_person_with_several_is_drawn(gateway, survey):
    rows = HEADER
    for n in range(60):
        rows += row(f"T-{n}", phone(n), "socialpsykiatri") + row(f"T-{n}", phone(n), "aldreomsorg")
    gateway.bring_in(rows)
    drawn = sorted(s["drawn"] for s in survey.batch("farsta-1")["strata"])
    assert sum(drawn) == 60 and drawn[0] > 10


EXEMPT = (HEADER + row("T-1", phone(1), "Barn och unga") + row("T-2", phone(2))
          + row("T-3", phone(3), "barn-unga") + row("T-3", phone(3), "aldreomsorg")
          + row("T-4", phone(4), "aldreomsorg") + row("T-4", phone(4), "barn-unga")
          + row("T-5", "", "barn-unga", sms="") + row("T-6", phone(6), "barn-unga", sms="nej")
          + row("T-7", phone(7), "barn-unga") + row("T-7", phone(7), "barn-unga"))
EXEMPT_LINES = {2: "exempt", 4: "exempt", 7: "exempt", 8: "exempt", 9: "sms-no", 10: "exempt", 11: "exempt"}
EXEMPT_LEFT_OUT = {"exempt": 3, "sms-no": 1}


@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_an_exempt_area(gateway, survey, dry):
    """Nobody is asked there; a person who has another area too is asked about that one."""
    survey.waves = [wave(exempt=["barn-unga"])]
    done = gateway.bring_in(EXEMPT, *dry)
    assert done.returncode == 0, done.stderr
    words = reason_words()
    assert left_out_lines(done.stdout) == {line: words[code] for line, code in EXEMPT_LINES.items()}
    assert "3 tas med" in done.stdout and re.search(rf"^ +6  {words['exempt']}$", done.stdout, re.MULTILINE)
    if dry:
        assert not survey.puts
        return
    batch = survey.batch("farsta-1")
    assert {s["area"]: s["drawn"] for s in batch["strata"]} == {"ekonomiskt-bistand": 1, "aldreomsorg": 2}
    assert batch["left_out"] == EXEMPT_LEFT_OUT


def test_nobody_but_in_an_exempt_area(gateway, survey):
    survey.waves = [wave(exempt=["barn-unga"])]
    done = gateway.bring_in(person_csv(3, area="barn-unga"))
    assert done.returncode == 1 and "no row" in done.stderr
    assert not survey.puts


def test_an_exempt_area_of_the_real_survey_server(tmp_path):
    """As above, up to the quality declaration."""
    with running(tmp_path / "survey") as server:
        settings = tmp_path / "wave.conf"
        settings.write_text("[area barn-unga]\nexempt = yes\n")
        server.add_wave(settings=settings)
        keys = tmp_path / "gateway" / "keys"
        keys.mkdir(parents=True)
        for name in ("internal.key", "invitation.key"):
            shutil.copy(server.keys / name, keys)
        gateway = Gateway(keys.parent, SimpleNamespace(url=f"http://{server.host}:8081"))
        done = gateway.bring_in(EXEMPT)
        assert done.returncode == 0, done.stderr
        words = reason_words()
        assert left_out_lines(done.stdout) == {line: words[code] for line, code in EXEMPT_LINES.items()}
        assert gateway.query("SELECT state FROM batch") == [(1,)]
        server.must("wave", "close", "--id", "2027-1")
        server.must("count", "--wave", "2027-1")
        quality = json.loads(server.report())["quality"]
        assert quality["invited"] == 3 and quality["left_out"] == EXEMPT_LEFT_OUT


def test_a_later_file_can_stop_a_person(gateway):
    gateway.bring_in(person_csv(5))
    header = "person_id;telefon;verksamhetsområde;skyddad;sms_tillåtet\n"
    done = gateway.bring_in(header + f"T-000000;{phone(0)};aldreomsorg;ja;ja\n"
                            + f"T-000001;{phone(1)};aldreomsorg;nej;nej\n"
                            + f"T-9;{phone(2)};aldreomsorg;nej;ja\n")
    assert "3 personer från en tidigare import" in done.stdout
    assert gateway.query("SELECT contact FROM contact WHERE hold = 1") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("phase,code", [("planned", 0), ("open", 0), ("closed", 1), ("counted", 1)])
def test_phases(gateway, survey, phase, code):
    survey.waves = [wave(phase=phase)]
    done = gateway.bring_in(person_csv(2))
    assert done.returncode == code
    assert bool(gateway.query("SELECT 1 FROM contact")) == (code == 0)


def test_what_does_not_exist(gateway):
    assert "no wave" in gateway.bring_in(person_csv(1), wave="2030-1").stderr
    assert "förvaltning" in gateway.bring_in(person_csv(1), administration="kista").stderr
    assert "not the name of a wave" in gateway.bring_in(person_csv(1), wave="refusal").stderr
    assert gateway.bring_in(person_csv(1), administration="../farsta").returncode == 1
    assert gateway.run("import", "--wave", "2027-1", "--administration", "farsta", "/finns/inte").returncode == 1
    assert not list(gateway.state.glob("*.db"))


def test_survey_server_out_of_reach(gateway, survey):
    survey.close()
    done = gateway.bring_in(person_csv(1))
    assert done.returncode == 1 and "does not answer" in done.stderr and "nothing was stored" in done.stderr
    assert not list(gateway.state.glob("*.db"))


def test_the_audit_log_says_it_first(gateway, survey):
    assert gateway.bring_in(person_csv(2), "--dry-run").returncode == 0
    assert gateway.bring_in(person_csv(2), wave="2030-1").returncode == 1
    assert not gateway.audit()
    assert gateway.bring_in(person_csv(2)).returncode == 0
    assert gateway.audit() == [("changed", "import farsta wave 2027-1")]
    log = gateway.state / "staff" / "audit.log"
    log.unlink()
    log.mkdir()
    done = gateway.bring_in(person_csv(4))
    assert done.returncode == 1 and "audit.log" in done.stderr and "nothing was stored" in done.stderr
    assert gateway.query("SELECT count(*) FROM contact") == [(2,)] and len(survey.ids()) == 2


def test_registration_is_made_up_for(gateway, survey):
    survey.mode = "503"
    done = gateway.bring_in(person_csv(4))
    assert done.returncode == 1 and "stored" in done.stderr and "påhittat fel" in done.stderr
    survey.mode = "drop"
    assert gateway.bring_in(person_csv(4)).returncode == 1
    survey.mode = None
    assert gateway.bring_in(person_csv(4)).returncode == 0
    assert [p[2] for p in survey.puts] == [503, 201, 200]
    assert gateway.query("SELECT state FROM batch") == [(1,)]


def test_a_refused_batch_is_shown_and_not_tried_again_by_itself(gateway, survey):
    survey.mode = "409"
    done = gateway.bring_in(person_csv(4))
    assert done.returncode == 1 and "refuses" in done.stderr
    assert gateway.query("SELECT state FROM batch") == [(2,)]
    gateway.start()
    coordinator = gateway.staff_as("coordinator", administration="farsta")
    assert "tar inte emot alla" in coordinator.get("/messages").text
    assert "Enkäten tar inte emot alla från Farsta i 2027-1. Läs in filen igen och se varför." \
        in coordinator.get("/").text
    assert "Farsta" not in gateway.staff_as("coordinator", administration="bromma").get("/").text
    gateway.stop()
    assert len(survey.puts) == 1
    survey.mode = None
    assert gateway.bring_in(person_csv(4)).returncode == 0


def test_many_rows(gateway, survey):
    rows = ["person_id,telefon,namn,verksamhetsområde"]
    rows += [f"N{n},07{'02369'[n // 4000]}{n:07d},Påhittad {n},Socialpsykiatri" for n in range(20000)]
    began = time.monotonic()
    done = gateway.bring_in("\n".join(rows))
    took = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    assert "20000 tas med" in done.stdout
    assert len(set(survey.ids())) == 20000
    assert sorted(survey.batches) == [("2027-1", "farsta-1"), ("2027-1", "farsta-2")]
    print(f"20 000 rows in {took:.1f} s")
    assert took < 30


def test_two_imports_at_once(gateway, survey):
    path = gateway.file(person_csv(200))
    command = gateway.command("import", "--wave", "2027-1", "--administration", "farsta", path)
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment()) for _ in range(3)]
    assert [p.wait() for p in both] == [0, 0, 0]
    assert len(survey.ids()) == len(set(survey.ids())) == 200


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "sendto"])
def test_killed_at_every_point(tmp_path, survey, call):
    """Whatever the moment, after the next import everyone has one code and one registered invitation."""
    killed = 0
    for at in range(1, 1000, 2 if call == "pwrite64" and not LONG else 1):
        folder = tmp_path / f"{call}-{at}"
        folder.mkdir()
        survey.batches.clear()
        gateway = Gateway(folder, survey)
        before = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                  "-e", f"inject={call}:signal=SIGKILL:when={at}"]
        done = gateway.bring_in(person_csv(20), before=before)
        again = gateway.bring_in(person_csv(20))
        assert again.returncode == 0, again.stderr
        assert len(survey.ids()) == len(set(survey.ids())) == 20
        assert gateway.query("SELECT state, count(*) FROM batch GROUP BY state") == [(1, 1)]
        assert gateway.query("SELECT count(*), count(DISTINCT person_hash) FROM contact") == [(20, 20)]
        if done.returncode == 0:
            break
        killed += 1
    assert done.returncode == 0 and killed >= 2
    print(f"{killed} kills at {call}")


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_a_full_disk_or_a_broken_one(tmp_path, survey, call):
    """Whichever write fails, nothing is stored by halves, and it works again when there is room."""
    for at in range(1, 1000, 7 if call == "pwrite64" and not LONG else 1):
        folder = tmp_path / f"{call}-{at}"
        folder.mkdir()
        survey.batches.clear()
        gateway = Gateway(folder, survey)
        before = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                  "-e", f"inject={call}:error=ENOSPC:when={at}+"]
        done = gateway.bring_in(person_csv(20), before=before)
        made = gateway.query("SELECT 1 FROM sqlite_master WHERE name = 'contact'")
        assert not made or gateway.query("SELECT count(*) FROM contact") in ([(0,)], [(20,)])
        again = gateway.bring_in(person_csv(20))
        assert again.returncode == 0 and len(set(survey.ids())) == len(survey.ids()) == 20
        if done.returncode == 0:
            return
        assert "sms-gateway: " in done.stderr
    raise AssertionError("the import never got through")
