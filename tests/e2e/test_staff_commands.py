"""The commands about staff that both daemons have, what `init` makes for them, and what `-n` says of their settings."""
import re
import stat

import pytest

from person import Browser, Staff
from staff_site import DAEMONS, Site, site

SWEDISH = {"waves": "mätomgångsansvarig", "reader": "resultatläsare", "publisher": "publicerare", "coordinator": "samordnare",
           "interviewer": "telefonintervjuare", "leader": "ledare", "accounts": "kontoadministratör", "auditor": "granskare"}
LIMITED = {"survey-server": "reader", "sms-gateway": "coordinator"}
OWN = {"survey-server": "waves", "sms-gateway": "interviewer"}  # a role that no limit goes with

both = pytest.mark.parametrize("program", DAEMONS)


@pytest.fixture(scope="module", name="sites")
def sites_fixture(tmp_path_factory):
    """Set up, and not serving: no command needs that."""
    with site("survey-server", tmp_path_factory.mktemp("survey"), serve=False) as first, \
            site("sms-gateway", tmp_path_factory.mktemp("gateway"), serve=False) as second:
        yield {"survey-server": first, "sms-gateway": second}


@pytest.fixture(params=DAEMONS, name="s")
def s_fixture(request, sites):
    return sites[request.param]


def listed(s):
    """{name: (full name, roles, administrations, areas, state, last sign-in)}"""
    rows = [line.split("\t") for line in s.must("staff", "list").splitlines()]
    assert [r[0] for r in rows] == sorted(r[0] for r in rows) and all(len(r) == 7 for r in rows)
    return {r[0]: tuple(r[1:]) for r in rows}


def unchanged(s, *arguments, status=2, said=None):
    """Refused, and neither accounts nor log know of it."""
    before, text = s.dump(), s.text()
    words = s.refused(*arguments, status=status)
    assert said is None or re.search(said, words), words
    assert s.dump() == before and s.text() == text
    return words


# Usage.


@pytest.mark.parametrize("arguments, said", [
    ("staff", "what\\? add, set, reset, remove, list or routes"), ("staff nope", "what\\?"), ("audit", "what\\? verify or head"),
    ("audit nope", "what\\?"), ("staff add", "missing"), ("staff add anna", "--role is missing"), ("staff add --role auditor", "missing"),
    ("staff add anna --role", "needs a value"), ("staff add anna bo --role auditor", "unexpected argument bo"),
    ("staff add anna --role auditor --nope", "unknown option"), ("staff add anna --password x --role auditor", "unknown option"),
    ("staff set", "missing"), ("staff set anna", "what\\? --role"), ("staff set --role auditor", "missing"), ("staff reset", "missing"),
    ("staff reset a b", "unexpected"), ("staff reset a --role auditor", "unknown option"), ("staff remove", "missing"),
    ("staff remove a b", "unexpected"), ("staff list x", "unexpected"), ("staff list --json", "unknown option"),
    ("staff routes x", "unexpected"), ("audit verify x", "unexpected"), ("audit verify --head", "needs a value"),
    ("audit verify --key x", "unknown option"), ("audit head x", "unexpected"), ("audit head --head 1:2", "unknown option")])
def test_usage(s, arguments, said):
    """Status 2, with what is wrong and how it is meant."""
    words = unchanged(s, *arguments.split(), said=said)
    assert f"usage: {s.program} -c FILE {arguments.split()[0]} " in words


@pytest.mark.parametrize("command, verbs", [("staff", ["add", "set", "reset", "remove", "list", "routes"]), ("audit", ["verify", "head"])])
def test_help(s, command, verbs):
    text = s.must(command, "--help")
    assert text.startswith(f"usage: {s.program} -c FILE {command} ") and all(f"{command} {verb}" in text for verb in verbs)


# Accounts.


def test_a_role_that_is_none(s):
    """The names of all there are; those of the other daemon are none here."""
    s.must("staff", "add", "anna", "--role", "auditor")
    for role in ["nope", "", "auditor,", "auditor,nope", "AUDITOR", "audit", *(set(SWEDISH) - set(s.roles))]:
        words = unchanged(s, "staff", "add", "bo", "--role", role, said="there is no role")
        assert re.search(r"there are ([^\n]*)", words)[1] == ", ".join(f"{r} ({SWEDISH[r]})" for r in s.roles)
    unchanged(s, "staff", "set", "anna", "--role", "nope", said="there is no role")
    s.must("staff", "remove", "anna")


