"""What FailoverRecords promises; how fast resolvers on the internet forget is not proven here."""

from dataclasses import replace
from typing import Any

import pytest

from components.edge.failover_records import (
    AliasTarget,
    Checking,
    FailoverRecords,
    FailoverRecordsArgs,
    GcpRecordsArgs,
    PublicName,
    Standstill,
    switching_seconds,
)
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ALB = AliasTarget(dns_name="public-1.us-east-1.elb.amazonaws.com", zone_id="Z35SXDOTRQ7X7K")
CLOUDFRONT = AliasTarget(dns_name="d111.cloudfront.net", zone_id="Z2FDTNDATAQYW2")
API = PublicName(name="api.example.com", aws=ALB, gcp_address="203.0.113.7", health_path="/health/ready")
SITE = PublicName(name="example.com", aws=CLOUDFRONT, gcp_address="203.0.113.8", health_path="/index.html")
CHECKING = Checking(regions=["us-west-2", "us-east-1", "us-west-1"], interval_seconds=10, failure_threshold=3)
ARGS = FailoverRecordsArgs(
    domain="example.com",
    zone_id="Z0PUBLIC",
    names={"api": API, "app": SITE},
    active="aws",
    checking=CHECKING,
    ttl_seconds=30,
    standstill=Standstill(host="status.gcp.example.com", path="/leave-aws"),
    gcp=GcpRecordsArgs(project_id="example-project", zone_name="zones-gcp"),
)


