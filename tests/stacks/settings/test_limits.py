"""What the settings refuse, and what the components behind them refuse, is the same."""

from collections.abc import Mapping
from dataclasses import fields
from ipaddress import ip_network
from typing import Any, get_args

import pytest

from components.compute import cloud_run_limits, task_definition
from components.edge import dns_zones, edge_rules, failover_records, load_balancer, websocket_gateway
from stacks.settings import SettingsError, edge, load
from stacks.settings.checks import sizes
from stacks.settings.dns import CheckerRegion, Delegation, HealthChecks, Standstill
from stacks.settings.services import Callbacks, CloudRun
from tests.stacks.settings.stack_files import raw

KINDS: Mapping[str, type[edge_rules.EdgeRule]] = {
    "addresses": edge_rules.AddressList,
    "countries": edge_rules.GeoList,
    "body_size": edge_rules.BodySize,
    "managed": edge_rules.ManagedGroup,
    "rate_limit": edge_rules.RateLimit,
}
EXCEPTED = ["/health/ready", "/index.html"]
ADDRESSES: Mapping[str, Any] = {"kind": "addresses", "mode": "count", "refuses": "listed"}
COUNTRIES: Mapping[str, Any] = {"kind": "countries", "mode": "count", "refuses": "others", "except_paths": EXCEPTED}
BODIES: Mapping[str, Any] = {"kind": "body_size", "mode": "enforce"}
GROUP: Mapping[str, Any] = {"kind": "managed", "mode": "enforce", "threat": "common"}
LIMIT: Mapping[str, Any] = {
    "kind": "rate_limit",
    "mode": "count",
    "requests": 100,
    "window_seconds": 300,
    "paths": ["/rare"],
}


def hosts(count: int) -> list[str]:
    return [f"203.0.{place // 250}.{place % 250}/32" for place in range(count)]


CASES: list[tuple[str, Mapping[str, Any], bool]] = [
    *((key, BODIES, True) for key in ("ab", "a" * 40, "a-1-")),
    *((key, BODIES, False) for key in ("a", "a" * 41, "1a", "Ab", "a_b")),
    *(("rule", {**BODIES, "paths": [path]}, True) for path in ("/api", "/a.b/c~d/_-1")),
    *(("rule", {**BODIES, "paths": [path]}, False) for path in ("/", "/api/", "api", "/a b", "/.well-known", "//a")),
    *(("rule", {**BODIES, "except_paths": [path]}, False) for path in ("/", "/api/", "uploads")),
    ("rule", {**ADDRESSES, "addresses": hosts(1)}, True),
    ("rule", {**ADDRESSES, "addresses": hosts(200)}, True),
    ("rule", {**ADDRESSES, "addresses": hosts(201)}, False),
    ("rule", {**ADDRESSES, "addresses": []}, False),
    ("rule", {**ADDRESSES, "addresses": hosts(4), "paths": ["/api"]}, True),
    ("rule", {**ADDRESSES, "addresses": hosts(5), "paths": ["/api"]}, False),
    ("rule", {**ADDRESSES, "addresses": hosts(3), "paths": ["/api"], "except_paths": ["/api/open"]}, True),
    ("rule", {**ADDRESSES, "addresses": hosts(4), "paths": ["/api"], "except_paths": ["/api/open"]}, False),
    ("rule", {**ADDRESSES, "addresses": hosts(4), "refuses": "others", "except_paths": EXCEPTED}, True),
    ("rule", {**ADDRESSES, "addresses": hosts(5), "refuses": "others", "except_paths": EXCEPTED}, False),
    ("rule", {**COUNTRIES, "countries": ["US", "CA"]}, True),
    *(("rule", {**COUNTRIES, "countries": listed}, False) for listed in ([], ["us"], ["USA"], ["U1"])),
    ("rule", GROUP, True),
    ("rule", {**LIMIT, "requests": 10}, True),
    ("rule", {**LIMIT, "requests": 9}, False),
    *(("rule", {**LIMIT, "window_seconds": seconds}, True) for seconds in (60, 120, 300, 600)),
    *(("rule", {**LIMIT, "window_seconds": seconds}, False) for seconds in (0, 61, 3600)),
]
"""The key of a rule, the rule as the settings write it, and whether firewalls can be told it."""


def component_takes(key: str, rule: Mapping[str, Any]) -> bool:
    values = {name: value for name, value in rule.items() if name != "kind"}
    if "addresses" in values:
        values["addresses"] = [ip_network(address) for address in values["addresses"]]
    try:
        KINDS[rule["kind"]](key=key, **values)
    except ValueError:
        return False
    return True