def test_names(s):
    for name in ["Anna", "anna ek", "åsa", "-a", ".a", "_a", "@a", "", "a" * 65, "a/b", "a:b", "unix:root", "a\tb", "a\nb", "a%", "a\u00a0b"]:
        if not name.startswith("-"):
            unchanged(s, "staff", "add", name, "--role", "auditor", said="a name is 1 to 64 of a-z, 0-9 and . - _ @")
    unchanged(s, "staff", "add", "-a", "--role", "auditor")
    right = ["a", "7", "a" * 64, "anna.ek-sjöberg".replace("ö", "o"), "anna_ek@staden.example"]
    for name in right:
        assert f"account {name} added; " in s.must("staff", "add", name, "--role", "auditor")
    assert set(right) <= set(listed(s))
    for name in right:
        assert s.must("staff", "remove", name) == f"account {name} removed\n"
    assert not set(right) & set(listed(s))


def test_full_names(s):
    for name in ["Åsa Öst", "x" * 128, "", "<b>Bo</b> & \"x\"", "=1+1"]:
        s.must("staff", "add", "anna", "--role", "auditor", "--full", name)
        assert listed(s)["anna"][0] == name
        s.must("staff", "remove", "anna")
    for name in ["x" * 129, "ö" * 65, "a\nb", "a\tb", "a\x1b[31m", "a\x7f"]:
        unchanged(s, "staff", "add", "anna", "--role", "auditor", "--full", name, said="--full: at most 128 bytes of UTF-8")
    assert "=1+1" not in s.text() and "Åsa" not in s.text()


def test_a_name_that_is_taken(s):
    s.must("staff", "add", "anna", "--role", "auditor")
    assert "there is an account anna already: `staff set` changes it" in unchanged(
        s, "staff", "add", "anna", "--role", "accounts", status=1)
    s.must("staff", "remove", "anna")
    # It is free again, and another account.
    s.must("staff", "add", "anna", "--role", "accounts")
    assert listed(s)["anna"][1] == "accounts"
    s.must("staff", "remove", "anna")


@pytest.mark.parametrize("command", [["set", "finns-inte", "--role", "auditor"], ["reset", "finns-inte"], ["remove", "finns-inte"],
                                     ["set", "Anna", "--full", "x"], ["remove", "anna' OR '1'='1"]])
def test_an_account_that_is_not_there(s, command):
    assert "`staff list` shows them" in unchanged(s, "staff", *command, status=1, said="there is no account")


def test_limits(s):
    """Those that a role takes; written any way, kept in one; taken away with nothing."""
    role, own = LIMITED[s.program], OWN[s.program]
    s.must("staff", "add", "anna", "--role", role, "--administration", "farsta,bromma")
    assert listed(s)["anna"][1:4] == (role, "farsta bromma", "")
    for text, kept in [("farsta", "farsta"), (" farsta , bromma ", "farsta bromma"), ("a b,c", "a b c"), ("x" * 1024, "x" * 1024)]:
        s.must("staff", "set", "anna", "--administration", text)
        assert listed(s)["anna"][2] == kept
    for text in ["Farsta", "älvsjö", "a;b", "a_b", "a/b", "x" * 1025]:
        unchanged(s, "staff", "set", "anna", "--administration", text, said="--administration: codes of a-z, 0-9 and dash")
    s.must("staff", "set", "anna", "--administration", "farsta")
    # A role that has no such limit can't be held with one.
    unchanged(s, "staff", "set", "anna", "--role", own, said="--administration")
    unchanged(s, "staff", "add", "bo", "--role", own, "--administration", "farsta", said="limited to administrations")
    unchanged(s, "staff", "add", "bo", "--role", "auditor,accounts", "--area", "barn-unga", said="limited to areas")
    # Together with one that has, it can.
    s.must("staff", "set", "anna", "--role", f"{own},{role}")
    assert listed(s)["anna"][1:3] == (f"{own},{role}" if s.roles.index(own) < s.roles.index(role) else f"{role},{own}", "farsta")
    s.must("staff", "set", "anna", "--role", "auditor", "--administration=")
    assert listed(s)["anna"][1:4] == ("auditor", "", "")
    s.must("staff", "remove", "anna")


def test_a_role_that_is_always_limited(sites):
    s = sites["sms-gateway"]
    for roles in ["coordinator", "coordinator,auditor"]:
        unchanged(s, "staff", "add", "anna", "--role", roles, said="held for named administrations")
        unchanged(s, "staff", "add", "anna", "--role", roles, "--administration=", said="held for named administrations")
    unchanged(s, "staff", "add", "anna", "--role", "coordinator", "--administration", "farsta", "--area", "barn-unga",
              said="limited to areas")
    s.must("staff", "add", "anna", "--role", "leader")
    unchanged(s, "staff", "set", "anna", "--role", "coordinator", said="held for named administrations")
    s.must("staff", "set", "anna", "--role", "coordinator", "--administration", "farsta")
    unchanged(s, "staff", "set", "anna", "--administration=", said="held for named administrations")
    s.must("staff", "remove", "anna")