def build(args: FailoverRecordsArgs = ARGS, known: bool = True) -> Graph:
    return record_components(lambda: FailoverRecords("names", args), known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build()


def test_the_recovery_region_has_a_name_of_its_own_and_no_part_in_any_other() -> None:
    there = AliasTarget(dns_name="recovery-1.us-west-2.elb.amazonaws.com", zone_id="Z1H1FL5HABSF5")
    found = difference(build(), build(replace(ARGS, names={"api": replace(API, recovery=there), "app": SITE})))
    (added,) = found.added
    assert (added.type, added["name"], added["type"]) == (
        "aws:route53/record:Record",
        "api.recovery.example.com",
        "A",
    )
    assert [(alias["name"], alias["zoneId"]) for alias in added["aliases"]] == [(there.dns_name, there.zone_id)]
    assert "setIdentifier" not in added.inputs, "it always answers from there"
    assert (found.changed, found.replaced, found.deleted) == ([], [], [])


def test_a_name_of_google_cloud_alone_always_answers_from_there() -> None:
    alone = build(replace(ARGS, names={"api": replace(API, aws=None)}))
    (public,) = records(alone, "api.example.com")
    assert (public["records"], public["ttl"]) == (["203.0.113.7"], 30)
    assert not {"setIdentifier", "failoverRoutingPolicies", "healthCheckId", "aliases"} & set(public.inputs)
    assert records(alone, "api.aws.example.com") == []
    assert [check["type"] for check in alone.of_type("aws:route53/healthCheck:HealthCheck")] == ["HTTPS", "HTTPS"]


def test_what_only_a_cdn_asks_has_the_name_of_its_place_and_neither_a_check_nor_a_public_one() -> None:
    found = difference(build(), build(replace(ARGS, origins={"quotes": {"aws": ALB}})))
    (added,) = found.added
    assert (added["name"], added["aliases"][0]["name"]) == ("quotes.aws.example.com", ALB.dns_name)
    assert (found.changed, found.replaced, found.deleted) == ([], [], [])


def records(graph: Graph, name: str) -> list[Resource]:
    return [each for each in graph.of_type("aws:route53/record:Record") if each["name"] == name]


def checks(graph: Graph, type_: str = "HTTPS") -> list[Resource]:
    return [each for each in graph.of_type("aws:route53/healthCheck:HealthCheck") if each["type"] == type_]


def decision(graph: Graph, label: str) -> Resource:
    return graph.named(f"names-{label}", "aws:route53/healthCheck:HealthCheck")


def test_a_public_name_answers_from_aws_and_from_google_when_aws_fails(graph: Graph) -> None:
    found = {
        (each["failoverRoutingPolicies"][0]["type"], each["setIdentifier"]): (
            [alias["name"] for alias in each.get("aliases") or []],
            each.inputs.get("records"),
            each.inputs.get("ttl"),
        )
        for each in records(graph, "api.example.com")
    }
    assert found == {
        ("PRIMARY", "aws"): ([ALB.dns_name], None, None),
        ("SECONDARY", "gcp"): ([], ["203.0.113.7"], 30),
    }


def test_all_records_of_a_name_are_of_one_type_and_one_kind_of_routing(graph: Graph) -> None:
    shared = build(replace(ARGS, names={"api": replace(API, gcp_percent=25), "app": SITE}))
    for each in (graph, shared):
        for name in ("api.example.com", "example.com"):
            found = records(each, name)
            assert {record["type"] for record in found} == {"A"}
            kinds = [{k for k in record.inputs if k.endswith(("RoutingPolicies", "RoutingPolicy"))} for record in found]
            assert len({frozenset(kind) for kind in kinds}) == 1, f"Route 53 refuses to mix them for {name}"
            assert all(record.inputs.get("setIdentifier") for record in found)


def test_each_place_has_a_name_that_never_moves(graph: Graph) -> None:
    for label, target in (("api", ALB), ("app", CLOUDFRONT)):
        (place,) = records(graph, f"{label}.aws.example.com")
        assert place["aliases"][0]["name"] == target.dns_name
        assert not {"failoverRoutingPolicies", "healthCheckId", "setIdentifier"} & set(place.inputs)
    google = {each["name"]: each["rrdatas"] for each in graph.of_type("gcp:dns/recordSet:RecordSet")}
    assert google == {"api.gcp.example.com.": ["203.0.113.7"], "app.gcp.example.com.": ["203.0.113.8"]}


def test_checkers_ask_the_name_of_the_place_and_never_the_name_that_moves(graph: Graph) -> None:
    asked = {(each["fqdn"], each["resourcePath"], each["invertHealthcheck"]) for each in checks(graph)}
    assert asked == {
        ("api.aws.example.com", "/health/ready", False),
        ("api.gcp.example.com", "/health/ready", False),
        ("app.aws.example.com", "/index.html", False),
        ("app.gcp.example.com", "/index.html", False),
        ("status.gcp.example.com", "/leave-aws", True),
    }, "asked by its public name, a failed AWS would look healthy once traffic has left it"


def test_every_check_uses_https_with_the_name_of_its_host_from_three_regions(graph: Graph) -> None:
    for each in checks(graph):
        assert (each["port"], each["enableSni"], each["requestInterval"], each["failureThreshold"]) == (
            443,
            True,
            10,
            3,
        )
        assert each["regions"] == ["us-east-1", "us-west-1", "us-west-2"]


def test_aws_is_in_service_while_it_answers_and_nobody_has_put_up_the_page(graph: Graph) -> None:
    endpoint, page = (
        graph.named("names-api-aws", "aws:route53/healthCheck:HealthCheck"),
        graph.named("names-standstill"),
    )
    assert decision(graph, "api")["childHealthchecks"] == [endpoint.id, page.id]
    assert decision(graph, "api")["childHealthThreshold"] == 2
    (primary,) = [each for each in records(graph, "api.example.com") if each["setIdentifier"] == "aws"]
    assert primary["healthCheckId"] == decision(graph, "api").id


def test_a_failing_standby_is_still_better_than_a_primary_that_is_down(graph: Graph) -> None:
    for name in ("api.example.com", "example.com"):
        (standby,) = [each for each in records(graph, name) if each["setIdentifier"] == "gcp"]
        assert "healthCheckId" not in standby.inputs


def test_the_standby_is_watched_all_the_same(graph: Graph) -> None:
    published = graph.named("names", "platform:edge:FailoverRecords").registered or {}
    assert set(published["gcp_health_check_ids"]) == {"api", "app"}, "an alarm has to come before it is needed"


def test_after_a_promotion_traffic_stays_in_google_without_a_changed_record(graph: Graph) -> None:
    promoted = build(replace(ARGS, active="gcp"))
    assert decision(promoted, "api")["childHealthThreshold"] == 3, "more than it has children: never healthy"
    change = difference(graph, promoted)
    assert (change.added, change.deleted, change.replaced) == ([], [], [])
    assert {(each.after.name, tuple(p.path for p in each.properties)) for each in change.changed} == {
        ("names-api", ("childHealthThreshold",)),
        ("names-app", ("childHealthThreshold",)),
    }


def test_two_primaries_share_traffic_and_each_leaves_when_it_is_unhealthy() -> None:
    shared = build(replace(ARGS, names={"api": replace(API, gcp_percent=25)}))
    google = shared.named("names-api-gcp", "aws:route53/healthCheck:HealthCheck")
    found = {
        each["setIdentifier"]: (each["weightedRoutingPolicies"][0]["weight"], each["healthCheckId"])
        for each in records(shared, "api.example.com")
    }
    assert found == {"aws": (75, decision(shared, "api").id), "gcp": (25, google.id)}


def test_without_a_standby_a_name_always_answers() -> None:
    alone = build(replace(ARGS, names={"api": replace(API, gcp_address=None)}, standstill=None, gcp=None))
    (record,) = records(alone, "api.example.com")
    assert not {"healthCheckId", "failoverRoutingPolicies", "setIdentifier"} & set(record.inputs)
    assert [each for each in alone if each.type.startswith("gcp:")] == []
    assert decision(alone, "api")["childHealthThreshold"] == 1


def test_no_answer_depends_on_what_us_east_1_decides_at_the_time(graph: Graph) -> None:
    for each in graph.of_type("aws:route53/healthCheck:HealthCheck"):
        assert not {"cloudwatchAlarmName", "routingControlArn"} & set(each.inputs), "alarms and controls need a region"
    for each in graph.of_type("aws:route53/record:Record"):
        assert all(alias["evaluateTargetHealth"] is False for alias in each.get("aliases") or [])


@pytest.mark.parametrize(
    ("threshold", "interval", "ttl", "seconds"),
    [(3, 10, 60, 120), (3, 30, 60, 180), (1, 10, 0, 40), (10, 30, 300, 630)],
)
def test_the_time_to_switch_is_detection_caching_and_a_margin(
    threshold: int, interval: int, ttl: int, seconds: int
) -> None:
    assert switching_seconds(threshold, interval, ttl) == seconds


def test_the_plan_shows_how_long_a_switch_takes_in_each_direction(graph: Graph) -> None:
    published = graph.named("names", "platform:edge:FailoverRecords").registered or {}
    assert (published["failover_seconds"], published["failback_seconds"]) == (120, 90), (
        "leaving AWS waits for an alias, which is kept 60 seconds whatever the settings say"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"regions": ["us-east-1", "us-west-2"]}, "three regions or more"),
        ({"regions": ["us-east-1", "us-east-1", "us-west-2"]}, "three regions or more"),
        ({"regions": ["us-east-1", "us-west-2", "eu-central-1"]}, "no health checkers in eu-central-1"),
        ({"interval_seconds": 20}, "every 10 or every 30"),
        ({"failure_threshold": 11}, "takes 1 to 10"),
    ],
)
def test_a_check_that_route_53_would_refuse_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(CHECKING, **change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gcp": None}, "needs the zone there"),
        ({"names": {"api": replace(API, name="api.example.org")}}, "is not below example.com"),
        ({"names": {"api": replace(API, name="api.notexample.com")}}, "is not below example.com"),
        ({"names": {"api": replace(API, gcp_address=None)}, "active": "gcp"}, "has no address"),
    ],
)
def test_names_that_could_not_move_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(ARGS, **change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gcp_percent": 25, "gcp_address": None}, "of which it has one"),
        ({"gcp_percent": 25, "aws": None}, "of which it has one"),
        ({"gcp_percent": 101}, "is a percentage"),
        ({"gcp_address": None, "aws": None}, "is answered nowhere"),
    ],
)
def test_a_share_of_nothing_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(API, **change)


def test_a_first_preview_builds_the_same(graph: Graph) -> None:
    assert {each.urn for each in build(known=False)} == {each.urn for each in graph}
    assert graph.problems == []
