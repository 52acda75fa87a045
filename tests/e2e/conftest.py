"""What most tests of the gateway stand on. A file that needs another says so itself, under the same name."""
import pytest
from fake_46elks import Fake46elks
from fake_survey import FakeSurvey
from gateway import LINK, Gateway


@pytest.fixture(name="survey")
def survey_fixture():
    fake = FakeSurvey()
    yield fake
    fake.close()
    assert not fake.faults


@pytest.fixture(name="elks")
def elks_fixture():
    fake = Fake46elks(LINK, "")
    yield fake
    fake.close()
    assert not fake.faults


@pytest.fixture(name="gateway")
def gateway_fixture(tmp_path, survey):
    g = Gateway(tmp_path, survey)
    yield g
    g.close()