def test_a_reader_of_areas(sites):
    s = sites["survey-server"]
    s.must("staff", "add", "anna", "--role", "reader")
    assert listed(s)["anna"][1:4] == ("reader", "", "")
    s.must("staff", "set", "anna", "--area", "barn-unga,aldreomsorg", "--administration", "farsta")
    assert listed(s)["anna"][1:4] == ("reader", "farsta", "barn-unga aldreomsorg")
    s.must("staff", "set", "anna", "--area=")
    assert listed(s)["anna"][1:4] == ("reader", "farsta", "")
    s.must("staff", "remove", "anna")


def test_only_what_is_said_is_changed(s):
    s.must("staff", "add", "anna", "--role", f"auditor,{LIMITED[s.program]}", "--full", "Anna Ek", "--administration", "farsta")
    before = listed(s)["anna"]
    assert s.must("staff", "set", "anna", "--full", "Anna Al") == "account anna changed\n"
    assert listed(s)["anna"] == ("Anna Al", *before[1:])
    s.must("staff", "set", "anna", "--administration", "bromma")
    assert listed(s)["anna"] == ("Anna Al", before[1], "bromma", *before[3:])
    s.must("staff", "remove", "anna")


def test_states(tmp_path):
    """From invited to active and back; what takes a session away takes it at once."""
    with site("survey-server", tmp_path / "s") as s:
        link = s.link("anna", "auditor")
        assert re.fullmatch(rf"{re.escape(s.url)}/staff/welcome/[\w-]{{43}}", link)
        assert listed(s)["anna"][4:] == ("invited", "never")
        anna = Staff(s.url, "anna").enrol(link)
        assert listed(s)["anna"][4:] == ("active", "never")
        assert Browser(s.url).get(link[len(s.url):]).status == 410
        assert anna.sign_in().status == 303 and anna.is_in
        assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d", listed(s)["anna"][5])
        s.write("UPDATE account SET must_change = 1 WHERE name = 'anna'")
        assert listed(s)["anna"][4] == "must-change"
        s.write("UPDATE account SET must_change = 0 WHERE name = 'anna'")
        # Lost the telephone: password, app and sessions go, and so do links from before.
        first = s.must("staff", "reset", "anna").split()[-1]
        assert not anna.is_in and listed(s)["anna"][4] == "invited"
        second = s.must("staff", "reset", "anna").split()[-1]
        assert [Browser(s.url).get(x[len(s.url):]).status for x in (first, second)] == [410, 200]
        assert anna.post("/staff/sign-in", {"name": "anna", "password": anna.password, "code": anna.recovery[-1]}).status == 403
        s.write("UPDATE invitation SET until = ?", int(s.now()) - 1)
        assert listed(s)["anna"][4] == "expired" and Browser(s.url).get(second[len(s.url):]).status == 410
        # Removed, with all that was its.
        bo = s.seat("bo", "auditor")
        assert bo.is_in
        s.must("staff", "remove", "bo")
        assert not bo.is_in
        s.link("bo", "accounts")
        assert not bo.is_in


def test_the_link_is_where_browsers_are(sites, tmp_path):
    for s in sites.values():
        config = tmp_path / "c"
        config.write_text(s.config.read_text().replace("[server]\n", "[server]\nstaff_url = https://personal.example\n", 1)
                          .replace("= state\n", f"= {s.state}\n").replace("= keys", f"= {s.keys}").replace("= password", f"= {tmp_path}/p"))
        (tmp_path / "p").write_text("x\n")
        link = s.must("staff", "add", "anna", "--role", "auditor", file=config).split()[-1]
        assert re.fullmatch(r"https://personal\.example/staff/welcome/[\w-]{43}", link)
        s.must("staff", "remove", "anna")