def settings_take(key: str, rule: Mapping[str, Any]) -> bool:
    try:
        load("staging", raw("staging", {f"edge.rules.{key}": rule}))
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize(("key", "rule", "fits"), CASES)
def test_a_rule_that_a_firewall_can_not_be_told_is_a_mistake_in_the_settings(
    key: str, rule: Mapping[str, Any], fits: bool
) -> None:
    assert (component_takes(key, rule), settings_take(key, rule)) == (fits, fits)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_has_the_same_fields_on_both_sides(kind: str) -> None:
    model = edge.RULES[KINDS[kind].__name__]
    ours = {name: field.is_required() for name, field in model.model_fields.items() if name != "kind"}
    theirs = {field.name for field in fields(KINDS[kind]) if field.name != "key"}
    assert set(ours) == theirs, "a field of one side alone says something that nobody hears"
    assert edge.rule_kind({"kind": kind}) == KINDS[kind].__name__


def test_the_words_of_a_rule_are_the_same_on_both_sides() -> None:
    def words(model: type[edge.Rule], field: str) -> set[Any]:
        return {*get_args(model.model_fields[field].annotation)}

    assert words(edge.Rule, "mode") == {*get_args(edge_rules.Mode)}
    assert words(edge.GeoList, "refuses") == words(edge.AddressList, "refuses") == {*get_args(edge_rules.Side)}
    assert words(edge.ManagedGroup, "threat") == {*get_args(edge_rules.Threat)}
    assert words(edge.RateLimit, "window_seconds") == {*edge_rules.WINDOWS}


def test_fargate_has_the_same_sizes_and_stops_on_both_sides() -> None:
    ours, theirs = sizes.FARGATE_MEMORY_GIB, task_definition.MEMORY_GIB
    assert {cpu: [*offered] for cpu, offered in ours.items()} == {cpu: [*offered] for cpu, offered in theirs.items()}
    least, most = sizes.FARGATE_STOP_SECONDS
    assert most == task_definition.LONGEST_STOP_SECONDS
    assert task_definition.fargate_stop(least) == least
    with pytest.raises(ValueError, match="Fargate waits"):
        task_definition.fargate_stop(least - 1)


def test_cloud_run_has_the_same_sizes_and_limits_on_both_sides() -> None:
    assert dict(sizes.CLOUD_RUN_MEMORY_GIB) == dict(cloud_run_limits.MEMORY_GIB)
    assert sizes.CLOUD_RUN_SCALE_OUT_PERCENT == cloud_run_limits.SCALE_OUT_PERCENT
    requests = CloudRun.model_json_schema()["properties"]["requests_at_once"]
    assert (requests["minimum"], requests["maximum"]) == (1, cloud_run_limits.MOST_REQUESTS_AT_ONCE)


def test_a_load_balancer_waits_as_long_on_both_sides() -> None:
    seconds = edge.Edge.model_json_schema()["properties"]["idle_timeout_seconds"]
    assert (seconds["minimum"], seconds["maximum"]) == (1, load_balancer.LONGEST_IDLE_SECONDS)


@pytest.mark.parametrize(
    "changes",
    [
        {"regions": ("us-east-1", "us-west-2")},
        {"regions": ("us-east-1", "us-west-2", "eu-central-1")},
        {"interval_seconds": 20},
        {"failure_threshold": 0},
        {"failure_threshold": 11},
    ],
)
def test_health_checks_are_the_same_on_both_sides(changes: Mapping[str, Any]) -> None:
    assert {*get_args(CheckerRegion)} == failover_records.CHECKER_REGIONS
    values: Mapping[str, Any] = {
        "regions": ("us-east-1", "us-west-2", "eu-west-1"),
        "interval_seconds": 30,
        "failure_threshold": 3,
    }
    for side in (failover_records.Checking, HealthChecks):
        side(**values)
        with pytest.raises(ValueError, match=r"regions|health checkers|interval_seconds|failure_threshold"):
            side(**{**values, **changes})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Delegation, dns_zones.Delegation), (Standstill, failover_records.Standstill)],
)
def test_what_is_handed_over_field_by_field_has_the_same_fields(ours: Any, theirs: Any) -> None:
    assert set(ours.model_fields) == {field.name for field in fields(theirs)}


def test_an_api_gateway_takes_the_same_callbacks_on_both_sides() -> None:
    seconds = Callbacks.model_json_schema()["properties"]["timeout_seconds"]
    assert (seconds["minimum"], seconds["maximum"]) == (1, websocket_gateway.LONGEST_CALL_SECONDS)
    callbacks: Mapping[str, Any] = {"hostname": "stream", "timeout_seconds": 1, "messages_per_second": 1, "burst": 1}
    for action in websocket_gateway.LIFECYCLE_ROUTES.values():
        with pytest.raises(ValueError, match="calls the service by this name itself"):
            Callbacks(**callbacks, actions=(action,))
