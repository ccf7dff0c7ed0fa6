"""Nobody may do more than the work takes: what is wrong with a policy, and who is let in without a name.

What each role may do stands in `test_roles.py`, what each member may do in Google Cloud in `test_google_grants.py`, and
who reads secrets and uses keys in `test_secrets_and_keys.py`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import parliament

from sandbox.graph import Graph
from tests.environments import ENVIRONMENTS, loaded, recorded
from tests.permissions import (
    ANYONE,
    Document,
    allowed,
    documents,
    listed,
    principals,
)

ROLE = "aws:iam/role:Role"
KEYS = ("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey")

AUDITORS = Path(parliament.__file__).parent / "community_auditors" / "config_override.yaml"

REASONS = {
    ("CREDENTIALS_EXPOSURE", r"rolePolicy .*-execution"): "the registry's token opens nothing by itself: which"
    " repository it pulls from is in the next statement",
    ("MISMATCHED_TYPE", r"(key|replicaKey) key-logs-aws.*"): "the encryption context of CloudWatch Logs is the ARN of a"
    " log group, which IAM compares as text",
    ("PERMISSIONS_MANAGEMENT_ACTIONS", r"(key|replicaKey) .*"): "administrators keep a key's policy, and services of"
    " AWS are handed grants; no statement lets a role of a service do either",
    ("PERMISSIONS_MANAGEMENT_ACTIONS", r"vpcEndpoint .*-endpoints-s3"): "the endpoint says whose principals pass; what"
    " each may do is for its role to say",
    ("MISMATCHED_TYPE_BUT_USABLE", r"bucketPolicy bucket-.*"): "the key that an upload names is compared as text, in"
    " full and without wildcards, and so is refused in any other spelling",
    ("RESOURCE_MISMATCH", r"(key|replicaKey) .*"): "an alias takes permission on the alias and on the key; this is the"
    " key's half, and the other one is IAM's",
    ("RESOURCE_STAR", r"vpcEndpoint .*-endpoints-s3"): "as above, and which bucket is for the buckets' policies to say",
    ("RESOURCE_MISMATCH", r"rolePolicy (network-.*-flow-logs|bastion-session-log)"): "IAM knows no resource for listing"
    " log groups, and takes `log-group:*`, which keeps it to one region of the account",
}
"""Findings of parliament that stay, by finding and by where (a pattern), and why each is none."""

PUBLIC_STATEMENTS = {
    ("vpcEndpoint", "OwnPrincipals"): "behind the endpoint is our network alone; it lets out our own principals alone",
    ("vpcEndpoint", "ImageLayersAndPackages"): "whoever pulls an image or a package comes without a name or with"
    " AWS's own; the buckets are AWS's and public",
}
"""Statements that allow anyone something, by type and Sid, and why."""

PUBLIC_WITHOUT_POLICY = {
    "invokerIamDisabled": "customers have no identity of Google's; the load balancer and its rules stand in front",
}
"""Other ways to let anyone in."""


def short(document: Document) -> str:
    """`rolePolicy backend-api-execution`, as the tables above write it."""
    return f"{document.resource.type.split('/')[1].split(':')[0]} {document.resource.name}"


def as_identity_policy(document: Document) -> str:
    """The document in the form that parliament judges.

    A trust policy names no resource and means its role; in the policies of keys and secrets `*` is the one they hang
    on. parliament knows neither, and would call the first malformed and the second too wide.
    """
    own = document.resource.get("arn")
    content: dict[str, Any] = json.loads(document.text)
    for statement in content["Statement"]:
        if document.place == "assumeRolePolicy":
            statement["Resource"] = [own]
        elif document.resource.type in KEYS or document.resource.type.startswith("aws:secretsmanager/"):
            secret = document.resource.get("secretArn")
            statement["Resource"] = [secret or own if each == "*" else each for each in listed(statement["Resource"])]
    return json.dumps(content)


@cache
def findings() -> Mapping[tuple[str, str], set[str]]:
    """What parliament finds in any environment, by finding and where; with the details."""
    parliament.override_config(str(AUDITORS))
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for environment in ENVIRONMENTS:
        for document in documents(recorded(environment)):
            judged = parliament.analyze_policy_string(
                as_identity_policy(document),
                # They judge what a policy hands out; a trust policy hands out the role itself, as it is meant to.
                include_community_auditors=document.place != "assumeRolePolicy",
            )
            for finding in judged.findings:
                found[finding.issue, short(document)].add(f"{document.place}: {finding.detail or finding.location}")
    return found


def reason(issue: str, where: str) -> tuple[str, str] | None:
    """The key of the reason for a finding."""
    return next((key for key in REASONS if key[0] == issue and re.fullmatch(key[1], where)), None)


def test_every_finding_of_parliament_has_a_written_reason() -> None:
    unexplained = {key: details for key, details in findings().items() if reason(*key) is None}
    assert unexplained == {}


def test_every_reason_still_has_a_finding() -> None:
    used = {reason(*key) for key in findings()}
    assert set(REASONS) - used == set(), "a reason without a finding hides the next one"


def test_every_policy_of_the_program_is_judged(graph: Graph) -> None:
    judged = {document.resource.type for document in documents(graph)}
    carriers = {
        r.type for r in graph if r.package == "aws" and re.search(r"[a-z]Policy:\w*Policy$|iam/policy:", r.type)
    }
    # These are called policies as well, and hold none of IAM's.
    others = {"aws:ecr/lifecyclePolicy:LifecyclePolicy", "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"}
    assert carriers - others <= judged, "a policy in another form than the rest goes unread"


def test_only_what_is_public_by_design_lets_anyone_in(graph: Graph) -> None:
    unexplained = [
        f"{document.where}: {statement.get('Sid')}"
        for document in documents(graph)
        for statement in allowed(document)
        if ANYONE in principals(statement)
        and (short(document).split()[0], statement.get("Sid")) not in PUBLIC_STATEMENTS
    ]
    assert unexplained == []


def test_the_way_to_s3_lets_out_our_own_principals_or_to_buckets_of_aws_to_read(graph: Graph) -> None:
    account = loaded(graph.stack).aws.account_id
    for document in documents(graph, "aws:ec2/vpcEndpoint:VpcEndpoint"):
        for statement in allowed(document):
            own = statement.get("Condition") == {"StringEquals": {"aws:PrincipalAccount": account}}
            assert own or (statement["Action"] == ["s3:GetObject"] and "*" not in statement["Resource"]), document.where


def test_no_statement_allows_all_but_something(graph: Graph) -> None:
    negated = [
        f"{document.where}: {key}"
        for document in documents(graph)
        for statement in allowed(document)
        for key in ("NotAction", "NotResource", "NotPrincipal")
        if key in statement
    ]
    assert negated == [], "what is added to AWS tomorrow would be allowed today"


def test_another_account_is_let_in_nowhere(graph: Graph) -> None:
    account = loaded(graph.stack).aws.account_id
    strangers = [
        f"{document.where}: {principal}"
        for document in documents(graph)
        for statement in allowed(document)
        for principal in principals(statement)
        if (found := re.match(r"arn:aws:iam::(\d*):|^(\d{12})$", principal)) and account not in found.groups()
    ]
    assert strangers == []


SENT_BY_NOBODY = {
    "lambda.amazonaws.com": "Lambda names no source when it takes a role; who may pass the role decides",
    "ec2.amazonaws.com": "EC2 names no source when it takes a role; who may pass the role decides",
    "s3.amazonaws.com": "S3 names no source when it replicates; who may pass the role decides",
}
"""Services of AWS that can't be held to work for this account alone, and why."""


