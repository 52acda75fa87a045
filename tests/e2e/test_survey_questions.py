"""The command line: questionnaires, configuration, what is said and what it exits with."""
import copy
import json
import subprocess

import pytest

from survey import PROGRAM, ROOT, Survey, day, environment, running, strace

QUESTIONNAIRE = json.loads((ROOT / "questionnaires" / "skr-brukarfragor.sv.json").read_text())


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    with running(tmp_path_factory.mktemp("questions"), serve=False) as s:
        yield s


def run(*arguments):
    return subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, env=environment(), timeout=60)


def test_help():
    done = run("--help")
    assert done.returncode == 0 and done.stderr == ""
    for command in ["init", "serve", "wave", "count", "report", "publish", "check-questionnaire"]:
        assert command in done.stdout


@pytest.mark.parametrize("arguments", [[], ["nonsens"], ["--nonsens"], ["-c"], ["init"], ["-c", "CONFIG"], ["-c", "CONFIG", "nonsens"],
                                       ["-c", "CONFIG", "wave"], ["-c", "CONFIG", "wave", "nonsens"], ["-c", "CONFIG", "count"],
                                       ["-c", "CONFIG", "count", "--wave"], ["-c", "CONFIG", "count", "--wave", "x", "--nonsens"],
                                       ["-c", "CONFIG", "count", "--wave", "x", "y"], ["-c", "CONFIG", "init", "x"],
                                       ["-c", "CONFIG", "check-questionnaire"], ["-c", "CONFIG", "report", "--wave", "x"],
                                       ["-c", "CONFIG", "wave", "open"], ["-c", "CONFIG", "wave", "list", "--x"]])
def test_usage_is_2(survey, arguments):
    done = run(*[survey.config if a == "CONFIG" else a for a in arguments])
    assert done.returncode == 2, done
    assert done.stdout == "" and done.stderr


WAVE = {"id": "prov", "title": "Prov", "questionnaire": "skr-brukarfragor", "opens": "2027-02-01", "closes": "2027-03-15",
        "custody": "server"}


@pytest.mark.parametrize("change", [{"id": ""}, {"id": "å"}, {"id": "a/b"}, {"id": "../x"}, {"id": "-a"}, {"id": "a" * 33}, {"title": ""},
                                    {"title": "x" * 2000}, {"opens": "2027-02-30"}, {"opens": "1 februari"}, {"closes": "2027-01-01"},
                                    {"closes": "2027-3-1"}, {"custody": "pocket"}, {"id": None}, {"opens": None}])
def test_wave_that_is_no_wave_is_2(survey, change):
    options = {k: v for k, v in dict(WAVE, **change).items() if v is not None}
    said = survey.refused("wave", "add", *[f"--{k}={v}" for k, v in options.items()], status=2)
    assert "wave add: " in said
    assert survey.must("wave", "list") == ""


@pytest.mark.parametrize("change", [{"questionnaire": "finns-inte"}, {"questionnaire": "../skr"}])
def test_wave_that_can_not_be_made_is_1(survey, change):
    survey.refused("wave", "add", *[f"--{k}={v}" for k, v in dict(WAVE, **change).items()])
    assert survey.must("wave", "list") == ""
    assert sorted(f.name for f in survey.keys.iterdir()) == ["internal.key", "invitation.key"]


def test_wave_is_added_once(tmp_path):
    with running(tmp_path / "s", serve=False) as s:
        s.add_wave("prov")
        before, key = s.dump(), s.wave_key("prov")
        options = [f"--{k}={v}" for k, v in WAVE.items()]
        assert "already" in s.refused("wave", "add", *options)
        assert s.dump() == before and s.wave_key("prov") == key
        assert s.must("wave", "list").split("\t")[0] == "prov"


def test_init_never_overwrites(survey):
    before = {f.name: f.read_bytes() for f in survey.keys.iterdir()}
    assert "is there already" in survey.must("init")
    assert {f.name: f.read_bytes() for f in survey.keys.iterdir()} == before
    for file in [*survey.keys.iterdir(), *survey.state.iterdir()]:
        assert file.stat().st_mode & 0o077 == 0, file
    for folder in [survey.keys, survey.state]:
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_without_init(tmp_path):
    s = Survey(tmp_path / "s")
    for command in [["serve"], ["wave", "list"], ["count", "--wave", "x"]]:
        said = s.refused(*command)
        assert "init" in said, said


def test_serve_says_that_a_port_is_taken(tmp_path):
    with running(tmp_path / "s") as s:
        assert "another program does" in s.refused("serve")


# Configuration.


def test_check_configuration(survey):
    done = survey.command("-n")
    assert (done.returncode, done.stderr) == (0, "") and "fine" in done.stdout
    done = run("-c", ROOT / "deploy" / "survey-server.conf", "-n")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line, place", [
    ("[server]\nfarg = blå\n", 2), ("[storage]\nstate = /tmp\n\n# x\nstat = /tmp\n", 5), ("[annat]\na = b\n", 2),
    ("[server]\npublic = 127.0.0.1\n", 2), ("[server]\npublic = 127.0.0.1:99999\n", 2), ("[server]\nbase_url = ftp://x\n", 2),
    ("[storage]\nstore = oracle\n", 2), ("[storage]\nstate = a\nstate = b\n", 3), ("[server\n", 1), ("nonsens\n", 1)])
def test_wrong_configuration_names_file_and_line(tmp_path, line, place):
    file = tmp_path / "fel.conf"
    file.write_text(line)
    for arguments in [["-n"], ["serve"], ["init"]]:
        done = run("-c", file, *arguments)
        assert done.returncode == 1
        assert f"{file}:{place}: " in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == [file]


