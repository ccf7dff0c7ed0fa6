"""A rotation from its first step to its last, on moto's Secrets Manager and a stand-in for Google's endpoints.

That the clouds behave like these is not proven here.
"""

import base64
import logging
import traceback
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.secretsmanager.models import secretsmanager_backends

from functions.rotate_secret.google_identity import GoogleError
from functions.rotate_secret.handler import ALPHABET, handler
from functions.rotate_secret.rotation import RotationError
from tests.functions.rotate_secret.google_cloud import CREDENTIALS, FEDERATED, OWN, REGION, GoogleCloud

NAME = "jwt-secret"
FIRST = "the-first-value"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
LENGTH = 64


class SecretsManager:
    """One secret in moto, and the steps as Secrets Manager calls them."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("secretsmanager", region_name=REGION)
        self.arn: str = self.client.create_secret(Name=NAME, SecretString=FIRST)["ARN"]

    def begin(self, **value: str) -> str:
        """A new pending version, without a value unless one is given; moto makes one only for a function it can run."""
        version = str(uuid.uuid4())
        secret: Any = secretsmanager_backends[DEFAULT_ACCOUNT_ID][REGION].secrets[NAME]
        secret.versions[version] = {
            "createdate": 0,
            "version_id": version,
            "version_stages": ["AWSPENDING"],
            **value,
        }
        return version

    def call(self, step: str, version: str) -> None:
        handler({"Step": step, "SecretId": self.arn, "ClientRequestToken": version}, None)

    def rotate(self, version: str | None = None) -> str:
        """All steps in order, up to one that fails."""
        version = version or self.begin()
        for step in STEPS:
            self.call(step, version)
        return version

    def clear(self, version: str) -> None:
        """What Secrets Manager does by itself once a rotation is finished."""
        self.client.update_secret_version_stage(
            SecretId=self.arn, VersionStage="AWSPENDING", RemoveFromVersionId=version
        )

    def value(self, stage: str = "AWSCURRENT") -> str:
        return self.client.get_secret_value(SecretId=self.arn, VersionStage=stage)["SecretString"]

    def stages(self) -> dict[str, set[str]]:
        described = self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        return {version: set(stages) for version, stages in described.items()}


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Lambda and the deployment put into the environment."""
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("VALUE_CHARACTERS", str(LENGTH))


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    with mock_aws():
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", CREDENTIALS.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secret_key)
        monkeypatch.setenv("AWS_SESSION_TOKEN", CREDENTIALS.token or "")
        yield SecretsManager()


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleCloud]:
    with GoogleCloud().running() as cloud:
        cloud.versions[NAME] = [FIRST]
        for key, value in cloud.environment().items():
            monkeypatch.setenv(key, value)
        yield cloud


def test_a_rotation_leaves_both_clouds_with_the_same_new_value(
    secrets_manager: SecretsManager, google: GoogleCloud
) -> None:
    version = secrets_manager.rotate()
    new = secrets_manager.value()
    assert new != FIRST
    assert google.versions == {NAME: [FIRST, new]}
    assert "AWSCURRENT" in secrets_manager.stages()[version]
    assert secrets_manager.value("AWSPREVIOUS") == FIRST, "readers accept the previous value for a while"


def test_a_new_value_has_the_length_it_should_and_needs_no_escaping(secrets_manager: SecretsManager) -> None:
    values = set()
    for _ in range(3):
        secrets_manager.rotate()
        values.add(secrets_manager.value())
    assert len(values) == 3, "a value that comes twice was not random"
    assert {len(value) for value in values} == {LENGTH}
    assert set("".join(values)) <= set(ALPHABET)


def test_nothing_is_current_in_aws_before_google_holds_it(secrets_manager: SecretsManager, google: GoogleCloud) -> None:
    version = secrets_manager.begin()
    for step in STEPS[:3]:
        secrets_manager.call(step, version)
        assert secrets_manager.value() == FIRST, f"{step} is not for AWS to read"
    assert google.versions[NAME][-1] == secrets_manager.value("AWSPENDING")


def test_steps_that_are_repeated_change_nothing(secrets_manager: SecretsManager, google: GoogleCloud) -> None:
    version = secrets_manager.begin()
    for step in STEPS:
        secrets_manager.call(step, version)
        secrets_manager.call(step, version)
    secrets_manager.clear(version)
    new, stages = secrets_manager.value(), secrets_manager.stages()
    secrets_manager.rotate(version)
    assert (secrets_manager.value(), secrets_manager.stages()) == (new, stages)
    assert google.versions == {NAME: [FIRST, new]}


