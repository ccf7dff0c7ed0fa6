"""What the rotation may do, and which secrets it is for; what the function does is tested with its code."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_random as random
import pytest

from components.security.generated_secret import TOKEN_CHARACTERS
from components.security.secret_pair import SecretReplica
from components.security.secret_rotation import (
    FunctionRole,
    GoogleAccess,
    RotatedSecrets,
    SecretRotation,
    SecretRotationArgs,
    rotation_policy,
)
from functions.rotate_secret import google_identity, handler
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components
from tests.environments import ROOT, loaded

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1"
REPLICA_KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/mrk-1"
LOGS_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/logs"
ROLE = FunctionRole(arn=f"arn:aws:iam::{ACCOUNT}:role/rotator", name="rotator")
PROVIDER_NAME = "projects/1/locations/global/workloadIdentityPools/elson/providers/aws-111122223333"
EMAIL = "rotator@elson-test.iam.gserviceaccount.com"
GOOGLE = GoogleAccess(project_id="elson-test", provider_name=PROVIDER_NAME, service_account=EMAIL)
REPLICA = SecretReplica(region="us-west-2", key_arn=REPLICA_KEY)
LOG = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:rotation"

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
SCHEDULE = "aws:secretsmanager/secretRotation:SecretRotation"
SECRET = "aws:secretsmanager/secret:Secret"
GRANT = "gcp:secretmanager/secretIamMember:SecretIamMember"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"


def args(*, google: GoogleAccess | None = GOOGLE) -> SecretRotationArgs:
    return SecretRotationArgs(
        account_id=ACCOUNT,
        region="us-east-1",
        lambda_runtime="python3.13",
        role=ROLE,
        secrets=secrets(),
        google=google,
        logs_key_arn=LOGS_KEY,
        log_retention_days=30,
    )


def secrets(replica: SecretReplica | None = REPLICA) -> RotatedSecrets:
    return RotatedSecrets(names=["jwt-secret", "secret-key"], key_arn=KEY, replica=replica)


@pytest.fixture(scope="module")
def alone() -> Graph:
    return record_components(lambda: SecretRotation("rotation", args()))


def statements(replica: SecretReplica | None = REPLICA) -> dict[str, dict[str, Any]]:
    document = rotation_policy(ACCOUNT, "us-east-1", secrets(replica), LOG)
    assert {each["Effect"] for each in document["Statement"]} == {"Allow"}
    return {each["Sid"]: each for each in document["Statement"]}


def allowed(statement: Mapping[str, Any], arn: str) -> bool:
    """Whether a statement speaks of a resource, by IAM's two wildcards."""
    patterns = [re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".") for pattern in statement["Resource"]]
    return any(re.fullmatch(pattern, arn) for pattern in patterns)


def secret_arn(name: str, account: str = ACCOUNT, region: str = "us-east-1") -> str:
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-a1B2c3"


