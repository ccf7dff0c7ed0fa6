"""Every place that the settings allow a service, with everything else as it is."""

from collections.abc import Mapping
from functools import cache
from itertools import permutations, product
from typing import Any, get_args

import pytest

from components.workloads.service import COLOURS
from sandbox import engine
from sandbox.difference import difference
from sandbox.engine import Engine
from sandbox.graph import Graph, Resource
from sandbox.program import Program
from stacks.settings import SettingsError, load
from stacks.settings.services import ContainerService
from tests.environments import ROOT, changed, loaded, recorded
from tests.stacks.settings.stack_files import raw
from tests.stacks.topology import hosts

MACHINES = {"instance_type": "m7g.large", "image_id": "ami-0123456789abcdef0", "disk_gib": 30}
PLACES = tuple(product(*(get_args(ContainerService.model_fields[key].annotation) for key in ("primary", "standby"))))
ON_AWS = ("ecs", "ec2", "eks")
Placement = tuple[str, str]
Round = Mapping[str, Placement]


def edits(environment: str, placed: Round) -> dict[str, Any]:
    """The settings of a round, by key path; no site leads a path to what has left AWS, where its CDN is."""
    found: dict[str, Any] = {"compute.ec2": MACHINES}
    for name, (primary, standby) in placed.items():
        found |= {f"services.{name}.primary": primary, f"services.{name}.standby": standby}
    for name, site in loaded(environment).sites.items():
        left = {service for service, (primary, _standby) in placed.items() if primary not in ON_AWS}
        found[f"services.{name}.routes"] = {path: to for path, to in site.routes.items() if to not in left}
    return found


def legal(environment: str, placed: Round) -> bool:
    try:
        load(environment, raw(environment, edits(environment, placed)))
    except SettingsError:
        return False
    return True


@cache
def rounds(environment: str) -> list[Round]:
    """Services moved together, so that every legal place of a public and of an internal service occurs once."""
    services = loaded(environment).containers
    missing = {
        (service.exposure, place)
        for name, service in services.items()
        for place in PLACES
        if legal(environment, {name: place})
    }
    found: list[Round] = []
    while missing:
        placed: dict[str, Placement] = {}
        for name, service in services.items():
            for exposure, place in sorted(missing):
                if exposure == service.exposure and legal(environment, {**placed, name: place}):
                    placed[name] = place
                    missing.discard((exposure, place))
                    break
        assert placed, f"{missing} is legal by itself alone"
        found.append(placed)
    return found


