"""The command line: questionnaires, configuration, what is said and what it exits with."""
import base64
import copy
import json
import shutil
import subprocess

import pytest

from survey import EDITIONS, PROGRAM, ROOT, Survey, day, environment, questionnaire, running, strace

QUESTIONNAIRE = questionnaire()


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
    assert sorted(f.name for f in survey.keys.iterdir()) == ["internal.key", "invitation.key", "staff.key"]


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
    for file in [*survey.keys.iterdir(), *survey.state.rglob("*")]:
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
    file = tmp_path / "skr-brukarfragor.sv.json"
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


# Questionnaires beside each other.


@pytest.fixture(scope="module")
def siblings(tmp_path_factory):
    """A survey-server that reads its questionnaires from a folder that can be damaged."""
    folder = tmp_path_factory.mktemp("siblings")
    shutil.copytree(ROOT / "questionnaires", folder / "questionnaires")
    with running(folder / "s", serve=False, questionnaires=folder / "questionnaires") as s:
        yield s


def in_item(n, change):
    return lambda q: change(q["item"][n])


def in_option(n, o, change):
    return lambda q: change(q["item"][n]["answerOption"][o])


def without(*keys):
    """Drops what the keys lead to."""
    def change(q):
        for key in keys[:-1]:
            q = q[key]
        del q[keys[-1]]
    return change


def drawn(svg, kind="image/svg+xml"):
    """Another picture in the place of the first option's."""
    def change(q):
        picture = q["item"][0]["answerOption"][0]["extension"][0]["valueAttachment"]
        picture["data"] = base64.b64encode(svg.encode()).decode() if isinstance(svg, str) else svg[0]
        picture["contentType"] = kind
    return change


def svg(inside, more="", whole='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"{}>{}</svg>'):
    return drawn(whole.format(more, inside))


def other(**what):
    return lambda element: element.update(what)


def exchange(q):
    options = q["item"][1]["answerOption"]
    options[0], options[1] = options[1], options[0]


def one_more(q):
    extra = copy.deepcopy(q["item"][5])
    extra["linkId"] = "q7"
    q["item"].append(extra)