# init.


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@both
def test_init(tmp_path, program):
    """The key is its owner's alone, so are the folders; what is there is never touched."""
    s = Site(program, tmp_path / "s")
    try:
        key = s.keys / "staff.key"
        assert len(key.read_bytes()) == 32 and mode(key) == 0o600
        assert mode(s.staff) == mode(s.state) == mode(s.keys) == 0o700
        assert mode(s.staff / "accounts.db") == 0o600
        s.must("staff", "add", "anna", "--role", "auditor")
        files = {p: p.read_bytes() for p in [*s.keys.iterdir(), *s.staff.glob("audit.*")]}
        before = s.dump()
        s.must("init")
        assert s.dump() == before and all(p.read_bytes() == data for p, data in files.items())
        assert "anna" in listed(s)
        # A key that is gone is not made anew beside what was sealed with it.
        own = files[key]
        key.unlink()
        words = s.refused("init")
        assert str(key) in words and str(s.staff) in words and not key.exists() and s.dump() == before
        s.staff.rename(tmp_path / "aside")
        s.must("init")
        assert len(key.read_bytes()) == 32 and key.read_bytes() != own and mode(key) == 0o600 and mode(s.staff) == 0o700
        assert s.must("staff", "list") == "" and s.must("audit", "verify") == "0 lines, whole\n"
    finally:
        s.close()


@both
def test_without_init(tmp_path, program):
    """`serve` and every command say what to do."""
    s = Site(program, tmp_path / "s")
    try:
        for hide in [s.keys / "staff.key", s.staff]:
            aside = hide.with_name("aside")
            hide.rename(aside)
            words = s.refused("serve")
            assert str(hide) in words and "init" in words, words
            for command in (["staff", "add", "anna", "--role", "auditor"], ["audit", "verify"], ["audit", "head"]):
                assert str(hide) in s.refused(*command)
            if hide == s.staff:
                assert f"run `{program} init` first" in s.refused("staff", "list")
            assert not hide.exists()
            aside.rename(hide)
        for broken in [b"", b"x" * 31, b"x" * 33]:
            key = s.keys / "staff.key"
            own = key.read_bytes()
            key.write_bytes(broken)
            assert "staff.key" in s.refused("serve") and "staff.key" in s.refused("staff", "add", "anna", "--role", "auditor")
            key.write_bytes(own)
        (s.keys / "staff.key").chmod(0o644)
        assert "staff.key" in s.refused("serve")
        assert listed_is_empty(s)
    finally:
        s.close()


def listed_is_empty(s):
    return s.must("staff", "list") == "" and s.text() == ""


# The configuration.


GROUPS = {"survey-server": "[läsare]\nrole = reader\nareas = barn-unga\n[utskick]\nrefuse = yes\n",
          "sms-gateway": "[samordnare]\nrole = coordinator\nadministrations = farsta\n[enkät]\nrefuse = yes\n"}
OIDC = {"issuer": "https://login.example", "client": "enkat", "acr": "loa3", "roles": "grupper"}


def checked(s, folder, server=None, staff=None, oidc=None, groups=None):
    """What `-n` says of a configuration with these settings, and whether `serve` would say it."""
    text = s.config.read_text()
    for section, keys in (("server", server), ("staff", staff), ("oidc", oidc)):
        lines = "".join(f"{k} = {v}\n" for k, v in (keys or {}).items())
        if section == "server":
            for key in keys or {}:
                text = re.sub(rf"(?m)^{key} = .*\n", "", text)
            text = text.replace("[server]\n", "[server]\n" + lines, 1)
        elif keys is not None:
            text += f"\n[{section}]\n{lines}"
    folder.mkdir(exist_ok=True)
    (folder / "grupper").write_text(GROUPS[s.program] if groups is None else groups)
    (folder / "password").write_text("x\n")
    file = folder / "prov.conf"
    file.write_text(text)
    done = s.command("-n", file=file)
    assert done.returncode in (0, 1) and (done.returncode == 0) == (not done.stderr), (done.stdout, done.stderr)
    if done.returncode == 0:
        assert done.stdout == f"{file}: fine\n"
    else:
        assert done.stderr.startswith(f"{s.program}: ") and s.command("serve", file=file).stderr == done.stderr
    return done.stderr


