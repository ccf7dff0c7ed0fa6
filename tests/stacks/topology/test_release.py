"""What a release changes, and what it leaves alone: graphs at every weight, and with another image, are compared."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from components.workloads.service import COLOURS, TESTERS_HEADER
from sandbox.difference import Difference, difference
from sandbox.graph import Graph, Resource
from tests.environments import changed, loaded, recorded

WEIGHTS = (0, 10, 25, 50, 100, 0)
FEWER_WEIGHTS = (0, 10, 100, 0)
"""Fewer, for the time it takes: what differs from tasks is the bounds of a group."""
MACHINES = {"instance_type": "m7g.large", "image_id": "ami-0123456789abcdef0", "disk_gib": 30}
ON_MACHINES = {"platform:compute.ec2": MACHINES, "platform:services.backend-api.primary": "ec2"}
CASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "staging": ("staging", {}),
    "production": ("production", {}),
    "machines": ("staging", ON_MACHINES),
}

ROUTERS = {
    "aws:lb/listenerRule:ListenerRule": r"actions\[0\]\.forward\.targetGroups\[[01]\]\.weight",
    "gcp:compute/uRLMap:URLMap": r"pathMatchers\[\d+\]\.defaultRouteAction\.weightedBackendServices\[[01]\]\.weight",
    "gcp:compute/regionUrlMap:RegionUrlMap": (
        r"pathMatchers\[\d+\]\.defaultRouteAction\.weightedBackendServices\[[01]\]\.weight"
    ),
}
SCALES = {
    "aws:appautoscaling/target:Target": "minCapacity",
    "aws:autoscaling/group:Group": "minSize",
    "gcp:cloudrunv2/service:Service": r"scaling\.minInstanceCount",
}
LEVERS = {**ROUTERS, **SCALES}
"""What a weight moves, by type: the only property of it that may differ."""

MAPS = ("gcp:compute/uRLMap:URLMap", "gcp:compute/regionUrlMap:RegionUrlMap")
NEW_IMAGE = "sha256:" + "ab" * 32


def weights_of(case: str) -> tuple[int, ...]:
    """Every weight once, in staging; production is the same program with other numbers."""
    return WEIGHTS if case == "staging" else FEWER_WEIGHTS


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    """Each environment with a standby cloud, and one that runs a service on machines."""
    return request.param


@cache
def released(case: str, percent: int) -> Graph:
    environment, changes = CASES[case]
    if percent == 0 and not changes:
        return recorded(environment)
    return changed(environment, {**changes, "platform:release.green_percent": percent})


def primaries(case: str) -> dict[str, str]:
    """Where each service runs."""
    environment, changes = CASES[case]
    services = {name: service.primary for name, service in loaded(environment).containers.items()}
    return {name: changes.get(f"platform:services.{name}.primary", primary) for name, primary in services.items()}


def untouched(found: Difference) -> bool:
    return (found.added, found.replaced, found.following, found.deleted) == ([], [], [], [])


def moved(found: Difference) -> set[tuple[str, str]]:
    return {(change.resource.type, path) for change in found.changed for path in change.paths}


def weighted_groups(graph: Graph) -> Iterator[tuple[Resource, list[Mapping[str, Any]]]]:
    """Every rule that shares requests by weight, and its target groups."""
    for rule in graph.of_type("aws:lb/listenerRule:ListenerRule"):
        if "forward" in rule["actions"][0]:
            yield rule, rule["actions"][0]["forward"]["targetGroups"]


def weighted_backends(graph: Graph) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Every path matcher of Google's load balancers, and its backends."""
    for routes in graph.of_type(*MAPS):
        for matcher in routes.get("pathMatchers") or []:
            yield matcher, matcher["defaultRouteAction"]["weightedBackendServices"]


def shares(graph: Graph) -> set[tuple[int, ...]]:
    by_rule = [groups for _rule, groups in weighted_groups(graph)]
    by_matcher = [backends for _matcher, backends in weighted_backends(graph)]
    return {tuple(each["weight"] for each in shared) for shared in (*by_rule, *by_matcher)}


def least_copies(graph: Graph) -> dict[str, int]:
    """How many copies of each colour always run, by the name of what is scaled."""
    found: dict[str, int] = {}
    for token, name in (
        ("aws:appautoscaling/target:Target", "minCapacity"),
        ("aws:autoscaling/group:Group", "minSize"),
    ):
        found |= {each.name: each[name] for each in graph.of_type(token)}
    services = graph.of_type("gcp:cloudrunv2/service:Service")
    return found | {each.name: each["scaling"]["minInstanceCount"] for each in services}


