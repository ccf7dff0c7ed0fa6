"""What EdgeSecurity promises beside its rules; that a firewall stops an attack is not proven here."""

import json
from dataclasses import replace
from ipaddress import IPv4Network

import pulumi
import pytest

from components.edge.edge_rules import AddressList, BodySize, EdgeRule, ManagedGroup, RateLimit
from components.edge.edge_security import AwsEdgeArgs, EdgeSecurity, EdgeSecurityArgs, GcpEdgeArgs, log_policy
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/logs"
EAST_KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/logs"
ALB = f"arn:aws:elasticloadbalancing:us-west-2:{ACCOUNT}:loadbalancer/app/public/1"
SECRET = "proof-of-cloudfront"
RULES: list[EdgeRule] = [
    AddressList(key="blocked", mode="enforce", addresses=[IPv4Network("198.51.100.0/24")], refuses="listed"),
    BodySize(key="bodies", mode="enforce"),
    ManagedGroup(key="common", mode="count", threat="common"),
    ManagedGroup(key="reputation", mode="enforce", threat="ip_reputation"),
    RateLimit(key="everything", mode="enforce", requests=2000, window_seconds=300),
]


def arguments() -> EdgeSecurityArgs:
    """Built inside the run: a secret belongs to the run that made it."""
    return EdgeSecurityArgs(
        rules=RULES,
        aws=AwsEdgeArgs(
            account_id=ACCOUNT,
            region="us-west-2",
            log_retention_days=90,
            logs_key_arn=KEY,
            cloudfront_logs_key_arn=EAST_KEY,
            origin_secret=pulumi.Output.secret(SECRET),
            load_balancer_arns={"public": ALB},
        ),
        gcp=GcpEdgeArgs(project_id="example-project"),
    )


@pytest.fixture(scope="module")
def graph() -> Graph:
    return record_components(lambda: EdgeSecurity("edge", arguments()))


def acl(graph: Graph, scope: str) -> Resource:
    return graph.named(f"edge-{scope}", "aws:wafv2/webAcl:WebAcl")


def test_whoever_meets_no_rule_comes_in(graph: Graph) -> None:
    for scope in ("regional", "cloudfront"):
        assert acl(graph, scope)["defaultAction"] == {"allow": {}}, "a firewall of refusals that refuses by default"
    assert graph.named("edge-gcp")["rules"][-1]["action"] == "allow"


def test_everything_of_cloudfront_is_managed_in_us_east_1(graph: Graph) -> None:
    found = {(each.type.split(":")[-1], each.name, each["region"]) for each in graph if each.get("region")}
    assert {(kind, region) for kind, name, region in found if "cloudfront" in name} == {
        ("WebAcl", "us-east-1"),
        ("IpSet", "us-east-1"),
        ("LogGroup", "us-east-1"),
        ("LogResourcePolicy", "us-east-1"),
        ("WebAclLoggingConfiguration", "us-east-1"),
    }
    assert {region for _, name, region in found if "cloudfront" not in name} == {"us-west-2"}
    assert (acl(graph, "cloudfront")["scope"], acl(graph, "regional")["scope"]) == ("CLOUDFRONT", "REGIONAL")


def test_only_load_balancers_are_associated(graph: Graph) -> None:
    associations = graph.of_type("aws:wafv2/webAclAssociation:WebAclAssociation")
    assert {(each["resourceArn"], each["webAclArn"]) for each in associations} == {(ALB, acl(graph, "regional")["arn"])}


def test_what_came_through_cloudfront_is_not_judged_by_its_address_again(graph: Graph) -> None:
    exempting = {each["name"] for each in acl(graph, "regional")["rules"] if SECRET in json.dumps(each)}
    assert exempting == {"blocked", "reputation", "everything"}, "such a request has an address of CloudFront"
    assert SECRET not in json.dumps(acl(graph, "cloudfront")["rules"]), "there, its address is its sender's"


def test_the_secret_of_the_origin_stays_one(graph: Graph) -> None:
    paths = [path for path in acl(graph, "regional").secret_inputs if path.endswith("searchString")]
    assert len(paths) == 3


