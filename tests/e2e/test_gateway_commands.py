"""The command line, the configuration and `init`."""
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from fake_survey import FakeSurvey
from gateway import BUILD, Gateway, environment

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture(name="gateway")
def gateway_fixture(tmp_path):
    fake = FakeSurvey()
    g = Gateway(tmp_path, fake)
    yield g
    g.close()
    fake.close()


def raw(gateway, *arguments):
    g = gateway
    command = g.command
    g.command = lambda *a: [command()[0], *a]
    try:
        return g.run(*arguments)
    finally:
        g.command = command


@pytest.mark.parametrize("arguments", [
    [], ["-x"], ["init"], ["-c"], ["nope"], ["-c", "FILE"], ["-c", "FILE", "nope"],
    ["-c", "FILE", "init", "mer"], ["-c", "FILE", "init", "--wave", "x"], ["-c", "FILE", "import"],
    ["-c", "FILE", "import", "--wave", "2027-1", "a.csv"], ["-c", "FILE", "send"],
    ["-c", "FILE", "send", "--wave", "x", "--administration", "y"], ["-c", "FILE", "serve", "--dry-run"],
    ["-c", "FILE", "import", "--wave", "x", "--administration", "y", "a", "b"],
    ["-c", "FILE", "import", "--wave", "x", "--administration", "y", "--reminder", "a"],
    ["-c", "FILE", "import", "--wave", "x", "--administration", "y", "a", "--report"],
    ["-c", "FILE", "groups"], ["-c", "FILE", "groups", "--wave", "x", "a"], ["-c", "FILE", "sample", "--per-area", "2"],
    ["-c", "FILE", "sample", "--wave", "x", "--per-area", "2", "a"]])
def test_usage(gateway, arguments):
    done = raw(gateway, *[str(gateway.config) if a == "FILE" else a for a in arguments])
    assert done.returncode == 2 and "usage:" in done.stderr and not done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["init", "--help"], ["serve", "--help"],
                                       ["import", "--help"], ["groups", "--help"], ["sample", "--help"],
                                       ["send", "--help"], ["staff", "--help"],
                                       ["audit", "--help"]])
def test_help(gateway, arguments):
    done = raw(gateway, *arguments)
    assert done.returncode == 0 and done.stdout.startswith("usage:") and not done.stderr


def test_check(gateway):
    assert raw(gateway, "-c", gateway.config, "-n").returncode == 0
    assert raw(gateway, "-c", gateway.config, "-n", "serve").returncode == 0
    assert raw(gateway, "-c", "/finns/inte", "-n").returncode == 1


@pytest.mark.parametrize("setting,words", [
    ({"sender": "ab"}, "sender"), ({"sender": "Staden12345x"}, "sender"), ({"sender": "Stå den"}, "sender"),
    ({"sender": "12345"}, "sender"), ({"per_second": "0"}, "per_second"), ({"quiet": "20-08"}, "quiet"),
    ({"quiet": "24:00-08:00"}, "quiet"), ({"timeout": "0"}, "timeout"), ({"kind": "telia"}, "none of"),
    ({"nyckel": "1"}, "unknown key"), ({"url": "ftp://x"}, "url"), ({"kind": "46elks", "user": ""}, "user")])
def test_bad_configuration(gateway, setting, words):
    gateway.write_config({"kind": "outbox", "sender": "Staden"} | setting)
    done = raw(gateway, "-c", gateway.config, "-n")
    assert done.returncode == 1
    assert words in done.stderr and "gateway.conf" in done.stderr


@pytest.mark.parametrize("text,right", [
    ("Hej {link}", True), ("Hej – du … {link}", True), ("{link}", False), ("Hej", False),
    ("{link} hej", False), ("{link} och {link}", False)])
def test_text(gateway, text, right):
    with open(gateway.config, "a", encoding="utf-8") as file:
        file.write(f"[text]\nsv = {text}\n")
    assert (raw(gateway, "-c", gateway.config, "-n").returncode == 0) == right


@pytest.mark.parametrize("address", ["0.0.0.0:8090", "192.0.2.1:8090", "example.org:8090"])
@pytest.mark.parametrize("url", [None, "http://personal.example"])
def test_the_staff_pages_stay_on_loopback_without_tls(gateway, address, url):
    gateway.write_config({"kind": "outbox", "sender": "Staden"}, address, url)
    for command in ["-n", "serve"]:
        done = raw(gateway, "-c", gateway.config, command)
        assert done.returncode == 1 and "loopback" in done.stderr
    gateway.write_config({"kind": "outbox", "sender": "Staden"}, address, "https://personal.example")
    assert raw(gateway, "-c", gateway.config, "-n").returncode == 0


def uncommented(text):
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", text, flags=re.M)


@pytest.mark.parametrize("daemon", ["sms-gateway", "survey-server"])
def test_the_example_configuration(tmp_path, daemon):
    """As it is, and with all that is left to choose; the groups' file holds a part for each daemon."""
    def check(config):
        file = tmp_path / "exempel.conf"
        file.write_text(config)
        return subprocess.run([BUILD / daemon / daemon, "-c", file, "-n"], capture_output=True, check=False,
                              env=environment())
    example = (DEPLOY / f"{daemon}.conf").read_text()
    assert check(example).returncode == 0
    parts = re.split(r"^# /etc/brukarenkat/([a-z-]+)/groups.conf.*\n", (DEPLOY / "groups.conf").read_text(), flags=re.M)
    groups = dict(zip(parts[1::2], parts[2::2]))
    for name, part in groups.items():
        whole = uncommented(example).replace(f"/etc/brukarenkat/{daemon}/groups.conf", str(tmp_path / "grupper"))
        (tmp_path / "grupper").write_text(uncommented(part))
        done = check(whole)
        assert "refuse = yes" in part and done.returncode == (0 if name == daemon else 1)
        assert (b"has no role" in done.stderr) == (name != daemon)


def test_init_makes_what_is_missing_and_never_overwrites(gateway):
    files = {p: p.read_bytes() for p in gateway.keys.iterdir()}
    assert (gateway.state / "staff" / "accounts.db").is_file()
    assert {p.name for p in files} == {"invitation.key", "internal.key", "webhook.key", "staff.key"}
    assert all(len(data) == 32 and stat.S_IMODE(p.stat().st_mode) == 0o600 for p, data in files.items())
    assert stat.S_IMODE(gateway.state.stat().st_mode) == stat.S_IMODE(gateway.keys.stat().st_mode) == 0o700
    again = gateway.run("init")
    assert again.returncode == 0 and not again.stdout
    made = ["webhook.key", "staff.key"]
    (gateway.keys / "webhook.key").unlink()
    (gateway.keys / "staff.key").unlink()
    done = gateway.run("init")
    assert done.returncode == 1 and done.stdout == f"made {gateway.keys / 'webhook.key'}\n"
    assert "staff.key: is missing" in done.stderr
    shutil.rmtree(gateway.state / "staff")
    assert gateway.run("init").stdout == f"made {gateway.keys / 'staff.key'}\n"
    assert all(p.read_bytes() == data for p, data in files.items() if p.name not in made)


@pytest.mark.parametrize("key", ["internal.key", "staff.key"])
def test_serve_without_init(gateway, key):
    (gateway.keys / key).unlink()
    done = gateway.run("serve")
    assert done.returncode == 1 and key in done.stderr