@pytest.mark.parametrize("endpoint", ["/v1/token", ":generateAccessToken", ":access", ":addVersion"])
def test_a_failure_between_the_clouds_leaves_aws_as_it_was_and_a_retry_completes(
    secrets_manager: SecretsManager, google: GoogleCloud, endpoint: str
) -> None:
    google.refuse(endpoint, 503, "UNAVAILABLE")
    version = secrets_manager.begin()
    with pytest.raises(GoogleError, match="UNAVAILABLE from Google while"):
        secrets_manager.rotate(version)
    assert secrets_manager.value() == FIRST
    assert google.versions == {NAME: [FIRST]}

    secrets_manager.rotate(version)
    assert google.versions == {NAME: [FIRST, secrets_manager.value()]}


def test_a_version_that_google_added_without_saying_so_is_not_added_again(
    secrets_manager: SecretsManager, google: GoogleCloud
) -> None:
    google.lose_answers = 1
    version = secrets_manager.begin()
    with pytest.raises(GoogleError, match=r"no answer \(RemoteDisconnected\) from Google while adding a version"):
        secrets_manager.rotate(version)
    assert secrets_manager.value() == FIRST

    secrets_manager.rotate(version)
    assert google.versions == {NAME: [FIRST, secrets_manager.value()]}


def test_a_latest_that_lags_behind_neither_hides_the_new_version_nor_has_it_added_twice(
    secrets_manager: SecretsManager, google: GoogleCloud
) -> None:
    google.lag = 2
    version = secrets_manager.begin()
    for step in ("createSecret", "setSecret", "setSecret", "testSecret", "finishSecret"):
        secrets_manager.call(step, version)
    assert google.versions == {NAME: [FIRST, secrets_manager.value()]}


def test_a_version_that_somebody_else_adds_in_between_stops_the_rotation(
    secrets_manager: SecretsManager, google: GoogleCloud
) -> None:
    version = secrets_manager.begin()
    for step in ("createSecret", "setSecret"):
        secrets_manager.call(step, version)
    google.versions[NAME].append("from elsewhere")
    with pytest.raises(RotationError, match="newest version of jwt-secret in Secret Manager is not what"):
        secrets_manager.call("testSecret", version)
    assert secrets_manager.value() == FIRST


@pytest.mark.parametrize("lag", [0, 1])
def test_a_value_that_was_disabled_in_google_is_replaced(
    secrets_manager: SecretsManager, google: GoogleCloud, lag: int
) -> None:
    google.versions[NAME] = ["older", FIRST]
    google.disabled = {(NAME, 2)}
    google.lag = lag
    secrets_manager.rotate()
    assert google.versions == {NAME: ["older", FIRST, secrets_manager.value()]}, "who disables it wants another one"


def test_a_secret_without_a_version_in_google_gets_its_first(
    secrets_manager: SecretsManager, google: GoogleCloud
) -> None:
    google.versions[NAME] = []
    secrets_manager.rotate()
    assert google.versions == {NAME: [secrets_manager.value()]}


def test_a_secret_that_google_does_not_have_is_an_error(secrets_manager: SecretsManager, google: GoogleCloud) -> None:
    google.versions.clear()
    with pytest.raises(GoogleError, match="NOT_FOUND from Google while adding a version to jwt-secret"):
        secrets_manager.rotate()
    assert secrets_manager.value() == FIRST


@pytest.mark.parametrize(
    ("endpoint", "code", "status", "said"),
    [
        ("/v1/token", 400, "unauthorized_client", "the condition of projects/123456789012/.* must admit the role"),
        (":generateAccessToken", 403, "PERMISSION_DENIED", "needs roles/iam.workloadIdentityUser"),
        (":access", 403, "PERMISSION_DENIED", "reading version latest of jwt-secret"),
        (":addVersion", 400, "INVALID_ARGUMENT", "adding a version to jwt-secret"),
        (":addVersion", 400, "a message instead of a word", "HTTP 400 from Google while adding"),
    ],
)
def test_a_refusal_says_who_refused_what_and_neither_value_nor_credential(
    secrets_manager: SecretsManager,
    google: GoogleCloud,
    caplog: pytest.LogCaptureFixture,
    endpoint: str,
    code: int,
    status: str,
    said: str,
) -> None:
    caplog.set_level(logging.INFO)
    google.refuse(endpoint, code, status)
    with pytest.raises(GoogleError, match=said) as refused:
        secrets_manager.rotate()
    assert " " in status or status in str(refused.value)
    logged = caplog.text + "".join(traceback.format_exception(refused.value))
    assert [text for text in confidential(secrets_manager, google) if text in logged] == []


