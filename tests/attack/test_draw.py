"""The draw of the telephone plan, over 1,000 seeds: who comes out, how often, and with whom. The seeds and the wave's
key are fixed, so the figures are the same each time."""
import csv
import hashlib
import io
import itertools
import math
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from fake_survey import FakeSurvey
from gateway import Gateway

SEEDS = [hashlib.sha256(f"frö {n}".encode()).hexdigest() for n in range(1000)]
SIZE = 2
AREAS = {"ekonomiskt-bistand": 60, "missbruk-beroende": 25, "socialpsykiatri": 12, "funktionsnedsattning": 6,
         "barn-unga": 5, "vald-nara-relation": 2, "aldreomsorg": 1}
# In the frame and not to be drawn: no phone, one abroad, one that costs.
NOT_CALLED = ["", "+358401234567", "0900123456"]


def improbable(statistic, freedom):
    """The chance of a chi-square so large, and of one so small (Abramowitz and Stegun 26.4.4, 26.4.5, by series)."""
    x, a = statistic / 2, freedom / 2
    term = total = 1 / a
    n = a
    while term > total * 1e-15:
        n += 1
        term *= x / n
        total += term
    below = total * math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - below, below


@pytest.fixture(scope="module", name="drawn")
def drawn_fixture(tmp_path_factory):
    """The frame's rows, the strata, and per seed who is drawn: by the program."""
    survey = FakeSurvey()
    gateway = Gateway(tmp_path_factory.mktemp("draw"), survey)
    key = gateway.keys / "farsta.2027-1.key"
    key.write_bytes(hashlib.sha256(b"nyckel").digest())
    key.chmod(0o600)
    numbers = iter(range(1000))
    rows = ["person_id;telefon;verksamhetsområde;enhet;skyddad;sms_tillåtet"]
    rows += [f"T-{n};070174{n:04};{area};Enhet {n % 2};nej;ja" for area, size in AREAS.items()
             for n in itertools.islice(numbers, size)]
    rows += [f"T-{next(numbers)};{phone};{area};Enhet 1;nej;ja" for area in AREAS for phone in NOT_CALLED]
    assert gateway.bring_in("\n".join(rows)).returncode == 0

    def draw(seed):
        file = gateway.folder / f"{seed}.drawn"
        more = ["--frame", gateway.folder / "frame.csv"] if seed == SEEDS[0] else []
        done = gateway.sample("--administration", "farsta", "--per-area", SIZE, "--seed", seed, "--drawn", file, *more)
        assert done.returncode == 0, done.stderr
        return file.read_text().split()

    with ThreadPoolExecutor(os.cpu_count()) as workers:
        by_seed = dict(zip(SEEDS, workers.map(draw, SEEDS)))
    text = (gateway.folder / "frame.csv").read_text(encoding="utf-8")
    yield list(csv.DictReader(io.StringIO(text), delimiter=";")), by_seed, gateway
    survey.close()
    assert not survey.faults


def persons(rows, area, callable_=True):
    return [row["person"] for row in rows if row["verksamhetsområde"] == area and (row["kan ringas"] == "ja") == callable_]


def test_the_frame(drawn):
    rows, by_seed, gateway = drawn
    assert len({row["person"] for row in rows}) == len(rows)
    for area, size in AREAS.items():
        assert (len(persons(rows, area)), len(persons(rows, area, False))) == (size, len(NOT_CALLED))
    # A thousand looks have drawn nobody.
    assert gateway.query("SELECT count(*) FROM contact WHERE code IS NOT NULL") == [(0,)]
    assert len({tuple(lines) for lines in by_seed.values()}) == len(SEEDS)


def test_anyone_can_repeat_it(drawn):
    """In each stratum those with the smallest SHA-256 of seed and person."""
    rows, by_seed, _ = drawn
    for seed, lines in by_seed.items():
        wanted = set()
        for area in AREAS:
            wanted |= set(sorted(persons(rows, area), key=lambda p: hashlib.sha256(bytes.fromhex(seed + p)).digest())[:SIZE])
        assert sorted(lines) == sorted(wanted)