def runners(graph: Graph, group_arn: str) -> list[Resource]:
    """What registers copies in a target group: bounds of an ECS service, or a group of machines."""
    found = [each for each in graph.of_type("aws:autoscaling/group:Group") if group_arn in each["targetGroupArns"]]
    for service in graph.of_type("aws:ecs/service:Service"):
        if group_arn in [balancer["targetGroupArn"] for balancer in service["loadBalancers"]]:
            bounds = graph.of_type("aws:appautoscaling/target:Target")
            found += [each for each in bounds if each["resourceId"].endswith(f"/{service['name']}")]
    return found


def cloud_run_behind(graph: Graph, backend: str) -> Resource:
    """The Cloud Run service that a backend of Google's load balancers leads to."""
    service = graph.referred(backend)
    assert service is not None, f"{backend} is no backend of ours"
    group = graph.referred(service["backends"][0]["group"])
    assert group is not None, f"{service.urn} leads to nothing of ours"
    name = group["cloudRun"]["service"]
    return next(each for each in graph.of_type("gcp:cloudrunv2/service:Service") if each["name"] == name)


@pytest.mark.parametrize(
    ("case", "before", "after"), [(case, *step) for case in CASES for step in pairwise(weights_of(case))]
)
def test_a_step_of_a_release_moves_routers_and_scales_and_nothing_else(case: str, before: int, after: int) -> None:
    found = difference(released(case, before), released(case, after))
    assert untouched(found), "a weight that builds or replaces something can't be taken back in a minute"
    others = [each for each in moved(found) if not re.fullmatch(LEVERS.get(each[0], ""), each[1])]
    assert others == [], "a weight moves weights and least copies"
    both_in_use = 0 < before < 100 and 0 < after < 100
    scales = {token for token, _path in moved(found)} & set(SCALES)
    assert not (both_in_use and scales), "between two weights both colours run as they are"


def test_a_weight_is_the_same_at_every_router_of_both_clouds(case: str) -> None:
    for percent in weights_of(case):
        assert shares(released(case, percent)) == {(100 - percent, percent)}, "one service would be ahead of another"


def test_every_service_with_a_router_takes_part(case: str) -> None:
    graph, services = released(case, 0), primaries(case)
    ruled = {rule.name.rpartition("-")[0].removesuffix("-recovery") for rule, _groups in weighted_groups(graph)}
    matched = {matcher["name"] for matcher, _backends in weighted_backends(graph)}
    assert "backend-api" in ruled & matched, "what is called in both clouds is released in both"
    assert {services[name] for name in ruled} <= {"ecs", "ec2", "eks"}
    standing_by = {n for n, s in loaded(CASES[case][0]).containers.items() if "cloud_run" in (s.primary, s.standby)}
    assert matched == standing_by, "one that is left out would serve blue for ever"


def test_no_weight_sends_requests_to_a_colour_without_copies(case: str) -> None:
    """Pods are counted by the clusters, and what stands by in Google Cloud starts with the first request."""
    services = primaries(case)
    for percent in weights_of(case):
        graph = released(case, percent)
        copies = least_copies(graph)
        for rule, groups in weighted_groups(graph):
            for group in groups:
                running = [copies[each.name] for each in runners(graph, group["arn"])]
                in_pods = services.get(rule.name.rpartition("-")[0]) == "eks"
                assert len(running) == (0 if in_pods else 1), f"{rule.urn}: who registers copies there?"
                assert in_pods or not group["weight"] or running[0] >= 1, f"{rule.urn} at {percent} %"
        for matcher, backends in weighted_backends(graph):
            for backend in backends:
                least = copies[cloud_run_behind(graph, backend["backendService"]).name]
                stands_by = services[matcher["name"]] != "cloud_run"
                assert stands_by or not backend["weight"] or least >= 1, f"{matcher['name']} at {percent} %"