def test_configuration_that_is_missing(tmp_path):
    done = run("-c", tmp_path / "finns-inte", "-n")
    assert done.returncode == 1 and str(tmp_path / "finns-inte") in done.stderr
    (tmp_path / "tom").write_text("")
    done = run("-c", tmp_path / "tom", "-n")
    assert done.returncode == 1 and "state" in done.stderr


def test_key_files_are_looked_at(tmp_path):
    with running(tmp_path / "s", serve=False) as s:
        key = s.keys / "internal.key"
        key.chmod(0o644)
        assert "chmod 0600" in s.refused("serve")
        key.chmod(0o600)
        key.write_bytes(b"x" * 31)
        assert "32 bytes" in s.refused("serve")
        key.unlink()
        assert "init" in s.refused("serve")


# Questionnaires.


def check(survey, tmp_path, content):
    file = tmp_path / "frågor.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file, survey.command("check-questionnaire", file)


def test_own_questionnaires_are_fine(survey):
    for file in (ROOT / "questionnaires").glob("*.json"):
        done = survey.command("check-questionnaire", file)
        assert (done.returncode, done.stderr) == (0, ""), file


def wrong_questionnaires():
    def item(n, **what):
        def change(q):
            q["item"][n].update(what)
        return change

    def option(n, o, **what):
        def change(q):
            q["item"][n]["answerOption"][o]["valueCoding"].update(what)
        return change

    def drop(key):
        def change(q):
            del q[key]
        return change

    def top(**what):
        def change(q):
            q.update(what)
        return change
    return {
        "resource": (top(resourceType="Patient"), "resourceType"), "no title": (drop("title"), "title"),
        "no name": (drop("name"), "name"), "no language": (drop("language"), "language"), "status": (top(status="retired"), "status"),
        "no questions": (top(item=[]), "item"), "text question": (item(1, type="text"), "item[1].type"),
        "link": (item(2, linkId="fråga3"), "item[2].linkId"), "empty text": (item(0, text="  "), "item[0].text"),
        "code": (option(0, 3, code="x"), "item[0].answerOption[3]"), "same code": (option(0, 3, code="1"), "item[0].answerOption[3]"),
        "display": (option(4, 1, display=""), "item[4].answerOption[1]"), "no options": (item(5, answerOption=[]), "item[5]"),
        "later question": (item(2, enableWhen=[{"question": "q5", "operator": "=", "answerCoding": {"code": "1"}}]), "item[2].enableWhen"),
        "operator": (item(2, enableWhen=[{"question": "q1", "operator": ">", "answerCoding": {"code": "1"}}]), "item[2].enableWhen"),
        "no such answer": (item(2, enableWhen=[{"question": "q1", "operator": "=", "answerCoding": {"code": "9"}}]), "item[2].enableWhen"),
        "all": (item(2, enableBehavior="all"), "item[2].enableBehavior"),
    }


@pytest.mark.parametrize("name", wrong_questionnaires())
def test_wrong_questionnaire_names_file_path_and_reason(survey, tmp_path, name):
    change, path = wrong_questionnaires()[name]
    questionnaire = copy.deepcopy(QUESTIONNAIRE)
    change(questionnaire)
    file, done = check(survey, tmp_path, questionnaire)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"survey-server: check-questionnaire: {file}: "), done.stderr
    assert path in done.stderr, done.stderr


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\0", b"\xff\xfe", b"null", b"[" * 100_000, b" " * (2 << 20)],
                         ids=["empty", "cut", "list", "NUL", "no UTF-8", "null", "deep", "two MiB"])
def test_what_is_no_questionnaire(survey, tmp_path, content):
    file, done = check(survey, tmp_path, content)
    assert done.returncode == 1 and str(file) in done.stderr, done.stderr


def test_questionnaire_that_is_not_there(survey, tmp_path):
    done = survey.command("check-questionnaire", tmp_path / "finns-inte.json")
    assert done.returncode == 1 and "finns-inte.json" in done.stderr
    done = survey.command("check-questionnaire", tmp_path)
    assert done.returncode == 1 and str(tmp_path) in done.stderr


def test_wave_add_after_an_interrupted_one(tmp_path):
    """Killed when the key is kept and the wave is not yet there: the next try is not refused, and its key fits."""
    with running(tmp_path / "s", serve=False) as s:
        add = ["wave", "add", "--id", "avbruten", "--title", "Avbruten", "--questionnaire", "skr-brukarfragor",
               "--opens", day(-1), "--closes", day(30), "--custody", "server"]
        kept = 0
        for n in range(1, 40):
            done = s.command(*add, prefix=strace(f"fsync:signal=SIGKILL:when={n}"))
            if done.returncode == 0:
                break
            assert s.must("wave", "list") == ""
            kept += (s.keys / "wave-avbruten.key").exists()
        assert kept and n > 1
        s.must("wave", "open", "--id", "avbruten")


def test_init_makes_every_folder(tmp_path):
    s = Survey(tmp_path / "s")
    s.config.write_text(s.config.read_text().replace(f"invitation = {s.keys}", f"invitation = {tmp_path}/delad/djupt"))
    s.must("init")
    key = tmp_path / "delad" / "djupt" / "invitation.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.parent.stat().st_mode & 0o777 == 0o700
    before = key.read_bytes()
    s.must("init")
    assert key.read_bytes() == before and len(before) == 32
