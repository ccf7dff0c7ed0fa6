"""Who of each cloud may act in the other; that the clouds evaluate the conditions so is not proven here."""

import json

import pytest

from components import policy
from components.security.cloud_trust import (
    AwsCaller,
    CloudTrust,
    CloudTrustArgs,
    GoogleCaller,
    admission,
    google_trust,
    session_of,
)
from sandbox.graph import Graph
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
FORWARDER = f"arn:aws:iam::{ACCOUNT}:role/platform/event-forwarder"
FORWARDER_SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/event-forwarder"
PUBLISHER = "projects/elson-test/serviceAccounts/publisher@elson-test.iam.gserviceaccount.com"
PUT_EVENTS = policy.document(
    policy.allow("PutEvents", ["events:PutEvents"], [f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/trading"])
)


def args(*, callers: bool) -> CloudTrustArgs:
    return CloudTrustArgs(
        account_id=ACCOUNT,
        project_id="elson-test",
        pool_prefix="elson-staging",
        aws_callers={"events": AwsCaller(role_arn=FORWARDER, service_account_id=PUBLISHER)} if callers else {},
        google_callers=(
            {"returns": GoogleCaller(unique_id="104", audience="sts.amazonaws.com", permissions=PUT_EVENTS)}
            if callers
            else {}
        ),
    )


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_components(lambda: CloudTrust("trust", args(callers=True)))


@pytest.fixture(scope="module")
def nobody() -> Graph:
    return record_components(lambda: CloudTrust("trust", args(callers=False)))


PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"


def test_the_pool_admits_the_named_roles_of_the_named_account_only(graph: Graph) -> None:
    (provider,) = graph.of_type(PROVIDER)
    assert provider["aws"] == {"accountId": ACCOUNT}
    assert provider["workloadIdentityPoolProviderId"] == f"aws-{ACCOUNT}"
    assert provider["attributeCondition"] == f"attribute.aws_role in ['{FORWARDER_SESSION}']"


def test_with_no_callers_the_pool_admits_nobody(nobody: Graph) -> None:
    (provider,) = nobody.of_type(PROVIDER)
    assert provider["attributeCondition"] == "false", "without a condition the whole account may come in"


def test_with_no_callers_nobody_may_act_as_anybody(nobody: Graph) -> None:
    assert nobody.of_type("gcp:serviceaccount/iAMMember:IAMMember", "aws:iam/role:Role") == []
    assert (nobody.named("trust", "platform:security:CloudTrust").registered or {})["aws_role_arns"] == {}


def test_a_role_acts_as_its_one_service_account_only(graph: Graph) -> None:
    (pool,) = graph.of_type("gcp:iam/workloadIdentityPool:WorkloadIdentityPool")
    members = graph.of_type("gcp:serviceaccount/iAMMember:IAMMember")
    assert [(each["serviceAccountId"], each["role"], each["member"]) for each in members] == [
        (
            PUBLISHER,
            "roles/iam.workloadIdentityUser",
            f"principalSet://iam.googleapis.com/{pool['name']}/attribute.aws_role/{FORWARDER_SESSION}",
        )
    ]


def test_the_subject_stays_below_what_google_accepts(graph: Graph) -> None:
    (provider,) = graph.of_type(PROVIDER)
    mapping = provider["attributeMapping"]
    assert set(mapping) == {"google.subject", "attribute.aws_role"}
    assert mapping["google.subject"] != "assertion.arn", "role and session together can exceed 127 bytes"


def test_the_id_of_the_pool_can_be_had_again_after_a_deletion(graph: Graph) -> None:
    (pool,) = graph.of_type("gcp:iam/workloadIdentityPool:WorkloadIdentityPool")
    (suffix,) = graph.of_type("random:index/randomId:RandomId")
    assert pool["workloadIdentityPoolId"] == f"elson-staging-{suffix['hex']}", "a deleted id is taken for 30 days"


def test_trust_is_protected_and_yet_ends_with_its_environment(graph: Graph) -> None:
    for each in graph.of_type("gcp:iam/workloadIdentityPool:WorkloadIdentityPool", PROVIDER):
        assert (each.options.protect, each.options.retain_on_delete) == (True, False), each.name


def test_a_google_account_gets_a_role_with_exactly_its_permissions(graph: Graph) -> None:
    (role,) = graph.of_type("aws:iam/role:Role")
    (permissions,) = graph.of_type("aws:iam/rolePolicy:RolePolicy")
    assert json.loads(role["assumeRolePolicy"]) == google_trust("104", "sts.amazonaws.com")
    assert json.loads(permissions["policy"]) == PUT_EVENTS
    assert (graph.named("trust", "platform:security:CloudTrust").registered or {})["aws_role_arns"] == {
        "returns": role["arn"]
    }


def test_a_google_account_is_known_by_its_numeric_id_and_by_whom_its_token_is_for() -> None:
    (statement,) = google_trust("104", "sts.amazonaws.com")["Statement"]
    assert statement["Principal"] == {"Federated": "accounts.google.com"}
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert statement["Condition"] == {
        "StringEquals": {
            "accounts.google.com:sub": "104",
            "accounts.google.com:aud": "104",
            "accounts.google.com:oaud": "sts.amazonaws.com",
        }
    }, "AWS reads a token's azp as aud, and its aud as oaud"


def test_a_google_service_that_chooses_its_audience_is_still_known_by_its_numeric_id() -> None:
    (statement,) = google_trust("104", None)["Statement"]
    assert statement["Condition"] == {"StringEquals": {"accounts.google.com:sub": "104"}}


def test_a_session_has_the_name_of_its_role_without_the_path() -> None:
    assert session_of(FORWARDER) == FORWARDER_SESSION
    assert session_of(f"arn:aws:iam::{ACCOUNT}:role/short") == f"arn:aws:sts::{ACCOUNT}:assumed-role/short"


@pytest.mark.parametrize("arn", [f"arn:aws:iam::{ACCOUNT}:user/someone", f"arn:aws:iam::{ACCOUNT}:root", "*"])
def test_only_a_role_can_be_admitted(arn: str) -> None:
    with pytest.raises(ValueError, match="is not the ARN of a role"):
        session_of(arn)


def test_the_condition_does_not_depend_on_the_order_of_the_callers() -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/backup"
    assert admission([FORWARDER, other]) == admission([other, FORWARDER, other])


@pytest.mark.parametrize("prefix", ["gcp-pool", "abc", "a" * 28, "Elson", "elson_x", "-elson", "elson-"])
def test_a_pool_prefix_that_google_refuses_is_refused_here(prefix: str) -> None:
    with pytest.raises(ValueError, match="cannot begin the id of an identity pool"):
        CloudTrustArgs(account_id=ACCOUNT, project_id="elson-test", pool_prefix=prefix)


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool) -> None:
    graph = record_components(lambda: CloudTrust("trust", args(callers=True)), known=known)
    assert len(graph.of_type(PROVIDER)) == 1