def test_least_copies_follow_the_weight(case: str) -> None:
    environment, services = CASES[case][0], primaries(case)
    containers, recovery = loaded(environment).containers, loaded(environment).compute.recovery
    for percent in weights_of(case):
        expected: dict[str, int] = {}
        for name, service in containers.items():
            for colour, share in zip(COLOURS, (100 - percent, percent), strict=True):
                own = service.replicas.min if share else service.replicas.standby
                if services[name] in ("ecs", "ec2"):
                    expected[f"{name}-{colour}"] = own
                if services[name] == "cloud_run":
                    expected[f"{name}-gcp-{colour}"] = own
                if service.standby == "cloud_run":
                    expected[f"{name}-gcp-{colour}"] = service.replicas.standby if share else 0
                if name in recovery:
                    expected[f"{name}-recovery-{colour}"] = recovery[name]
        assert least_copies(released(case, percent)) == expected


def test_a_rule_waits_for_the_copies_that_its_weight_asks_for(case: str) -> None:
    graph = released(case, 10)
    waiting = 0
    for rule, groups in weighted_groups(graph):
        behind = {each.urn for group in groups for each in runners(graph, group["arn"])}
        assert behind <= {each.urn for each in graph.dependencies(rule)}, f"{rule.urn} sends before anybody is there"
        waiting += bool(behind)
    assert waiting, "no rule was looked at"


def test_testers_reach_either_colour_before_any_weight(case: str) -> None:
    graph = released(case, 0)
    rules = graph.of_type("aws:lb/listenerRule:ListenerRule")
    for rule, groups in weighted_groups(graph):
        for colour, group in zip(COLOURS, groups, strict=True):
            header = {"httpHeader": {"httpHeaderName": TESTERS_HEADER, "values": [colour]}}
            wanted = [*rule["conditions"], header]
            testers = [
                each
                for each in rules
                if each["listenerArn"] == rule["listenerArn"]
                and each["conditions"] == wanted
                and each["actions"][0].get("targetGroupArn") == group["arn"]
            ]
            assert [each["priority"] < rule["priority"] for each in testers] == [True], f"{rule.urn} {colour}"
    for matcher, backends in weighted_backends(graph):
        ways = {
            each["matchRules"][0]["headerMatches"][0]["exactMatch"]: each["service"] for each in matcher["routeRules"]
        }
        headers = {each["matchRules"][0]["headerMatches"][0]["headerName"] for each in matcher["routeRules"]}
        assert headers == {TESTERS_HEADER}
        assert ways == {c: b["backendService"] for c, b in zip(COLOURS, backends, strict=True)}, matcher["name"]


@pytest.mark.parametrize("case", ["staging", "machines"])
def test_a_green_that_is_blue_runs_no_copy_without_a_standby(case: str) -> None:
    environment, changes = CASES[case]
    containers = loaded(environment).containers
    idle = {f"platform:services.{name}.replicas.standby": 0 for name in containers}
    same = {f"platform:services.{name}.images.green": service.images.blue for name, service in containers.items()}
    graph = changed(environment, {**changes, **idle, **same, "platform:compute.recovery": {}})
    copies = least_copies(graph)
    assert {name for name, least in copies.items() if least and name.endswith("-green")} == set(), "it costs nothing"
    services = primaries(case)
    at_work = {name for name, primary in services.items() if primary in ("ecs", "ec2", "cloud_run")}
    running = {f"{name}{'-gcp' if services[name] == 'cloud_run' else ''}-blue" for name in at_work}
    assert {name for name, least in copies.items() if least} == running


@pytest.mark.parametrize("case", ["production", "machines"])
def test_another_green_image_changes_green_and_the_migration_alone(case: str) -> None:
    environment, changes = CASES[case]
    image = {"platform:services.backend-api.images.green": NEW_IMAGE}
    found = difference(released(case, 0), changed(environment, {**changes, **image}))
    assert (found.added, found.following, found.deleted, found.stateful) == ([], [], [], [])
    in_place = {(change.resource.name, *change.paths) for change in found.changed}
    anew = {change.resource.name for change in found.replaced}
    on_google = ("backend-api-gcp-green", "template.containers[0].image")
    if case == "machines":
        assert in_place == {on_google, ("backend-api-green", "userData")}
        assert anew == {"backend-api-migration"}
        return
    in_recovery = {f"{name}-recovery-green" for name in loaded(environment).compute.recovery} & {
        "backend-api-recovery-green"
    }
    assert in_place == {on_google}
    assert anew == {"backend-api-green", "backend-api-migration", *in_recovery}, "revisions of tasks, and no service"
    assert {change.resource.type for change in found.replaced} == {"aws:ecs/taskDefinition:TaskDefinition"}