# The edition, what is done to it, and what is said: path and reason.
DAMAGE = {
    "display": ("fi", in_option(2, 1, without("valueCoding", "display")), "item[2].answerOption[1]: valueCoding.display is missing"),
    "code": ("fi", in_option(2, 1, without("valueCoding", "code")), "item[2].answerOption[1]: valueCoding.code must be a digit"),
    "another code": ("fi", in_option(2, 1, lambda o: other(code="8")(o["valueCoding"])), "item[2]: lacks the code of the option 2"),
    "option": ("uk", without("item", 4, "answerOption", 2), "item[4]: lacks the code of the option 3"),
    "last option": ("uk", without("item", 4, "answerOption", 5), "item[4]: lacks the code of the option 6"),
    "order": ("uk", exchange, "item[1]: lacks the place of the option 1"),
    "ordinalValue": ("pl", in_option(3, 4, without("valueCoding", "extension")), "item[3]: lacks the grade of the option"),
    "grades the wrong way": ("pl", in_option(3, 4, lambda o: o["valueCoding"]["extension"][0].update(valueDecimal=9)),
                             "item[3]: lacks the grade of the option"),
    "ordinalValue without value": ("pl", in_option(3, 0, without("valueCoding", "extension", 0, "valueDecimal")),
                                   "item[3].answerOption[0]: ordinalValue"),
    "question": ("ar", without("item", 5), "item[5]: lacks the question"),
    "question too many": ("ar", one_more, "item[6]: lacks the question"),
    "question text": ("ar", in_item(5, other(text=" ")), "item[5].text: is missing"),
    "condition": ("so", without("item", 2, "enableWhen", 1), "item[2]: lacks the condition (enableWhen)"),
    "conditions": ("so", in_item(2, lambda i: i.pop("enableWhen")), "item[2]: lacks the condition (enableWhen)"),
    "new condition": ("so", in_item(3, other(enableWhen=[{"question": "q1", "operator": "=", "answerCoding": {"code": "1"}}])),
                      "item[3]: lacks the freedom from conditions"),
    "free text": ("en", in_item(4, other(type="text")), "item[4].type: must be choice: free text would name people"),
    "help's text": ("sv.barn", without("item", 2, "item", 0, "text"), "item[2].item[0].text: is missing"),
    "help that is a question": ("sv.barn", lambda q: q["item"][2]["item"][0].update(type="string"), "item[2].item: must be one display item"),
    "picture": ("en.bildstod", in_option(1, 2, without("extension")), "item[1]: lacks the picture of the option 3"),
    "picture's data": ("en.bildstod", without("item", 0, "answerOption", 0, "extension", 0, "valueAttachment", "data"),
                       "item[0].answerOption[0].extension: a picture must be"),
    "picture of another type": ("en.bildstod", drawn(["iVBORw0KGgo="], "image/png"), "item[0].answerOption[0].extension: a picture must be"),
    "no base64": ("en.bildstod", drawn(["<svg>"]), "item[0].answerOption[0].extension: the picture's data are no base64"),
    "script": ("ti.bildstod", svg("\n<script>alert(1)</script>"), "item[0].answerOption[0].extension: line 2 of the picture: script"),
    "handler": ("ti.bildstod", svg("", ' onload="alert(1)"'), "item[0].answerOption[0].extension: line 1 of the picture: onload"),
    "link": ("ti.bildstod", svg('<a href="https://x.example"><path d="M0 0"/></a>'), "line 1 of the picture: a is an element"),
    "image": ("ti.bildstod", svg('<image href="https://x.example/x.png"/>'), "line 1 of the picture: image is an element"),
    "use": ("ti.bildstod", svg('<use href="#x"/>'), "line 1 of the picture: use is an element"),
    "style": ("ti.bildstod", svg('<path d="M0 0" style="fill:red"/>'), "line 1 of the picture: style is an attribute"),
    "style sheet": ("ti.bildstod", svg("<style>*{display:none}</style>"), "line 1 of the picture: style is an element"),
    "address": ("ti.bildstod", svg('<path d="M0 0" fill="url(https://x.example)"/>'), "line 1 of the picture: fill has a value"),
    "reference": ("ti.bildstod", svg('<path d="M0 0" fill="URL(#x)"/>'), "line 1 of the picture: fill has a value"),
    "foreign": ("ti.bildstod", svg("<foreignObject><b/></foreignObject>"), "line 1 of the picture: foreignObject"),
    "entity": ("ti.bildstod", drawn('<!DOCTYPE svg [<!ENTITY x "y">]><svg xmlns="http://www.w3.org/2000/svg">&x;</svg>'), "document type"),
    "text in it": ("ti.bildstod", svg("Mycket bra"), "line 1 of the picture: text"),
    "not closed": ("ti.bildstod", svg("<g>"), "line 1 of the picture: "),
    "no picture": ("ti.bildstod", drawn("<html/>"), "line 1 of the picture: html is an element"),
    "another name": ("fa", other(name="andra-fragor"), "should be called andra-fragor.fa.json"),
    "another language": ("fa", other(language="ar"), "should be called skr-brukarfragor.ar.json"),
    "another variant": ("sv.lattlast", lambda q: q["meta"]["tag"][0].update(code="barn"), "should be called skr-brukarfragor.sv.barn.json"),
    "no variant": ("sv.lattlast", without("meta"), "should be called skr-brukarfragor.sv.json"),
    "variant without a name": ("sv.lattlast", without("meta", "tag", 0, "display"), "Questionnaire.meta.tag: a variant needs"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_sibling(siblings, name):
    """It is told of by file, path and reason, and no wave can be added with it."""
    edition, change, told = DAMAGE[name]
    folder = siblings.questionnaires
    file = folder / f"skr-brukarfragor.{edition}.json"
    whole = file.read_text()
    damaged = json.loads(whole)
    change(damaged)
    try:
        file.write_text(json.dumps(damaged))
        done = siblings.command("check-questionnaire", file)
        added = siblings.command("wave", "add", *[f"--{k}={v}" for k, v in WAVE.items()])
    finally:
        file.write_text(whole)
    start = f"survey-server: check-questionnaire: {file}: "
    if name == "question too many":
        # The file itself is fine; all its siblings lack the question.
        assert done.returncode == 0
        start, done = f"survey-server: wave add: {folder}/skr-brukarfragor.", added
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(start) and told in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 and ("Questionnaire" in done.stderr or "should be called" in done.stderr)
    # Of two editions that differ it names either, at the same place.
    place = told.split(":")[0] if told.startswith("item") else told
    assert added.returncode == 1 and added.stderr.startswith(f"survey-server: wave add: {folder}/") and place in added.stderr
    assert siblings.must("wave", "list") == ""


def test_file_that_is_no_edition_yet(siblings, tmp_path):
    """A name without a language promises nothing: the file is checked for what it says."""
    for name, status in [("nya-fragor.json", 0), ("nya-fragor.sv.json", 1)]:
        file = tmp_path / name
        file.write_text(json.dumps(QUESTIONNAIRE))
        done = siblings.command("check-questionnaire", file)
        assert done.returncode == status and ("should be called" in done.stderr) == bool(status)


@pytest.mark.parametrize("part, told", [("help", "item[2]: lacks the help that skr-brukarfragor.en.barn has"),
                                        ("picture", "item[2]: lacks the picture that skr-brukarfragor.en.barn has")])
def test_help_and_picture_of_a_question(siblings, part, told):
    """What one variant's edition has, the same variant in another language must have."""
    folder = siblings.questionnaires
    file, twin = (folder / f"skr-brukarfragor.{edition}.json" for edition in ("sv.barn", "en.barn"))
    whole = file.read_text()
    image = questionnaire("en", "bildstod")["item"][0]["answerOption"][0]["extension"][0]["valueAttachment"]
    both = json.loads(whole)
    both["item"][2]["extension"] = [{"url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-itemMedia",
                                     "valueAttachment": image}]
    try:
        file.write_text(json.dumps(both))
        twin.write_text(json.dumps(dict(both, language="en")))
        assert siblings.command("check-questionnaire", file).returncode == 0
        del both["item"][2]["item" if part == "help" else "extension"]
        file.write_text(json.dumps(both))
        assert told in siblings.refused("check-questionnaire", file)
        assert told in siblings.refused("wave", "add", *[f"--{k}={v}" for k, v in WAVE.items()])
        assert siblings.command("check-questionnaire", twin).returncode == 0
    finally:
        file.write_text(whole)
        twin.unlink(missing_ok=True)


def test_edition_beside_a_damaged_one(siblings):
    """Only the file that is asked about is told of."""
    file = siblings.questionnaires / "skr-brukarfragor.fi.json"
    whole = file.read_text()
    try:
        file.write_text("{")
        for language, variant in EDITIONS:
            if language != "fi":
                name = f"skr-brukarfragor.{language}{'.' * bool(variant)}{variant}.json"
                siblings.must("check-questionnaire", siblings.questionnaires / name)
        assert str(file) in siblings.refused("wave", "add", *[f"--{k}={v}" for k, v in WAVE.items()])
    finally:
        file.write_text(whole)


@pytest.mark.parametrize("file, change, told", [
    ("fi.ini", lambda t: t.replace("send = ", "skicka = "), "skicka"), ("fi.ini", lambda t: t.replace("{count}", "6"), "{words}"),
    ("fi.ini", lambda t: t + "\n[last]\nsaved_title = x\n", "saved_title"), ("sv.barn.ini", lambda t: t + "\n[question]\nback =\n", "back"),
    ("fi.ini", lambda t: t.replace("status = draft", "status = klar"), "status"), ("sv.ini", lambda t: "", "sv.ini"),
    ("fi.ini", lambda t: t.replace("[language]", "[sprak]"), "sprak"), ("xx.barn.ini", lambda t: "", "xx.ini"), ("xx_1.ini", lambda t: "", "xx_1.ini")])
def test_texts_with_a_hole(siblings, file, change, told):
    path = siblings.questionnaires / "texts" / file
    whole = path.read_text() if path.exists() else None
    try:
        path.write_text(change(whole or ""))
        said = siblings.refused("wave", "add", *[f"--{k}={v}" for k, v in WAVE.items()])
        assert f"{siblings.questionnaires}/texts/" in said and told in said, said
        assert told in siblings.refused("serve")
    finally:
        if whole is None:
            path.unlink()
        else:
            path.write_text(whole)


def test_texts_that_are_not_there(siblings):
    path = siblings.questionnaires / "texts" / "so.ini"
    whole = path.read_text()
    path.unlink()
    try:
        said = siblings.refused("wave", "add", *[f"--{k}={v}" for k, v in WAVE.items()])
        assert f"{path} is missing" in said
    finally:
        path.write_text(whole)


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