@pytest.mark.parametrize("server, staff, oidc, said", [
    ({"staff_url": "https://personal.example"}, None, None, ""),
    ({"staff_url": "https://personal.example:8443"}, None, None, ""),
    ({"staff": "127.0.0.9:8082"}, None, None, ""),
    ({"staff_url": "http://localhost:8082"}, None, None, ""),
    ({"staff_url": "http://127.0.0.1:8082"}, None, None, ""),
    ({"staff": "0.0.0.0:8082", "staff_url": "https://personal.example"}, None, None, ""),
    ({"staff": "0.0.0.0:8082"}, None, None, "0.0.0.0 is not loopback: set staff_url"),
    ({"staff": "192.0.2.1:8082"}, None, None, "not loopback"),
    ({"staff_url": "http://personal.example"}, None, None, "must begin with https://"),
    ({"staff_url": "http://127.0.0.1.example"}, None, None, "must begin with https://"),
    ({"staff_url": "http://localhost.example"}, None, None, "must begin with https://"),
    ({"staff_url": "http://127.0.0.1@example"}, None, None, "must begin with https://"),
    ({"staff_url": "ftp://personal.example"}, None, None, "must begin with https://"),
    ({"staff_url": "personal.example"}, None, None, "must begin with https://"),
    ({"staff_url": "https://personal.example/"}, None, None, "give the host, and nothing after it"),
    ({"staff_url": "https://personal.example/staff"}, None, None, "give the host, and nothing after it"),
    ({"staff": "x"}, None, None, "staff"),
    ({}, {"local": "no"}, None, "nobody can sign in: set [oidc] issuer"),
    ({}, {"local": "maybe"}, None, "local"),
    ({}, {"nope": "1"}, None, "unknown key"),
    ({}, {"address_header": "X-Real-IP"}, None, ""),
    ({}, {"local": "no"}, OIDC, ""),
    ({}, None, OIDC, ""),
    ({}, None, OIDC | {"amr": "mfa", "acr": ""}, ""),
    ({}, None, OIDC | {"algorithm": "ES256"}, ""),
    ({}, None, OIDC | {"issuer": "http://127.0.0.1:9000"}, ""),
    ({}, None, OIDC | {"algorithm": "none"}, "algorithm"),
    ({}, None, OIDC | {"algorithm": "HS256"}, "algorithm"),
    ({}, None, OIDC | {"algorithm": "rs256"}, "algorithm"),
    ({}, None, OIDC | {"issuer": "http://login.example"}, "[oidc] issuer"),
    ({}, None, OIDC | {"issuer": "login.example"}, "[oidc] issuer"),
    ({}, None, OIDC | {"issuer": "https://login.example/?x=1"}, "[oidc] issuer"),
    ({}, None, OIDC | {"client": ""}, "[oidc] client"),
    ({}, None, OIDC | {"acr": ""}, "acr"),
    ({}, None, OIDC | {"nope": "1"}, "unknown key"),
    ({}, None, {k: v for k, v in OIDC.items() if k != "roles"}, ""),
    ({}, None, OIDC | {"roles": "finns-inte"}, "finns-inte"),
    ({}, None, {}, "")])
def test_settings(s, tmp_path, server, staff, oidc, said):
    """-n and `serve` say the same."""
    words = checked(s, tmp_path / "c", server, staff, oidc)
    if oidc is not None and "issuer" in oidc and "roles" not in oidc:
        assert words  # without a groups' file nobody has a role
    elif said:
        assert said in words and ("prov.conf" in words or "finns-inte" in words), words
    else:
        assert words == ""


@pytest.mark.parametrize("groups, said", [
    ("", "names no group"), ("role = auditor\n", "before the first"), ("[a]\n", "no group"), ("[a]\nrole = nope\n", "no role \"nope\""),
    ("[a]\nrole = auditor\nrefuse = yes\n", "role and refuse"), ("[a]\nrefuse = maybe\n", "neither yes nor no"),
    ("[a]\nrole = auditor\n[b]\nrole = accounts\ngroup = a\n", "same group"), ("[a]\nrole = auditor\nareas = barn-unga\n", "limited to areas"),
    ("[a]\nrole = auditor\nadministrations = farsta\n", "limited to administrations"), ("[a]\nrole =\n", "role"),
    ("[a]\nrole = auditor\nnope = 1\n", "unknown key")])
def test_groups(s, tmp_path, groups, said):
    words = checked(s, tmp_path / "c", None, None, OIDC, groups)
    assert "grupper" in words and said in words, words
    # A role of the other daemon is none here.
    for other in DAEMONS:
        words = checked(s, tmp_path / "c", None, None, OIDC, GROUPS[other])
        assert bool(words) == (other != s.program), words


def test_a_coordinator_s_group_is_limited(sites, tmp_path):
    words = checked(sites["sms-gateway"], tmp_path / "c", None, None, OIDC, "[a]\nrole = coordinator\n")
    assert "named administrations" in words


def test_no_accounts_where_passwords_are_off(s, tmp_path):
    folder = tmp_path / "c"
    checked(s, folder, None, {"local": "no"}, OIDC)
    config = folder / "prov.conf"
    config.write_text(re.sub(r"= (state|keys)", rf"= {s.state.parent}/\1", config.read_text()))
    s.must("staff", "add", "anna", "--role", "auditor")
    for command in (["staff", "add", "bo", "--role", "auditor"], ["staff", "reset", "anna"]):
        assert "local = no" in s.refused(*command, file=config)
    assert "anna" in s.must("staff", "list", file=config)
    s.must("staff", "remove", "anna", file=config)
