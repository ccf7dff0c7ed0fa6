"""Who a function is in both clouds; what it may do is granted, and tested, elsewhere."""

import json

import pytest

from components.naming import IllegalNameError
from components.security.function_identity import FunctionIdentity, FunctionIdentityArgs
from sandbox.graph import Graph
from sandbox.recorder import record_components

ROLE = "aws:iam/role:Role"
ACCOUNT = "gcp:serviceaccount/account:Account"


def recorded(project_id: str | None = "elson-test", *, name: str = "rotator", known: bool = True) -> Graph:
    args = FunctionIdentityArgs(purpose="Rotates", project_id=project_id)
    return record_components(lambda: FunctionIdentity(name, args), known=known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


def test_it_is_one_role_and_one_service_account_and_neither_may_do_anything(graph: Graph) -> None:
    assert sorted(each.type for each in graph if each.custom) == [ROLE, ACCOUNT], "no key, no policy, no grant"


def test_nothing_but_lambda_takes_the_role(graph: Graph) -> None:
    (statement,) = json.loads(graph.of_type(ROLE)[0]["assumeRolePolicy"])["Statement"]
    assert statement == {
        "Sid": "LambdaAssumes",
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Principal": {"Service": "lambda.amazonaws.com"},
    }


def test_its_outputs_name_it_in_every_way_that_others_ask_for(graph: Graph) -> None:
    (role,), (account,) = graph.of_type(ROLE), graph.of_type(ACCOUNT)
    assert graph.named("rotator", "platform:security:FunctionIdentity").registered == {
        "role_arn": role["arn"],
        "role_name": role["name"],
        "service_account_id": account["name"],
        "google_email": account["email"],
        "google_member": account["member"],
    }


def test_both_consoles_say_what_it_is_for(graph: Graph) -> None:
    assert (graph.of_type(ROLE)[0]["description"], graph.of_type(ACCOUNT)[0]["description"]) == ("Rotates", "Rotates")


def test_without_a_standby_cloud_it_is_a_role_alone() -> None:
    alone = recorded(None)
    assert [each.type for each in alone if each.custom] == [ROLE]
    registered = alone.named("rotator", "platform:security:FunctionIdentity").registered or {}
    assert {key for key, value in registered.items() if value is not None} == {"role_arn", "role_name"}


def test_a_name_that_google_would_refuse_is_refused_here() -> None:
    with pytest.raises(IllegalNameError, match="a Google service account holds 30"):
        recorded(name="a-function-with-a-rather-long-name")


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool) -> None:
    assert len(recorded(known=known).of_type(ROLE)) == 1