def test_requests_that_met_a_rule_are_logged_without_credentials(graph: Graph) -> None:
    for scope, key in (("regional", KEY), ("cloudfront", EAST_KEY)):
        name = f"edge-{scope}"
        group = graph.named(name, "aws:cloudwatch/logGroup:LogGroup")
        assert (group["name"], group["kmsKeyId"], group["retentionInDays"]) == (f"aws-waf-logs-{name}", key, 90)
        log = graph.named(name, "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
        assert (log["resourceArn"], log["logDestinationConfigs"]) == (acl(graph, scope)["arn"], [group["arn"]])
        assert {each["singleHeader"]["name"] for each in log["redactedFields"]} == {
            "authorization",
            "cookie",
            "x-origin-verify",
        }
        assert log["loggingFilter"]["defaultBehavior"] == "DROP"
        (kept,) = log["loggingFilter"]["filters"]
        assert {each["actionCondition"]["action"] for each in kept["conditions"]} == {
            "BLOCK",
            "COUNT",
            "EXCLUDED_AS_COUNT",
        }


def test_logs_are_configured_once_waf_may_write_them(graph: Graph) -> None:
    for each in graph.of_type("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"):
        assert "aws:cloudwatch/logResourcePolicy:LogResourcePolicy" in {d.type for d in graph.dependencies(each)}


def test_only_this_accounts_firewalls_write_to_their_own_log(graph: Graph) -> None:
    for scope, region in (("regional", "us-west-2"), ("cloudfront", "us-east-1")):
        permission = graph.named(f"edge-{scope}", "aws:cloudwatch/logResourcePolicy:LogResourcePolicy")
        group = graph.named(f"edge-{scope}", "aws:cloudwatch/logGroup:LogGroup")
        (statement,) = json.loads(permission["policyDocument"])["Statement"]
        assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert statement["Resource"] == [f"{group['arn']}:*"]
        assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{region}:{ACCOUNT}:*"},
        }
    assert len(log_policy("arn", ACCOUNT, "us-east-1")["Statement"]) == 1


def test_google_reads_json_and_quotes_no_customer(graph: Graph) -> None:
    armor = graph.named("edge-gcp")
    assert armor["type"] == "CLOUD_ARMOR"
    assert armor["advancedOptionsConfig"] == {"jsonParsing": "STANDARD", "logLevel": "NORMAL"}
    assert armor["adaptiveProtectionConfig"] == {"layer7DdosDefenseConfig": {"enable": True}}


def test_enforcing_a_counted_rule_changes_the_firewalls_and_nothing_else(graph: Graph) -> None:
    enforced = [replace(rule, mode="enforce") for rule in RULES]
    after = record_components(lambda: EdgeSecurity("edge", replace(arguments(), rules=enforced)))
    change = difference(graph, after)
    assert {each.resource.name for each in change.changed} == {"edge-regional", "edge-cloudfront", "edge-gcp"}
    assert (change.added, change.deleted, change.replaced) == ([], [], [])


def test_without_cloudfront_and_google_one_firewall_is_left() -> None:
    def build() -> None:
        args = arguments()
        half = replace(args.aws, cloudfront_logs_key_arn=None, origin_secret=None)
        EdgeSecurity("edge", replace(args, aws=half, gcp=None))

    alone = record_components(build)
    assert [each.name for each in alone.of_type("aws:wafv2/webAcl:WebAcl")] == ["edge-regional"]
    assert [each for each in alone if each.type.startswith("gcp:")] == []
    assert set(alone.named("edge", "platform:edge:EdgeSecurity").registered or {}) == {
        "regional_web_acl_arn",
        "log_group_names",
    }


def test_a_first_preview_builds_the_same(graph: Graph) -> None:
    preview = record_components(lambda: EdgeSecurity("edge", arguments()), known=False)
    assert {each.urn for each in preview} == {each.urn for each in graph}
    assert graph.problems == []