def test_the_role_may_do_this_and_nothing_else() -> None:
    assert {sid: each["Action"] for sid, each in statements().items()} == {
        "RotateSecrets": [
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        "UseKey": ["kms:Decrypt", "kms:GenerateDataKey"],
        "WriteLog": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "EncryptCopies": ["kms:Encrypt", "kms:GenerateDataKey"],
    }


@pytest.mark.parametrize("name", ["jwt-secret", "secret-key"])
def test_the_role_reaches_the_named_secrets(name: str) -> None:
    assert allowed(statements()["RotateSecrets"], secret_arn(name))


@pytest.mark.parametrize(
    "arn",
    [
        secret_arn("encryption-key"),
        secret_arn("slack-token"),
        secret_arn("jwt-secret-old"),
        secret_arn("my-jwt-secret"),
        secret_arn("jwt-secret", account="999988887777"),
        secret_arn("jwt-secret", region="us-west-2"),
    ],
)
def test_the_role_reaches_no_other_secret(arn: str) -> None:
    assert not allowed(statements()["RotateSecrets"], arn)


def test_the_role_uses_keys_through_secrets_manager_only_and_reads_no_copy() -> None:
    used = {sid: (statements()[sid]["Resource"], statements()[sid]["Condition"]) for sid in ("UseKey", "EncryptCopies")}
    assert used == {
        "UseKey": ([KEY], through("us-east-1")),
        "EncryptCopies": ([REPLICA_KEY], through("us-west-2")),
    }


def through(region: str) -> dict[str, Any]:
    condition = {"kms:CallerAccount": ACCOUNT, "kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}
    return {"StringEquals": condition}


def test_without_a_recovery_region_the_role_uses_one_key() -> None:
    assert set(statements(None)) == {"RotateSecrets", "UseKey", "WriteLog"}


def test_the_role_writes_to_its_own_log_group_alone(alone: Graph) -> None:
    (attached,) = alone.of_type(ROLE_POLICY)
    (group,) = alone.of_type("aws:cloudwatch/logGroup:LogGroup")
    (write,) = [each for each in json.loads(attached["policy"])["Statement"] if each["Sid"] == "WriteLog"]
    assert write["Resource"] == [f"{group['arn']}:*"]
    assert attached["role"] == "rotator"


def test_what_the_function_logs_is_encrypted_kept_for_a_time_and_never_a_request(alone: Graph) -> None:
    (group,) = alone.of_type("aws:cloudwatch/logGroup:LogGroup")
    (function,) = alone.of_type(FUNCTION)
    assert (group["kmsKeyId"], group["retentionInDays"]) == (LOGS_KEY, 30)
    assert function["loggingConfig"] == {
        "logGroup": group["name"],
        "logFormat": "JSON",
        "applicationLogLevel": "INFO",
        "systemLogLevel": "WARN",
    }, "at DEBUG the client library logs what it sends"


def test_the_function_runs_once_at_a_time(alone: Graph) -> None:
    assert alone.of_type(FUNCTION)[0]["reservedConcurrentExecutions"] == 1, "two at once could both add a version"


def test_the_environment_of_the_function_says_where_things_are_and_holds_no_secret(alone: Graph) -> None:
    (function,) = alone.of_type(FUNCTION)
    assert function["environment"]["variables"] == {
        "VALUE_CHARACTERS": str(TOKEN_CHARACTERS),
        "GOOGLE_PROJECT_ID": "elson-test",
        "GOOGLE_PROVIDER_NAME": PROVIDER_NAME,
        "GOOGLE_SERVICE_ACCOUNT": EMAIL,
    }


def test_without_a_standby_cloud_the_function_hears_nothing_of_google() -> None:
    graph = record_components(lambda: SecretRotation("rotation", args(google=None)))
    assert graph.of_type(FUNCTION)[0]["environment"]["variables"] == {"VALUE_CHARACTERS": str(TOKEN_CHARACTERS)}


def test_the_package_is_the_folder_of_the_function_and_its_handler_is_in_it(alone: Graph) -> None:
    (function,) = alone.of_type(FUNCTION)
    packed = {name: asset.path for name, asset in function["code"].assets.items()}
    folder = {path.relative_to(ROOT).as_posix() for path in (ROOT / "functions" / "rotate_secret").glob("*.py")}
    assert set(packed) == {"functions/__init__.py", *folder}, "a file that is left out is missed only when it runs"
    assert all(name == path for name, path in packed.items()), "the files import each other by where they lie"
    module, _, name = function["handler"].rpartition(".")
    assert f"{module.replace('.', '/')}.py" in packed
    assert f"def {name}(event" in (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


def test_no_path_of_this_machine_is_in_the_package(alone: Graph) -> None:
    paths = [Path(asset.path) for asset in alone.of_type(FUNCTION)[0]["code"].assets.values()]
    assert [path for path in paths if path.is_absolute()] == [], "the next machine would deploy it anew"


def test_the_package_needs_nothing_that_the_runtime_does_not_bring() -> None:
    brought = {"boto3", "botocore", "functions"}
    standard = {"base64", "collections", "dataclasses", "functools", "http", "json", "logging", "os", "re", "secrets"}
    imported = {
        found
        for path in (ROOT / "functions" / "rotate_secret").glob("*.py")
        for found in re.findall(r"^(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert imported <= brought | standard | {"string", "typing", "urllib"}


def test_the_function_is_given_more_time_than_its_slowest_step_takes_at_worst(alone: Graph) -> None:
    """Which reads twice from AWS, takes two tokens from Google, looks for the newest version and adds one."""
    from_aws = 2 * handler.ATTEMPTS * (handler.CONNECT_SECONDS + handler.READ_SECONDS)
    from_google = 5 * google_identity.TIMEOUT_SECONDS
    assert alone.of_type(FUNCTION)[0]["timeout"] > from_aws + from_google, "cut off, a step does not say where it hung"


def test_whoever_calls_the_function_waits_until_it_may_do_its_work() -> None:
    def build() -> None:
        rotation = SecretRotation("rotation", args())
        random.RandomId("caller", byte_length=1, keepers={"function": rotation.function_arn})

    graph = record_components(build)
    assert {FUNCTION, ROLE_POLICY} <= {each.type for each in graph.dependencies(graph.named("caller"))}


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_inputs_are_known_or_not(known: bool) -> None:
    def build() -> None:
        made = random.RandomId("made", byte_length=1).hex
        role = FunctionRole(arn=pulumi.Output.concat(f"arn:aws:iam::{ACCOUNT}:role/", made), name=made)
        google = GoogleAccess(project_id="elson-test", provider_name=made, service_account=made)
        given = args(google=google)
        SecretRotation(
            "rotation",
            SecretRotationArgs(
                account_id=given.account_id,
                region=given.region,
                lambda_runtime=given.lambda_runtime,
                role=role,
                secrets=given.secrets,
                google=google,
                logs_key_arn=given.logs_key_arn,
                log_retention_days=given.log_retention_days,
            ),
        )

    assert len(record_components(build, known=known).of_type(FUNCTION)) == 1


def function_of(graph: Graph) -> Resource:
    return graph.named("secret-rotation-aws", FUNCTION)


def scheduled(graph: Graph) -> dict[str, Resource]:
    """Each schedule of an environment by the name of its secret."""
    by_arn = {secret["arn"]: secret["name"] for secret in graph.of_type(SECRET)}
    return {by_arn[schedule["secretId"]]: schedule for schedule in graph.of_type(SCHEDULE)}


def test_the_two_signing_secrets_are_rotated_as_often_as_the_settings_say(graph: Graph) -> None:
    arn = function_of(graph)["arn"]
    rules = {
        name: schedule["rotationRules"]
        for name, schedule in scheduled(graph).items()
        if schedule["rotationLambdaArn"] == arn
    }
    expected = {"automaticallyAfterDays": loaded(graph.stack).secrets.rotation_days}
    assert rules == {"jwt-secret": expected, "secret-key": expected}


def test_what_encrypts_stored_data_or_is_issued_by_others_is_never_rotated(graph: Graph) -> None:
    never = {"encryption-key", *loaded(graph.stack).secrets.external}
    assert never <= {secret["name"] for secret in graph.of_type(SECRET)}
    assert never & set(scheduled(graph)) == set(), "the data would be unreadable, the issuer would not know the value"


def test_the_role_of_each_environment_reaches_exactly_what_is_scheduled(graph: Graph) -> None:
    role = graph.named("secret-rotation-identity-aws", "aws:iam/role:Role")
    assert function_of(graph)["role"] == role["arn"]
    (attached,) = [each for each in graph.of_type(ROLE_POLICY) if each["role"] == role["name"]]
    (rotate,) = [each for each in json.loads(attached["policy"])["Statement"] if each["Sid"] == "RotateSecrets"]
    reached = {each["name"] for each in graph.of_type(SECRET) if allowed(rotate, arn_as_aws_makes_it(each))}
    assert reached == {"jwt-secret", "secret-key"}


def arn_as_aws_makes_it(secret: Resource) -> str:
    """Six characters behind the name, whatever the recorder puts there."""
    return re.sub(r"(:secret:).*", rf"\g<1>{secret['name']}-a1B2c3", secret["arn"])


def test_secrets_manager_alone_calls_the_function_and_for_these_secrets_only(graph: Graph) -> None:
    secret = {each["name"]: each["arn"] for each in graph.of_type(SECRET)}
    function = function_of(graph)
    permissions = {
        (each["principal"], each["sourceArn"], each["sourceAccount"])
        for each in graph.of_type(PERMISSION)
        if each["function"] == function["arn"]
    }
    account = loaded(graph.stack).aws.account_id
    assert permissions == {
        ("secretsmanager.amazonaws.com", secret[name], account) for name in ("jwt-secret", "secret-key")
    }


@pytest.mark.parametrize("environment", ["staging", "production"], indirect=True)
def test_the_role_enters_google_as_its_own_account(graph: Graph) -> None:
    function = function_of(graph)
    account = graph.named("secret-rotation-identity-gcp")
    provider = graph.named("trust-aws", PROVIDER)
    variables = function["environment"]["variables"]
    assert variables["GOOGLE_PROVIDER_NAME"] == provider["name"]
    assert variables["GOOGLE_SERVICE_ACCOUNT"] == account["email"]
    role_name = function["role"].rpartition("/")[2]
    assert f"assumed-role/{role_name}'" in provider["attributeCondition"]
    (admitted,) = [
        each
        for each in graph.of_type("gcp:serviceaccount/iAMMember:IAMMember")
        if each["serviceAccountId"] == account["name"]
    ]
    assert admitted["role"] == "roles/iam.workloadIdentityUser"
    assert admitted["member"].endswith(f"assumed-role/{role_name}"), "nobody else acts as the account"


@pytest.mark.parametrize("environment", ["staging", "production"], indirect=True)
def test_in_google_the_rotation_adds_to_and_reads_two_secrets_and_holds_no_other_role(graph: Graph) -> None:
    member = graph.named("secret-rotation-identity-gcp")["member"]
    held = {
        (each.type, each.get("secretId"), each["role"])
        for each in graph
        if each.inputs.get("member") == member or member in (each.inputs.get("members") or [])
    }
    secret = {each["secretId"]: each.id for each in graph.of_type("gcp:secretmanager/secret:Secret")}
    adds, reads = "roles/secretmanager.secretVersionAdder", "roles/secretmanager.secretAccessor"
    assert held == {(GRANT, secret[name], role) for name in ("jwt-secret", "secret-key") for role in (adds, reads)}


@pytest.mark.parametrize("environment", ["development"], indirect=True)
def test_without_a_standby_cloud_the_rotation_is_whole_in_aws(graph: Graph) -> None:
    assert set(function_of(graph)["environment"]["variables"]) == {"VALUE_CHARACTERS"}
    assert [each.urn for each in graph if each.package == "gcp"] == []
    assert {"jwt-secret", "secret-key"} <= set(scheduled(graph))