@cache
def graph_of(environment: str, number: int, known: bool = True) -> Graph:
    """A round as it is recorded."""
    settings = edits(environment, rounds(environment)[number])
    return changed(environment, {f"platform:{key}": value for key, value in settings.items()}, known)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Rounds are told apart when the tests are, since what is legal is known to the settings alone."""
    if "number" in metafunc.fixturenames:
        found = [(name, number) for name in ("development", "staging") for number in range(len(rounds(name)))]
        metafunc.parametrize(("name", "number"), found)


def everywhere(name: str, number: int) -> dict[str, Placement]:
    """Where each service is in a round, moved or not."""
    there = {each: (s.primary, s.standby) for each, s in loaded(name).containers.items()}
    return {**there, **rounds(name)[number]}


def names(graph: Graph, token: str) -> set[str]:
    """Of a type; the bastion is people's machine, and no service's."""
    return {resource.name for resource in graph.of_type(token)} - {"bastion"}


def test_every_legal_place_of_a_public_and_of_an_internal_service_is_tried() -> None:
    tried = {
        (name, loaded(name).containers[service].exposure, place)
        for name in ("development", "staging")
        for placed in rounds(name)
        for service, place in placed.items()
    }
    alone = {(primary, "none") for primary in ON_AWS}
    both = {(primary, standby) for primary, standby in PLACES if primary != standby}
    expected = {"development": alone, "staging": both}
    assert tried == {
        (name, exposure, place)
        for name, places in expected.items()
        for exposure in ("public", "internal")
        for place in places
    }, "the settings refuse another place than the ones that nothing can be built in"


def test_a_round_is_recorded_without_a_problem_in_both_passes(name: str, number: int) -> None:
    known, unknown = graph_of(name, number), graph_of(name, number, known=False)
    assert (known.problems, known.warnings) == ([], [])
    assert (unknown.problems, unknown.warnings) == ([], [])
    assert set(known.resources) == set(unknown.resources), "the first preview would show something else"


def test_each_service_runs_where_it_is_placed_and_nowhere_else(name: str, number: int) -> None:
    graph, there = graph_of(name, number), everywhere(name, number)

    def both_colours(services: set[str], suffix: str = "") -> set[str]:
        return {f"{service}{suffix}-{colour}" for service in services for colour in COLOURS}

    primary = {place: {s for s, (own, _) in there.items() if own == place} for place in (*ON_AWS, "cloud_run")}
    standby = {s for s, (_, own) in there.items() if own == "cloud_run"}
    assert names(graph, "aws:ecs/service:Service") == both_colours(primary["ecs"])
    assert names(graph, "aws:autoscaling/group:Group") == both_colours(primary["ec2"])
    assert names(graph, "gcp:cloudrunv2/service:Service") == both_colours(primary["cloud_run"] | standby, "-gcp")
    in_google = {s for s, (own, other) in there.items() if own == "cloud_run" or other != "none"}
    identities = {f"{service}-identity" for service in in_google}
    assert names(graph, "platform:compute:ServiceIdentity") == identities


def test_a_public_service_is_answered_by_the_load_balancers_of_its_places(name: str, number: int) -> None:
    graph, settings = graph_of(name, number), loaded(name)
    answered, led = hosts.answered(graph), hosts.led(graph)
    for service, (primary, standby) in everywhere(name, number).items():
        own = settings.containers[service]
        if own.exposure != "public":
            continue
        host = f"{own.hostname}.{settings.environment.domain}"
        expected = {"edge"} if primary in ON_AWS else set[str]()
        expected |= {"edge-gcp-routes"} if "cloud_run" in (primary, standby) else set[str]()
        assert (answered.get(host), led.get(host)) == (expected, expected), service


def test_every_name_of_a_round_fits_together(name: str, number: int) -> None:
    graph = graph_of(name, number)
    answered, led, certified = hosts.answered(graph), hosts.led(graph), hosts.certified(graph)
    for host, ways in answered.items():
        assert ways <= led.get(host, set()), f"{host} is found at {led.get(host)} and answered at {ways}"
        for way in ways:
            assert any(hosts.fits(host, each) for each in certified[way]), f"{way} has no certificate for {host}"
    assert {host: ways for host, ways in led.items() if ways - answered.get(host, set())} == {}


def test_what_a_service_calls_is_answered_beside_it(name: str, number: int) -> None:
    """But for what is called in Kubernetes: in Google Cloud its names come with the clusters."""
    graph, there = graph_of(name, number), everywhere(name, number)
    answered, calls = hosts.answered(graph), loaded(name).containers
    in_aws = {s for s, (primary, _) in there.items() if primary in ("ecs", "ec2")}
    for container, plain, _secrets in hosts.given(graph):
        service = container.removesuffix("-migration").rpartition("-")[0].removesuffix("-gcp")
        for callee in calls[service].calls if service in calls else ():
            variable = f"{callee.upper().replace('-', '_')}_URL"
            host = plain[variable].removeprefix("https://")
            in_google = "cloud_run" in there[callee] and "-gcp-" in container
            beside = in_google or ("-gcp-" not in container and (callee in in_aws or there[callee][0] == "eks"))
            assert not beside or host in answered, f"{container} calls {host}, which nobody answers"


def test_machines_are_asked_for_only_where_a_service_is_placed_on_them(name: str, number: int) -> None:
    on_machines = {s for s, (primary, _) in everywhere(name, number).items() if primary == "ec2"}
    templates = names(graph_of(name, number), "aws:ec2/launchTemplate:LaunchTemplate")
    assert {template.rpartition("-")[0] for template in templates} == on_machines


TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
RULE = "aws:lb/listenerRule:ListenerRule"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
WAYS = ("platform:compute:ServiceTargets", "platform:compute:TrafficSplit")
MOVED = ("backend-api", "strategy-engine")
"""One that the internet reaches, and one that other services call."""


@cache
def placed(service: str, primary: str) -> Graph:
    """Staging with one service somewhere else; machines are there for whoever wants them."""
    return changed("staging", {"platform:compute.ec2": MACHINES, f"platform:services.{service}.primary": primary})


def ways_to(graph: Graph, service: str) -> dict[str, Resource]:
    """What leads requests to a service, and watches the answers, by URN."""
    owners = [each for each in graph.of_type(*WAYS) if each.name == service]
    found = {each.urn: each for owner in owners for each in graph.descendants(owner) if each.custom}
    assert {each.type for each in found.values()} == {TARGET_GROUP, RULE, ALARM}, f"nothing leads to {service}"
    return found


@pytest.mark.parametrize("service", MOVED)
@pytest.mark.parametrize(("start", "end"), [("ecs", "eks"), ("eks", "ecs")])
def test_a_move_between_tasks_and_pods_leaves_the_ways_to_a_service_alone(service: str, start: str, end: str) -> None:
    before, after = placed(service, start), placed(service, end)
    found = difference(before, after)
    touched = {each.urn for each in (*found.added, *found.deleted)}
    touched |= {change.after.urn for change in (*found.changed, *found.replaced, *found.following)}
    assert touched, "it was not moved"
    assert set(ways_to(before, service)) == set(ways_to(after, service))
    assert touched & set(ways_to(before, service)) == set(), "AWS has each name and each priority once"


@pytest.mark.parametrize("service", MOVED)
@pytest.mark.parametrize(("start", "end"), [("ecs", "ec2"), ("ec2", "ecs"), ("eks", "ec2"), ("ec2", "eks")])
def test_a_move_to_machines_or_back_makes_groups_of_another_name_and_keeps_the_rest(
    service: str, start: str, end: str
) -> None:
    before, after = placed(service, start), placed(service, end)
    own, later, found = ways_to(before, service), ways_to(after, service), difference(before, after)
    groups = {urn for urn, each in own.items() if each.type == TARGET_GROUP}
    assert set(own) == set(later), "a rule of another URN would find its priority taken"
    assert {change.after.urn for change in found.replaced} & set(own) == groups, "targets of another type"
    assert {change.after.urn for change in found.following} & set(own) == set(), "rules and alarms are told in place"
    taken = {own[urn]["name"] for urn in groups}
    assert taken & {later[urn]["name"] for urn in groups} == set(), "the new one is there before the old one goes"


@pytest.mark.parametrize("name", ["development", "staging"])
def test_going_from_any_round_to_another_asks_aws_for_nothing_that_is_taken(name: str) -> None:
    """What is new is made before anything old is deleted."""
    graphs = {str(number): graph_of(name, number) for number in range(len(rounds(name)))} | {"now": recorded(name)}
    for (start, before), (end, after) in permutations(graphs.items(), 2):
        found = difference(before, after)
        made = {each.urn for each in found.added}
        made |= {change.after.urn for change in (*found.replaced, *found.following)}
        wanted = unique(after, made) & unique(before, set(before.resources))
        assert wanted == set(), f"from {start} to {end}"


def unique(graph: Graph, urns: set[str]) -> set[tuple[str, ...]]:
    """Names of target groups in a region, and priorities of rules in a listener, each of which AWS has once."""
    groups = [each for each in graph.of_type(TARGET_GROUP) if each.urn in urns]
    rules = [each for each in graph.of_type(RULE) if each.urn in urns]
    return {(graph.provider(each).name, each["name"]) for each in groups} | {
        (each["listenerArn"], str(each["priority"])) for each in rules
    }


@pytest.mark.skipif(bool(engine.available()), reason=engine.available() or "there is an engine")
def test_the_engine_shows_what_the_recording_does() -> None:
    """The round in which most services are somewhere else."""
    expected = graph_of("staging", 0)
    moved = everywhere("staging", 0)
    assert {"ec2", "cloud_run"} <= {primary for primary, _ in moved.values()}
    assert "gke" in {standby for _, standby in moved.values()}
    with Engine(Program(ROOT, "staging"), expected=expected) as running:
        for path, value in edits("staging", rounds("staging")[0]).items():
            running.edit(f"platform:{path}", value)
        created = {step.urn for step in running.preview().steps if step.op == "create"}
    stack = {urn for urn in created if urn.endswith("::platform-staging")}
    assert created - stack == set(expected.resources)