@pytest.mark.parametrize("area", [area for area, size in AREAS.items() if size > SIZE])
def test_everyone_is_as_likely(drawn, area):
    """n of N drawn without replacement: the squares' sum, over n/N(1 - n/N) and times (N - 1)/N, is a chi-square of
    N - 1. Neither too uneven nor too even."""
    rows, by_seed, _ = drawn
    who = persons(rows, area)
    often = Counter(person for lines in by_seed.values() for person in lines)
    share, count = SIZE / len(who), len(who)
    squares = sum((often[person] - len(SEEDS) * share) ** 2 for person in who)
    assert sum(often[person] for person in who) == len(SEEDS) * SIZE
    larger, smaller = improbable(squares / (len(SEEDS) * share * (1 - share)) * (count - 1) / count, count - 1)
    assert larger > 0.001 and smaller > 0.001, (larger, smaller)


@pytest.mark.parametrize("area", ["funktionsnedsattning", "barn-unga", "socialpsykiatri"])
def test_every_pair_is_as_likely(drawn, area):
    rows, by_seed, _ = drawn
    who = sorted(persons(rows, area))
    often = Counter(tuple(sorted(set(lines) & set(who))) for lines in by_seed.values())
    pairs = list(itertools.combinations(who, SIZE))
    assert set(often) <= set(pairs)
    expected = len(SEEDS) / len(pairs)
    larger, smaller = improbable(sum((often[pair] - expected) ** 2 / expected for pair in pairs), len(pairs) - 1)
    assert larger > 0.001 and smaller > 0.001, (larger, smaller)


def test_strata_do_not_follow_each_other(drawn):
    """Who is drawn in one area says nothing of another's: pairs across two small strata."""
    rows, by_seed, _ = drawn
    one, other = persons(rows, "funktionsnedsattning"), persons(rows, "barn-unga")
    often = Counter(pair for lines in by_seed.values() for pair in itertools.product(set(lines) & set(one), set(lines) & set(other)))
    share = SIZE / len(one) * SIZE / len(other)
    spread = math.sqrt(len(SEEDS) * share * (1 - share))
    assert all(abs(often[pair] - len(SEEDS) * share) < 4 * spread for pair in itertools.product(one, other))


def test_where_there_are_too_few_all_are_drawn(drawn):
    rows, by_seed, _ = drawn
    few = {person for area, size in AREAS.items() if size <= SIZE for person in persons(rows, area)}
    never = {person for area in AREAS for person in persons(rows, area, False)}
    for lines in by_seed.values():
        assert len(set(lines)) == len(lines) == sum(min(SIZE, size) for size in AREAS.values())
        assert few <= set(lines) and not never & set(lines)


def test_the_real_draw(drawn):
    """What the log told before the draw is what the frame and the seed are, and the seed gives what is kept."""
    rows, _, gateway = drawn
    assert gateway.sample("--per-area", SIZE).returncode == 0
    said = {words[-2]: words[-1] for _, what in gateway.audit() for words in [what.split()] if words[0] == "sample"}
    assert hashlib.sha256(bytes.fromhex(said["drawn-with-seed"])).hexdigest() == said["seed-sha256"]
    frame = gateway.folder / "frame.csv"
    assert hashlib.sha256(frame.read_bytes()).hexdigest() == said["frame-sha256"]
    kept = {person.hex() for person, in gateway.query("SELECT person FROM contact JOIN stratum USING (wave, stratum) WHERE plan = 2")}
    wanted = set()
    for area in AREAS:
        wanted |= set(sorted(persons(rows, area), key=lambda p: hashlib.sha256(
            bytes.fromhex(said["drawn-with-seed"] + p)).digest())[:SIZE])
    assert kept == wanted
    order = [what.split()[-2] for _, what in gateway.audit() if what.startswith("sample ")]
    assert order == ["frame-sha256", "seed-sha256", "drawn-with-seed"]
    again = gateway.sample("--administration", "farsta", "--per-area", SIZE, "--seed", said["drawn-with-seed"])
    assert again.returncode == 0 and "är det som fröet ger" in again.stdout
    other = gateway.sample("--administration", "farsta", "--per-area", SIZE, "--seed", SEEDS[0])
    assert other.returncode == 1 and "differ" in other.stderr