def confidential(secrets_manager: SecretsManager, google: GoogleCloud) -> list[str]:
    """Values, tokens and credentials, plain and encoded, and every body that was sent."""
    values = [FIRST, secrets_manager.value("AWSPENDING")]
    encoded = [base64.b64encode(value.encode()).decode() for value in values]
    bodies = [body.decode() for body in google.received if body]
    return [*values, *encoded, *bodies, FEDERATED, OWN, CREDENTIALS.secret_key, str(CREDENTIALS.token)]


def test_the_log_tells_each_step_and_no_value(
    secrets_manager: SecretsManager, google: GoogleCloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    version = secrets_manager.rotate()
    secrets_manager.call("createSecret", version)
    own = [record.getMessage() for record in caplog.records if record.name.startswith("functions.")]
    assert own == [
        *(f"{step}: done for version {version} of {NAME}" for step in STEPS),
        f"createSecret: version {version} of {NAME} is current already",
    ]
    values = [FIRST, secrets_manager.value(), FEDERATED, OWN, CREDENTIALS.secret_key, str(CREDENTIALS.token)]
    assert [value for value in values if value in caplog.text] == []
    assert len(google.versions[NAME]) == 2


def test_without_the_google_half_aws_is_written_alone(secrets_manager: SecretsManager) -> None:
    version = secrets_manager.rotate()
    assert secrets_manager.value() != FIRST
    assert "AWSCURRENT" in secrets_manager.stages()[version]


@pytest.mark.parametrize("missing", ["GOOGLE_PROJECT_ID", "GOOGLE_PROVIDER_NAME", "GOOGLE_SERVICE_ACCOUNT"])
def test_a_google_half_that_is_described_in_part_is_not_taken_for_none(
    secrets_manager: SecretsManager, google: GoogleCloud, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(KeyError, match=missing):
        secrets_manager.rotate()
    assert (google.versions[NAME], secrets_manager.value()) == ([FIRST], FIRST)


@pytest.mark.parametrize("value", [{}, {"secret_string": FIRST}])
def test_the_test_of_a_new_schedule_reads_both_clouds_and_writes_nothing(
    secrets_manager: SecretsManager, google: GoogleCloud, value: dict[str, str]
) -> None:
    """Secrets Manager calls the one step, with a pending version that it removes again."""
    version = secrets_manager.begin(**value)
    secrets_manager.call("testSecret", version)
    assert (google.versions, secrets_manager.value()) == ({NAME: [FIRST]}, FIRST)
    assert [path for path in google.paths if path.endswith(":access")] != []
    google.versions[NAME] = ["another"]
    with pytest.raises(RotationError, match="is not what Secrets Manager holds"):
        secrets_manager.call("testSecret", version)


@pytest.mark.parametrize("step", ["setSecret", "finishSecret"])
def test_a_version_without_a_value_goes_no_further(
    secrets_manager: SecretsManager, google: GoogleCloud, step: str
) -> None:
    version = secrets_manager.begin()
    with pytest.raises(RotationError, match="has no value yet"):
        secrets_manager.call(step, version)
    assert (google.versions[NAME], secrets_manager.value()) == ([FIRST], FIRST)


@pytest.mark.parametrize("step", STEPS)
def test_a_version_that_is_not_pending_is_left_alone(
    secrets_manager: SecretsManager, google: GoogleCloud, step: str
) -> None:
    secrets_manager.rotate()
    (previous,) = [version for version, stages in secrets_manager.stages().items() if "AWSPREVIOUS" in stages]
    before = secrets_manager.stages()
    for version in (previous, str(uuid.uuid4())):
        with pytest.raises(RotationError, match="is not pending"):
            secrets_manager.call(step, version)
    assert secrets_manager.stages() == before, "an old value would come back"
    assert len(google.versions[NAME]) == 2


def test_a_step_that_does_not_exist_is_an_error(secrets_manager: SecretsManager) -> None:
    with pytest.raises(RotationError, match="'dropSecret' is no step"):
        secrets_manager.call("dropSecret", secrets_manager.begin())
