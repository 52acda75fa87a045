"""The command line, the configuration and `init`."""
import stat

import pytest
from fake_survey import FakeSurvey
from gateway import Gateway


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
    ["-c", "FILE", "import", "--wave", "x", "--administration", "y", "--reminder", "a"]])
def test_usage(gateway, arguments):
    done = raw(gateway, *[str(gateway.config) if a == "FILE" else a for a in arguments])
    assert done.returncode == 2 and "usage:" in done.stderr and not done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["init", "--help"], ["serve", "--help"],
                                       ["import", "--help"], ["send", "--help"]])
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
def test_the_staff_pages_stay_on_loopback(gateway, address):
    gateway.write_config({"kind": "outbox", "sender": "Staden"}, staff=address)
    done = raw(gateway, "-c", gateway.config, "serve")
    assert done.returncode == 1 and "loopback" in done.stderr


def test_init_makes_what_is_missing_and_never_overwrites(gateway):
    files = {p: p.read_bytes() for p in gateway.keys.iterdir()}
    assert {p.name for p in files} == {"invitation.key", "internal.key", "webhook.key"}
    assert all(len(data) == 32 and stat.S_IMODE(p.stat().st_mode) == 0o600 for p, data in files.items())
    assert stat.S_IMODE(gateway.state.stat().st_mode) == stat.S_IMODE(gateway.keys.stat().st_mode) == 0o700
    again = gateway.run("init")
    assert again.returncode == 0 and not again.stdout
    (gateway.keys / "webhook.key").unlink()
    assert "webhook.key" in gateway.run("init").stdout
    assert all(p.read_bytes() == data for p, data in files.items() if p.name != "webhook.key")


def test_serve_without_init(gateway):
    (gateway.keys / "internal.key").unlink()
    done = gateway.run("serve")
    assert done.returncode == 1 and "internal.key" in done.stderr