def test_a_service_of_aws_is_let_in_for_this_account_alone(graph: Graph) -> None:
    account = loaded(graph.stack).aws.account_id
    open_to_all = [
        f"{document.where}: {principal}"
        for document in documents(graph)
        for statement in allowed(document)
        for principal in principals(statement)
        if principal.endswith(".amazonaws.com")
        and principal not in SENT_BY_NOBODY
        and account not in json.dumps(statement.get("Condition", {}))
    ]
    assert open_to_all == [], "another customer could send the service here (confused deputy)"
    for permission in graph.of_type("aws:lambda/permission:Permission"):
        assert permission.inputs["principal"].endswith(".amazonaws.com"), permission.name
        assert permission.inputs["sourceAccount"] == account or account in permission.inputs["sourceArn"]


def test_public_services_alone_answer_on_cloud_run_without_an_identity(graph: Graph) -> None:
    public = {name for name, service in loaded(graph.stack).containers.items() if service.exposure == "public"}
    opened = {
        re.sub(r"-gcp-(blue|green)$", "", service.name)
        for service in graph.of_type("gcp:cloudrunv2/service:Service")
        if service.get("invokerIamDisabled")
    }
    assert opened <= public, PUBLIC_WITHOUT_POLICY["invokerIamDisabled"]


def test_buckets_are_closed_to_the_public_whatever_their_policies_say(graph: Graph) -> None:
    closed = {
        block.inputs["bucket"]
        for block in graph.of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
        if all(block.get(key) for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls"))
        and block.get("restrictPublicBuckets")
    }
    assert {bucket.id for bucket in graph.of_type("aws:s3/bucket:Bucket")} == closed
    for bucket in graph.of_type("gcp:storage/bucket:Bucket"):
        assert (bucket.get("publicAccessPrevention"), bucket.get("uniformBucketLevelAccess")) == ("enforced", True)


def test_functions_have_no_url_and_no_route_of_an_api_is_open(graph: Graph) -> None:
    assert graph.of_type("aws:lambda/functionUrl:FunctionUrl") == []
    sockets = {api.id for api in graph.of_type("aws:apigatewayv2/api:Api") if api["protocolType"] == "WEBSOCKET"}
    for route in graph.of_type("aws:apigatewayv2/route:Route"):
        # API Gateway asks for an identity once, when a client connects; the other routes are reached by that alone.
        if route["apiId"] not in sockets or route["routeKey"] == "$connect":
            assert route.get("authorizationType") in ("JWT", "CUSTOM", "AWS_IAM"), route.name
