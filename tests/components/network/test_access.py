"""Who may talk to whom: the rules that the table of flows becomes in each cloud."""

from functools import cache
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.network.access import DENY_PRIORITY, AwsAccess, AwsAccessArgs, Flow, GcpAccess, GcpAccessArgs, own_flows
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
FIREWALL = "gcp:compute/firewall:Firewall"

PODS, NODES = IPv4Network("10.4.0.0/14"), IPv4Network("10.2.0.0/20")
DATABASES = IPv4Network("10.0.24.0/22")
RANGES = {
    "internet": [IPv4Network("0.0.0.0/0")],
    "pods": [PODS, NODES],
    "database": [DATABASES],
    "job": [IPv4Network("10.2.16.0/24")],
    "stream": [IPv4Network("10.2.17.32/28")],
}
CDN = "pl-3b927c52"
FLOWS = [
    Flow(source="internet", destination="edge", port=443, protocol="tcp", why="Customers"),
    Flow(source="cdn", destination="edge", port=443, protocol="tcp", why="The CDN"),
    Flow(source="edge", destination="api", port=8080, protocol="tcp", why="Requests"),
    Flow(source="api", destination="database", port=5432, protocol="tcp", why="The API's database"),
    Flow(source="pods", destination="database", port=5432, protocol="tcp", why="Pods read"),
    Flow(source="job", destination="pods", port=8000, protocol="tcp", why="Jobs call"),
    Flow(source="stream", destination="database", port=5432, protocol="tcp", why="A stream reads"),
    Flow(source="pods", destination="pods", port=None, protocol="all", why="Pods of one cluster"),
]


@cache
def recorded() -> Graph:
    def build() -> None:
        parties = {"edge": "The load balancer", "api": "The API", "database": "The database"}
        lists = {"cdn": CDN}
        AwsAccess("aws", AwsAccessArgs(vpc_id="vpc-1", parties=parties, ranges=RANGES, flows=FLOWS, prefix_lists=lists))
        google = {"pods": "Pods", "job": "A job on Cloud Run"}
        theirs = GcpAccessArgs(network_id="network-1", parties=google, ranges=RANGES, flows=FLOWS, untagged=["stream"])
        GcpAccess("gcp", theirs)

    return record_components(build)


def peers(token: str) -> set[tuple[str, str, Any, Any, str]]:
    """Each rule as (its group, its peer, ports, transport); groups by party."""
    graph = recorded()
    groups = {g.id: g.name.removeprefix("aws-") for g in graph.of_type("aws:ec2/securityGroup:SecurityGroup")}

    def row(rule: Resource) -> tuple[str, str, Any, Any, str]:
        peer = rule.get("cidrIpv4") or rule.get("prefixListId") or groups[rule["referencedSecurityGroupId"]]
        return groups[rule["securityGroupId"]], peer, rule.get("fromPort"), rule.get("toPort"), rule["ipProtocol"]

    return {row(rule) for rule in graph.of_type(token)}


def test_a_security_group_admits_what_the_table_says_and_nothing_else() -> None:
    assert peers(INGRESS) == {
        ("edge", "0.0.0.0/0", 443, 443, "tcp"),
        ("edge", CDN, 443, 443, "tcp"),
        ("api", "edge", 8080, 8080, "tcp"),
        ("database", "api", 5432, 5432, "tcp"),
        ("database", str(PODS), 5432, 5432, "tcp"),
        ("database", str(NODES), 5432, 5432, "tcp"),
        ("database", "10.2.17.32/28", 5432, 5432, "tcp"),
    }, "every other rule is a door that nobody decided on"


def test_a_security_group_reaches_what_the_table_says_and_nothing_else() -> None:
    assert peers(EGRESS) == {("edge", "api", 8080, 8080, "tcp"), ("api", "database", 5432, 5432, "tcp")}, (
        "a database opens no connection, and what is broken into finds no way on"
    )


def test_no_rule_stands_in_the_group_itself() -> None:
    groups = recorded().of_type("aws:ec2/securityGroup:SecurityGroup")
    assert [g.name for g in groups if g.inputs.get("ingress") or g.inputs.get("egress")] == [], (
        "rules in line fight with those of their own"
    )


