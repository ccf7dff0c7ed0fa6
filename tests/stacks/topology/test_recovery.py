"""What stands by in the recovery region: on what it is built, who reaches it, and how AWS's names move there."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from sandbox.difference import STATEFUL_TYPES, Difference, difference
from sandbox.graph import Graph, Resource
from sandbox.reachability import Endpoint, Reachability
from tests.environments import changed, loaded, recorded

REGION = "us-west-2"
CLUSTER = "aws:ecs/cluster:Cluster"
SERVICE = "aws:ecs/service:Service"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
BOUNDS = "aws:appautoscaling/target:Target"
RULE = "aws:lb/listenerRule:ListenerRule"
LISTENER = "aws:lb/listener:Listener"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BUCKET = "aws:s3/bucket:Bucket"
RECORD = "aws:route53/record:Record"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
SUBNET = "aws:ec2/subnet:Subnet"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

WHOLE = (
    *("backend-api-recovery", "websocket-recovery", "services-recovery"),
    *("edge-recovery", "edge-security-recovery", "request-logs-recovery", "redis-sessions-recovery"),
)
"""Components that live there as a whole."""
SERVICES = ("backend-api", "websocket")
COLOURS = ("blue", "green")
PORTS = {"backend-api": 8000, "websocket": 8001}


def components(graph: Graph, name: str) -> list[Resource]:
    """Several for a service: what runs it, and the ways to it."""
    found = [r for r in graph.components if r.name == name and r.type.startswith("platform:") and top(graph, r)]
    assert found, f"there is no {name}"
    return found


def top(graph: Graph, resource: Resource) -> bool:
    parent = graph.parent(resource)
    return parent is None or parent.type == "pulumi:pulumi:Stack"


def standing_by(graph: Graph) -> list[Resource]:
    """Every resource of the components that live in the recovery region."""
    owners = [owner for name in WHOLE for owner in components(graph, name)]
    return [r for owner in owners for r in graph.descendants(owner) if r.custom]


def names_behind(graph: Graph, values: list[Any], by: Resource) -> list[str]:
    found = [graph.referred(value, by) for value in values]
    assert all(found), f"{by.urn} names something that is not ours: {values}"
    return [each.name for each in found if each]


def container(graph: Graph, service: str, colour: str) -> dict[str, Any]:
    definition = graph.named(f"{service}-recovery-{colour}", TASK_DEFINITION)
    (found,) = json.loads(definition["containerDefinitions"])
    return found


def moved(found: Difference) -> list[str]:
    """What would go or come anew."""
    return [r.urn for r in (*found.added, *found.deleted)] + [
        change.resource.urn for change in (*found.replaced, *found.following)
    ]


def test_everything_that_stands_by_is_on_the_provider_of_the_recovery_region(production: Graph) -> None:
    assert {production.provider(r).name for r in standing_by(production)} == {"aws-recovery", "random"}, (
        "one resource left behind would be lost with the primary region"
    )
    told = {str(r.inputs["region"]) for r in standing_by(production) if "region" in r.inputs}
    assert told == {REGION}


def test_only_production_has_something_standing_by(staging: Graph, development: Graph) -> None:
    for graph in (staging, development):
        assert [r.name for r in graph.components if r.name in WHOLE] == []
        assert {"recovery_cluster_name", "recovery_ecs_services", "recovery_load_balancer"} & set(
            graph.exports
        ) == set()


@pytest.mark.parametrize("environment", ["development", "staging", "production"])
def test_nothing_on_aws_is_outside_the_regions_that_data_may_be_in(environment: str, graph: Graph) -> None:
    allowed = set(loaded(environment).residency.aws_regions)
    found = {
        str(r.inputs.get("region") or graph.provider(r).inputs["region"])
        for r in graph
        if r.custom and r.package == "aws" and not r.type.startswith("pulumi:")
    }
    assert found <= allowed, "a copy in another region breaks a promise to customers"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_the_images_of_the_primary_region_from_the_copies_of_their_repositories(
    production: Graph, service: str
) -> None:
    for colour in COLOURS:
        image = container(production, service, colour)["image"]
        primary = production.named(f"{service}-{colour}", TASK_DEFINITION)
        (here,) = json.loads(primary["containerDefinitions"])
        assert f".ecr.{REGION}.amazonaws.com/" in image
        assert image.partition("@")[2] == here["image"].partition("@")[2], "another release than the one that failed"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_secrets_from_the_recovery_region_alone(production: Graph, service: str) -> None:
    here = json.loads(production.named(f"{service}-blue", TASK_DEFINITION)["containerDefinitions"])[0]
    for colour in COLOURS:
        secrets = {each["name"]: each["valueFrom"] for each in container(production, service, colour)["secrets"]}
        assert set(secrets) == {each["name"] for each in here["secrets"]}, "it would not start without one of them"
        assert {reference.split(":")[3] for reference in secrets.values()} == {REGION}
        named = {variable: reference.split(":")[6][:-7] for variable, reference in secrets.items()}
        assert named["REDIS_URL"] == "redis-sessions-recovery-url"
        if service == "backend-api":
            assert named["DATABASE_URL"] == "postgres-main-recovery-url"
            assert named["DATABASE_AUTHORITIES"] == "postgres-main-ca"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_hears_of_nothing_that_is_in_the_primary_region_alone(production: Graph, service: str) -> None:
    plain = {each["name"]: each["value"] for each in container(production, service, "blue")["environment"]}
    assert (plain["CLOUD_PROVIDER"], plain["REGION"]) == ("aws", REGION)
    assert [name for name in plain if name.startswith("EVENT_")] == [], "the bus is not there"
    calls = [name for name in plain if name.endswith("_URL") and name != "SIGN_IN_KEYS_URL"]
    assert calls == [], "services in Kubernetes are not there"
    assert {"SIGN_IN_ISSUER", "SIGN_IN_AUDIENCE", "SIGN_IN_KEYS_URL"} <= set(plain), "customers go on signing in"


def statements(graph: Graph, service: str) -> dict[str, list[dict[str, Any]]]:
    """What the roles of a service may do, by role."""
    owned = [r for owner in components(graph, f"{service}-recovery") for r in graph.descendants(owner)]
    policies = [r for r in owned if r.type == ROLE_POLICY]
    return {r.name.removeprefix(f"{service}-recovery-"): json.loads(r["policy"])["Statement"] for r in policies}


@pytest.mark.parametrize("service", SERVICES)
def test_who_starts_a_service_reads_the_copies_and_nothing_of_the_primary_region(
    production: Graph, service: str
) -> None:
    allowed = statements(production, service)["execution"]
    arns = [arn for statement in allowed for arn in statement["Resource"] if arn.startswith("arn:")]
    assert {arn.split(":")[3] for arn in arns} == {REGION}
    (decrypts,) = [each for each in allowed if each["Sid"] == "DecryptSecrets"]
    (key,) = decrypts["Resource"]
    assert key == production.named(f"key-secrets-aws-{REGION}", "aws:kms/replicaKey:ReplicaKey")["arn"]
    assert decrypts["Condition"]["StringEquals"]["kms:ViaService"] == f"secretsmanager.{REGION}.amazonaws.com"


@pytest.mark.parametrize("service", SERVICES)
def test_the_code_of_a_service_publishes_no_event_from_there(production: Graph, service: str) -> None:
    code = statements(production, service).get("task", [])
    assert [action for each in code for action in each["Action"] if action.startswith("events:")] == []


def test_logs_and_data_have_the_copies_of_the_keys(production: Graph) -> None:
    found: dict[str, set[str]] = {}
    for resource in standing_by(production):
        if resource.inputs.get("kmsKeyId") is not None:
            found.setdefault(resource.type, set()).update(
                names_behind(production, [resource.inputs["kmsKeyId"]], resource)
            )
    assert found == {
        "aws:cloudwatch/logGroup:LogGroup": {f"key-logs-aws-{REGION}"},
        REPLICATION_GROUP: {f"key-data-aws-{REGION}"},
        "aws:secretsmanager/secret:Secret": {f"key-secrets-aws-{REGION}"},
    }


def test_what_holds_data_is_protected(production: Graph) -> None:
    stateful = [r for r in standing_by(production) if r.type in STATEFUL_TYPES]
    assert {r.type for r in stateful} >= {REPLICATION_GROUP, BUCKET}
    assert [r.urn for r in stateful if not r.options.protect] == []
    assert production.named("edge-recovery", BALANCER)["enableDeletionProtection"] is True


@pytest.mark.parametrize("service", SERVICES)
def test_as_many_copies_run_as_the_settings_say_and_can_grow_to_as_many_as_in_the_primary_region(
    production: Graph, service: str
) -> None:
    own = loaded("production").containers[service].replicas
    found = {colour: production.named(f"{service}-recovery-{colour}", BOUNDS) for colour in COLOURS}
    assert {colour: (each["minCapacity"], each["maxCapacity"]) for colour, each in found.items()} == {
        "blue": (1, own.max),
        "green": (own.standby, own.max),
    }


@pytest.mark.parametrize(
    ("copies", "bounds"),
    [
        (3, {"backend-api-recovery-blue": (3, 4)}),
        (20, {"backend-api-recovery-blue": (20, 20), "backend-api-recovery-green": (1, 20)}),
    ],
)
def test_more_copies_are_started_by_one_number(
    production: Graph, copies: int, bounds: Mapping[str, tuple[int, int]]
) -> None:
    found = difference(production, changed("production", {"platform:compute.recovery.backend-api": copies}))
    assert {
        change.after.name: (change.after["minCapacity"], change.after["maxCapacity"]) for change in found.changed
    } == bounds
    assert moved(found) == []


def rules(graph: Graph) -> dict[str, set[tuple[str, ...]]]:
    """The names that each service of the recovery region is asked for by, from its customers' and testers' rules."""
    found: dict[str, set[tuple[str, ...]]] = {}
    (listener,) = [r for r in graph.of_type(LISTENER) if r.name == "edge-recovery-https"]
    for rule in graph.of_type(RULE):
        if names_behind(graph, [rule["listenerArn"]], rule) == [listener.name]:
            hosts = next(each["hostHeader"]["values"] for each in rule["conditions"] if each.get("hostHeader"))
            service = rule.name.partition("-recovery")[0]
            found.setdefault(service, set()).add(tuple(hosts))
    return found


def test_a_service_answers_to_its_own_name_that_of_aws_and_that_of_its_place(production: Graph) -> None:
    def names(label: str) -> set[tuple[str, ...]]:
        return {tuple(f"{label}{place}.elsonwealth.com" for place in ("", ".aws", ".recovery"))}

    assert rules(production) == {"backend-api": names("api"), "websocket": names("ws")}, (
        "names of AWS are moved there as they are"
    )


def test_the_certificate_there_holds_for_all_of_those_names(production: Graph) -> None:
    listener = production.named("edge-recovery-https", LISTENER)
    (name,) = names_behind(production, [listener["certificateArn"]], listener)
    certificate = production.named(name, "aws:acm/certificate:Certificate")
    assert certificate.inputs["region"] == REGION
    assert {certificate["domainName"], *certificate["subjectAlternativeNames"]} == {
        f"{prefix}elsonwealth.com" for prefix in ("", "*.", "*.aws.", "*.recovery.")
    }


def test_the_firewall_there_has_the_rules_of_the_primary_region(production: Graph) -> None:
    there = production.named("edge-security-recovery-regional", WEB_ACL)
    here = production.named("edge-security-regional", WEB_ACL)
    assert there["rules"] == here["rules"]
    assert there["scope"] == "REGIONAL"
    (association,) = [
        r
        for r in production.of_type(ASSOCIATION)
        if names_behind(production, [r["webAclArn"]], r) == ["edge-security-recovery-regional"]
    ]
    assert names_behind(production, [association["resourceArn"]], association) == ["edge-recovery"]
    of_cdn = [r.name for r in production.of_type(WEB_ACL) if r["scope"] == "CLOUDFRONT"]
    assert of_cdn == ["edge-security-cloudfront"], "CloudFront is in no region, and has its firewall already"


@cache
def model() -> Reachability:
    return Reachability(recorded("production"))


def at(tier: str, party: str, *, network: str = "network-recovery", access: str = "access-recovery") -> list[Endpoint]:
    graph = recorded("production")
    groups = [graph.named(f"{access}-{party}", GROUP)]
    found = [r for r in graph.of_type(SUBNET) if r.name.startswith(f"{network}-{tier}-")]
    assert found
    return [model().subnet(subnet, groups=groups, public=tier == "public") for subnet in found]


PARTIES = ("edge", "backend-api", "websocket", "postgres-main", "redis-sessions")


def test_the_internet_reaches_the_load_balancer_there_and_nothing_behind_it() -> None:
    here = model()
    edge = at("public", "edge")
    assert {port for port in (22, 80, 443, 5432, 8000) if here.any_path(here.internet, edge, port=port)} == {80, 443}
    for tier in ("private", "database"):
        for party in PARTIES:
            assert not here.any_path(here.internet, at(tier, party)), f"{party} in a {tier} subnet"


@pytest.mark.parametrize(
    ("tier", "party", "port", "callers"),
    [
        ("private", "backend-api", PORTS["backend-api"], {"edge"}),
        ("private", "websocket", PORTS["websocket"], {"edge"}),
        ("database", "postgres-main", 5432, {"backend-api"}),
        ("database", "redis-sessions", 6379, {"backend-api", "websocket"}),
    ],
)
def test_each_is_reached_there_by_those_who_name_it_and_by_nobody_else(
    tier: str, party: str, port: int, callers: set[str]
) -> None:
    stands = {"edge": "public", "backend-api": "private", "websocket": "private"}
    found = {
        caller
        for caller in PARTIES
        if model().any_path(at(stands.get(caller, "database"), caller), at(tier, party), port=port)
    }
    assert found == callers


def test_nobody_of_the_primary_region_reaches_what_stands_by() -> None:
    for caller in ("backend-api", "edge"):
        here = at("private", caller, network="network-aws", access="access")
        for party in PARTIES:
            assert not model().any_path(here, at("private", party)), "no route leads from one region to the other"


def test_services_reach_partners_and_endpoints_from_there() -> None:
    assert model().any_path(at("private", "backend-api"), model().internet, port=443)
    assert not model().any_path(at("private", "backend-api"), model().internet, port=25)


@pytest.mark.parametrize("percent", [10, 100])
def test_a_weight_changes_rules_and_bounds_there_and_nothing_else(percent: int) -> None:
    copies = {"platform:compute.recovery": {"backend-api": 3, "websocket": 3}}
    found = difference(
        changed("production", copies), changed("production", {**copies, "platform:release.green_percent": percent})
    )
    there = {(c.after.type, c.after.name) for c in found.changed if "-recovery" in c.after.name}
    rules = {(RULE, f"{service}-recovery-public") for service in SERVICES}
    colours = ["green"] if percent < 100 else list(COLOURS)
    assert there == rules | {(BOUNDS, f"{service}-recovery-{colour}") for service in SERVICES for colour in colours}
    assert moved(found) == []


def test_flipping_the_region_moves_the_alias_records_of_aws_and_nothing_else() -> None:
    promoted = {"platform:databases.managed.main.recovery.promoted": True}
    after = changed("production", {**promoted, "platform:dns.aws_region": "recovery"})
    found = difference(changed("production", promoted), after)
    assert {(change.resource.type, change.resource.name) for change in found.changed} == {
        (RECORD, f"names-{label}-{role}") for label in ("api", "ws") for role in ("aws", "aws-place")
    }, "health checks and CDN ask the name of the place, and follow without a change"
    assert moved(found) == []
    balancer = after.named("edge-recovery", BALANCER)
    for change in found.changed:
        (alias,) = after.named(change.resource.name, RECORD)["aliases"]
        assert alias["name"] == balancer["dnsName"], f"{change.resource.name} leads to {alias}"


def test_the_place_has_names_by_which_it_can_be_tried_before_it_is_needed(production: Graph) -> None:
    balancer = production.named("edge-recovery", BALANCER)
    found: Mapping[str, set[str]] = {
        r["name"]: {alias["name"] for alias in r["aliases"]}
        for r in production.of_type(RECORD)
        if ".recovery." in r["name"] and r.inputs.get("aliases")
    }
    assert found == {f"{label}.recovery.elsonwealth.com": {balancer["dnsName"]} for label in ("api", "ws")}


def test_the_cache_there_is_one_of_its_own_under_the_same_rules(production: Graph) -> None:
    there = production.named("redis-sessions-recovery", REPLICATION_GROUP)
    (here,) = [r for r in production.of_type(REPLICATION_GROUP) if r.name == "redis-sessions-aws"]
    settings = loaded("production").caches.managed["sessions"].recovery
    assert settings is not None
    assert (there["nodeType"], there["numCacheClusters"]) == (settings.node_type, settings.nodes)
    for key in ("engine", "engineVersion", "transitEncryptionMode", "atRestEncryptionEnabled"):
        assert there[key] == here[key], key
    assert names_behind(production, there["securityGroupIds"], there) == ["access-recovery-redis-sessions"]


def test_a_smaller_cache_there_is_taken_in_place(production: Graph) -> None:
    found = difference(
        production, changed("production", {"platform:caches.managed.sessions.recovery.node_type": "cache.r7g.xlarge"})
    )
    assert [(change.resource.type, change.resource.name) for change in found.changed] == [
        (REPLICATION_GROUP, "redis-sessions-recovery")
    ]
    assert moved(found) == []


def test_without_services_there_the_recovery_region_keeps_its_data_alone(production: Graph) -> None:
    after = changed("production", {"platform:compute.recovery": {}})
    gone = {r.name for r in difference(production, after).deleted if r.custom}
    assert {"backend-api-recovery-blue", "edge-recovery", "services-recovery", "names-api-recovery-place"} <= gone
    assert not gone & {"redis-sessions-recovery", f"postgres-main-{REGION}"}


def test_operators_are_told_what_stands_by_and_where(production: Graph) -> None:
    exports = production.exports
    assert set(exports["recovery_ecs_services"]) == set(SERVICES)
    assert exports["recovery_load_balancer"] == production.named("edge-recovery", BALANCER)["dnsName"]
    assert exports["recovery_cluster_name"] == production.named("services-recovery", CLUSTER)["name"]
    cache = exports["caches"]["sessions"]
    assert cache["recovery_url_secret_arn"].split(":")[3] == REGION
    assert exports["databases"]["main"]["recovery_url_secret_arn"].split(":")[3] == REGION
