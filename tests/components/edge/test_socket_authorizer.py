"""What the authoriser's function is given; whom it admits is tested with its code."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pulumi
import pulumi_random as random
import pytest

from components.edge.socket_authorizer import SocketAuthorizer, SocketAuthorizerArgs
from components.security.identity_platform import ISSUER_BASE, JWKS_URL
from functions.websocket_authorizer import id_token
from functions.websocket_authorizer.handler import Settings
from functions.websocket_authorizer.signing_keys import TIMEOUT_SECONDS
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components
from tests.environments import ROOT

LOGS_KEY = "arn:aws:kms:us-east-1:111122223333:key/logs"
FUNCTION, POLICY, ROLE = "aws:lambda/function:Function", "aws:iam/rolePolicy:RolePolicy", "aws:iam/role:Role"


def args(project_id: pulumi.Input[str] = "elson-test") -> SocketAuthorizerArgs:
    return SocketAuthorizerArgs(
        project_id=project_id,
        jwks_url=JWKS_URL,
        lambda_runtime="python3.13",
        logs_key_arn=LOGS_KEY,
        log_retention_days=30,
    )


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_components(lambda: SocketAuthorizer("socket-authorizer", args()))


def only(graph: Graph, token: str) -> Resource:
    (found,) = graph.of_type(token)
    return found


def test_the_role_may_write_its_own_log_and_nothing_else(graph: Graph) -> None:
    role, group = only(graph, ROLE), only(graph, "aws:cloudwatch/logGroup:LogGroup")
    assert json.loads(only(graph, POLICY)["policy"])["Statement"] == [
        {
            "Sid": "WriteLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [f"{group['arn']}:*"],
        }
    ]
    assert only(graph, POLICY)["role"] == role["name"]
    assert only(graph, FUNCTION)["role"] == role["arn"]
    assert graph.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment") == []


def test_lambda_alone_assumes_the_role(graph: Graph) -> None:
    (statement,) = json.loads(only(graph, ROLE)["assumeRolePolicy"])["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "lambda.amazonaws.com"}, ["sts:AssumeRole"])


def test_the_log_is_encrypted_and_kept_for_a_time(graph: Graph) -> None:
    group = only(graph, "aws:cloudwatch/logGroup:LogGroup")
    assert (group["kmsKeyId"], group["retentionInDays"]) == (LOGS_KEY, 30)
    assert only(graph, FUNCTION)["loggingConfig"] == {
        "logGroup": group["name"],
        "logFormat": "JSON",
        "applicationLogLevel": "INFO",
        "systemLogLevel": "WARN",
    }


def test_the_function_knows_whose_users_it_admits(graph: Graph) -> None:
    variables = only(graph, FUNCTION)["environment"]["variables"]
    assert variables == {"PROJECT_ID": "elson-test", "KEYS_URL": JWKS_URL}
    assert Settings.of(variables) == Settings(project_id="elson-test", keys_url=JWKS_URL)
    assert id_token.ISSUER_BASE == ISSUER_BASE, "one of the two would know nobody's tokens"


def test_a_flood_of_connections_takes_no_executions_from_other_functions(graph: Graph) -> None:
    assert only(graph, FUNCTION)["reservedConcurrentExecutions"] == 20


def test_the_function_is_given_more_time_than_google_may_take(graph: Graph) -> None:
    assert only(graph, FUNCTION)["timeout"] > 2 * TIMEOUT_SECONDS, "connecting and reading may each take that long"


def test_the_package_is_the_folder_of_the_function(graph: Graph) -> None:
    packed = {name: asset.path for name, asset in only(graph, FUNCTION)["code"].assets.items()}
    folder = {path.relative_to(ROOT).as_posix() for path in (ROOT / "functions/websocket_authorizer").glob("*.py")}
    assert set(packed) == {"functions/__init__.py", *folder}, "a file that is left out is missed only when it runs"
    assert all(name == path for name, path in packed.items()), "no path of one machine"


def test_the_package_runs_on_python_alone(graph: Graph, tmp_path: Path) -> None:
    function = only(graph, FUNCTION)
    for name in function["code"].assets:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, tmp_path / name)
    module, _, name = function["handler"].rpartition(".")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from {module} import {name}"
    # -I and -S leave out the environment and every package that is installed.
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)  # noqa: S603


def test_whoever_calls_the_function_waits_until_it_may_do_its_work() -> None:
    def build() -> None:
        made = SocketAuthorizer("socket-authorizer", args())
        random.RandomId("caller", byte_length=1, keepers={"function": made.function_arn})

    graph = record_components(build)
    assert {FUNCTION, POLICY} <= {each.type for each in graph.dependencies(graph.named("caller"))}


def test_its_outputs_are_what_a_gateway_and_an_alarm_need(graph: Graph) -> None:
    function = only(graph, FUNCTION)
    assert graph.named("socket-authorizer", "platform:edge:SocketAuthorizer").registered == {
        "function_arn": function["arn"],
        "function_name": function["name"],
    }


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_inputs_are_known_or_not(known: bool) -> None:
    def build() -> None:
        SocketAuthorizer("socket-authorizer", args(random.RandomId("made", byte_length=1).hex))

    graph = record_components(build, known=known)
    assert (len(graph.of_type(FUNCTION)), graph.problems) == (1, [])