def firewall(name: str) -> Resource:
    return recorded().named(f"gcp-{name}", FIREWALL)


def test_google_has_a_rule_for_each_port_a_party_listens_on_or_calls() -> None:
    assert {rule.name.removeprefix("gcp-") for rule in recorded().of_type(FIREWALL)} == {
        "deny-ingress",
        "deny-egress",
        "in-pods-tcp-8000",
        "in-pods-all",
        "out-pods-tcp-5432",
        "out-pods-all",
        "out-job-tcp-8000",
        "out-stream-tcp-5432",
    }


@pytest.mark.parametrize(("direction", "ranges"), [("ingress", "sourceRanges"), ("egress", "destinationRanges")])
def test_google_denies_and_logs_the_rest_below_every_allowance(direction: str, ranges: str) -> None:
    rule = firewall(f"deny-{direction}")
    assert (rule["direction"], rule["priority"], rule[ranges]) == (direction.upper(), DENY_PRIORITY, ["0.0.0.0/0"])
    assert rule["denies"] == [{"protocol": "all"}]
    assert "targetTags" not in rule.inputs, "an untagged instance is denied too"
    assert rule["logConfig"], "what was denied is the first thing to look at"
    allowed = [r["priority"] for r in recorded().of_type(FIREWALL) if "allows" in r.inputs]
    assert max(allowed) < DENY_PRIORITY


def test_google_knows_the_caller_by_address_because_a_tag_means_neither_pods_nor_cloud_run() -> None:
    rule = firewall("in-pods-tcp-8000")
    assert rule["sourceRanges"] == ["10.2.16.0/24"]
    assert "sourceTags" not in rule.inputs
    assert (rule["targetTags"], rule["allows"]) == (["gcp-pods"], [{"protocol": "tcp", "ports": ["8000"]}])


def test_google_lets_a_party_out_to_the_addresses_of_the_flow() -> None:
    rule = firewall("out-pods-tcp-5432")
    assert (rule["destinationRanges"], rule["targetTags"]) == ([str(DATABASES)], ["gcp-pods"])
    assert "ports" not in firewall("out-pods-all")["allows"][0], "a rule for every port names none"


def test_google_lets_its_own_services_out_by_their_addresses_because_they_carry_no_tag_of_ours() -> None:
    rule = firewall("out-stream-tcp-5432")
    assert (rule["direction"], rule["sourceRanges"]) == ("EGRESS", ["10.2.17.32/28"])
    assert rule["destinationRanges"] == [str(DATABASES)]
    assert "targetTags" not in rule.inputs, "their tags are Google's to choose"
    tagged = [r for r in recorded().of_type(FIREWALL) if "targetTags" in r.inputs and r["direction"] == "EGRESS"]
    assert [r.name for r in tagged if "sourceRanges" in r.inputs] == [], "an instance has its tag wherever it is"


def test_a_flow_between_others_is_not_of_this_half() -> None:
    assert own_flows(FLOWS, {"job": ""}, RANGES) == [FLOWS[5]]


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(ValueError, match="flows name pods, which is neither a party nor a range"):
        own_flows(FLOWS, {"database": "", "api": "", "edge": ""}, {"internet", "cdn", "stream"})


def test_every_port_goes_with_every_transport_and_only_so() -> None:
    with pytest.raises(ValueError, match="every port goes with protocol 'all'"):
        Flow(source="a", destination="b", port=None, protocol="tcp", why="")
    with pytest.raises(ValueError, match="every port goes with protocol 'all'"):
        Flow(source="a", destination="b", port=1, protocol="all", why="")


def test_two_callers_behind_one_range_share_one_rule_named_by_the_range() -> None:
    ranges = {"a": [DATABASES], "b": [DATABASES]}
    flows = [
        Flow(source=source, destination="database", port=5432, protocol="tcp", why=f"{source} reads") for source in "ab"
    ]

    def build() -> None:
        AwsAccess(
            "aws", AwsAccessArgs(vpc_id="vpc-1", parties={"database": "The database"}, ranges=ranges, flows=flows)
        )

    (rule,) = record_components(build).of_type(INGRESS)
    assert rule.name == "aws-in-database-tcp-5432-10-0-24-0-22", "EC2 refuses the second, and a rename of the first"
    assert rule["description"] == "a reads; b reads"
