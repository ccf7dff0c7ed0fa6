"""What services are given, and whether their names, rules, certificates, records and checks fit together."""

import base64
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from components.edge.headers import ORIGIN_HEADER
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from tests.environments import changed, loaded, recorded
from tests.stacks.topology import hosts

MACHINES = {"instance_type": "m7g.large", "image_id": "ami-0123456789abcdef0", "disk_gib": 30}
CALLBACKS = {
    "hostname": "stream",
    "actions": ["subscribe"],
    "path": "/callbacks",
    "timeout_seconds": 10,
    "messages_per_second": 100,
    "burst": 50,
}
CALLED_BACK: Mapping[str, Any] = {
    "platform:compute.ec2": MACHINES,
    "platform:services.backend-api.primary": "ec2",
    "platform:services.backend-api.callbacks": CALLBACKS,
}
BEHIND_THE_CDN: Mapping[str, Any] = {
    "platform:services.backend-api.exposure": "cdn",
    "platform:services.backend-api.standby": "none",
    "platform:services.backend-api.events": ["publish"],
    "platform:services.websocket.exposure": "cdn",
    "platform:services.websocket.standby": "none",
}
ADDED_BY = {"event": {"EVENT_BUS_NAME", "EVENT_SOURCE"}, "google": {"EVENT_TOPIC", "EVENT_SUBSCRIPTION"}}
AUTHORITIES_OF_MEMORYSTORE = {"REDIS_AUTHORITIES"}
"""Its certificates are signed by an authority of its own, those of ElastiCache by one that every client has."""


@cache
def called_back() -> Graph:
    """Staging with a service on machines that API Gateway calls back."""
    return changed("staging", CALLED_BACK)


@cache
def behind_the_cdn() -> Graph:
    """Staging with all its public services behind the CDN of its site."""
    return changed("staging", BEHIND_THE_CDN)


@pytest.fixture(params=["development", "staging", "production", "called back", "behind the CDN"])
def any_graph(request: pytest.FixtureRequest) -> Graph:
    """Each environment, and staging with what none of them has."""
    of_staging = {"called back": called_back, "behind the CDN": behind_the_cdn}
    return of_staging[request.param]() if request.param in of_staging else recorded(request.param)


def variables(graph: Graph, container: str) -> tuple[set[str], set[str]]:
    plain, secrets = next((plain, secrets) for name, plain, secrets in hosts.given(graph) if name == container)
    return set(plain), set(secrets)


def script(graph: Graph, name: str) -> str:
    return base64.b64decode(graph.named(name, "aws:ec2/launchTemplate:LaunchTemplate")["userData"]).decode()


def test_a_service_is_given_what_the_contract_says(staging: Graph) -> None:
    buckets = {f"BUCKET_{name.upper()}" for name in loaded("staging").storage.buckets}
    urls = {"AUTH_SERVICE_URL", "STRATEGY_ENGINE_URL", "TRADING_ENGINE_URL"}
    sign_in = {"SIGN_IN_AUDIENCE", "SIGN_IN_ISSUER", "SIGN_IN_KEYS_URL"}
    common = {"CLOUD_PROVIDER", "REGION", "LOG_LEVEL", *urls, *sign_in, *buckets}
    secrets = {"SECRET_KEY", "ENCRYPTION_KEY", "JWT_SECRET", "DATABASE_URL", "DATABASE_AUTHORITIES", "REDIS_URL"}
    plain, secret = variables(staging, "backend-api-blue")
    assert plain - {"PORT"} == common | ADDED_BY["event"]
    assert secret == secrets
    plain, secret = variables(staging, "backend-api-gcp-blue")
    assert plain == common | ADDED_BY["google"]
    assert secret == secrets | AUTHORITIES_OF_MEMORYSTORE


def test_a_service_finds_the_same_names_wherever_it_runs(production: Graph) -> None:
    on_aws, on_google = ADDED_BY["event"], ADDED_BY["google"] | AUTHORITIES_OF_MEMORYSTORE
    for service in ("backend-api", "websocket"):
        here, there = (
            set().union(*variables(production, f"{service}{place}")) - {"PORT"} for place in ("-blue", "-gcp-blue")
        )
        assert here - there <= on_aws, f"{service} misses something in Google Cloud"
        assert there - here <= on_google, f"{service} misses something in AWS"
        recovery = set().union(*variables(production, f"{service}-recovery-blue")) - {"PORT"}
        called = {name for name in here if name.endswith("_URL") and not name.startswith(("DATABASE", "REDIS", "SIGN"))}
        assert recovery == here - on_aws - called, f"{service}: events and calls are the primary region's alone"


def test_both_colours_and_the_migration_are_given_the_same(any_graph: Graph) -> None:
    containers = {name: (plain, secrets) for name, plain, secrets in hosts.given(any_graph)}
    for name, (plain, secrets) in containers.items():
        if name.endswith("-blue"):
            assert containers[f"{name.removesuffix('blue')}green"] == (plain, secrets), "a release is an image alone"
        blue = containers.get(f"{name.removesuffix('-migration')}-blue")
        if name.endswith("-migration") and blue:
            assert secrets == blue[1]
            assert {k: v for k, v in plain.items() if k != "PORT"} == {k: v for k, v in blue[0].items() if k != "PORT"}


def test_a_secret_is_a_reference_to_one_of_ours_and_never_plain(any_graph: Graph) -> None:
    for container, plain, secrets in hosts.given(any_graph):
        assert {"SECRET_KEY", "ENCRYPTION_KEY"} <= set(secrets), container
        assert set(plain) & set(secrets) == set(), f"{container}: a plain variable would override the secret"
        for variable, reference in secrets.items():
            replicated = reference.replace(":us-west-2:", ":us-east-1:")
            secret = any_graph.referred(reference) or any_graph.referred(replicated)
            assert secret is not None, f"{container} {variable}: {reference} is none of ours"
            assert secret.type.endswith(("secret:Secret", "secretVersion:SecretVersion")), f"{container} {variable}"


def test_the_secrets_of_the_settings_arrive_under_their_own_names(any_graph: Graph) -> None:
    services = loaded(any_graph.stack).containers
    for container, _plain, secrets in hosts.given(any_graph):
        service = next((s for name, s in services.items() if container.removesuffix("-blue") == name), None)
        for name in service.secrets if service else ():
            variable = name.upper().replace("-", "_")
            secret = any_graph.referred(secrets[variable])
            assert secret is not None
            assert secret.name == f"{name.lower().replace('_', '-')}-aws", f"{container} {variable}"


def test_a_machine_is_given_what_a_task_is(staging: Graph) -> None:
    _name, plain, secrets = next(each for each in hosts.given(staging) if each[0] == "backend-api-blue")
    own_plain, own_secrets = hosts.booted(script(called_back(), "backend-api-blue"))
    callbacks = {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": "https://stream.staging.elsonwealth.com"}
    assert set(own_secrets) == set(secrets)
    assert set(own_plain) == {*plain, *callbacks} - {"PORT"}
    assert {name: own_plain[name] for name in callbacks} == callbacks
    assert {name: own_plain[name] for name in ("AUTH_SERVICE_URL", "REGION")} == {
        name: plain[name] for name in ("AUTH_SERVICE_URL", "REGION")
    }


def moved_by_hand(graph: Graph) -> set[str]:
    """Hosts that the recovery region answers already, and that lead there once the settings say so."""
    balancer = "edge-recovery"
    answering = {host for host, ways in hosts.answered(graph).items() if balancer in ways}
    return {host for host in answering if ".recovery." not in host}


def test_every_host_that_is_answered_has_a_certificate_there(any_graph: Graph) -> None:
    certified = hosts.certified(any_graph)
    bare = [
        f"{host} at {way}"
        for host, ways in hosts.answered(any_graph).items()
        for way in ways
        if not any(hosts.fits(host, name) for name in certified[way])
    ]
    assert bare == [], "a browser would warn, and a client refuse"


def test_every_host_that_is_answered_leads_there(any_graph: Graph) -> None:
    led, prepared = hosts.led(any_graph), moved_by_hand(any_graph)
    lost = [
        f"{host} at {way}"
        for host, ways in hosts.answered(any_graph).items()
        for way in ways
        if way not in led.get(host, set()) and not (way == "edge-recovery" and host in prepared)
    ]
    assert lost == [], "nobody would find it"


def test_every_name_that_leads_somewhere_is_answered_there(any_graph: Graph) -> None:
    answered = hosts.answered(any_graph)
    dead = [
        f"{host} at {way}"
        for host, ways in hosts.led(any_graph).items()
        for way in ways
        if way not in answered.get(host, set())
    ]
    assert dead == [], "callers would get 404"


def test_a_called_service_is_answered_where_its_caller_runs(any_graph: Graph) -> None:
    """What is called in Google Cloud's Kubernetes gets its names with the clusters."""
    answered, led = hosts.answered(any_graph), hosts.led(any_graph)
    in_pods = {n for n, s in loaded(any_graph.stack).containers.items() if s.standby == "gke"}
    looked_at = 0
    for container, plain, _secrets in hosts.given(any_graph):
        for variable, value in plain.items():
            host = value.removeprefix("https://")
            if not variable.endswith("_URL") or ".internal." not in host:
                continue
            assert value == f"https://{host}", f"{container} {variable}: {value}"
            service, place = host.split(".")[:2]
            assert variable == f"{service.upper().replace('-', '_')}_URL"
            assert place == ("gcp" if "-gcp-" in container else "aws"), f"{container} would wait for the other cloud"
            if place == "gcp" and service in in_pods:
                continue
            assert answered.get(host), f"{container} {variable}: no rule answers {host}"
            assert answered[host] <= led.get(host, set()), f"{container} {variable}: {host} leads elsewhere"
            looked_at += 1
    assert looked_at, "no call was looked at"


def test_private_names_are_in_private_zones_and_public_ones_are_not(any_graph: Graph) -> None:
    private = {zone["zoneId"] for zone in any_graph.of_type("aws:route53/zone:Zone") if zone.get("vpcs")}
    for record in any_graph.of_type("aws:route53/record:Record"):
        if record["type"] == "A":
            assert (".internal." in record["name"]) == (record["zoneId"] in private), record["name"]


def test_the_cdn_asks_load_balancers_for_hosts_that_they_answer(any_graph: Graph) -> None:
    answered, led, certified = hosts.answered(any_graph), hosts.led(any_graph), hosts.certified(any_graph)
    for distribution in any_graph.of_type(hosts.DISTRIBUTION):
        asked = [origin for origin in distribution["origins"] if "customOriginConfig" in origin]
        paths = {each["targetOriginId"] for each in distribution["orderedCacheBehaviors"]}
        assert {origin["originId"] for origin in asked} == paths
        for origin in asked:
            host = origin["domainName"]
            assert answered.get(host) == {"edge"} | ({"edge-recovery"} & answered.get(host, set())), host
            assert led.get(host) == {"edge"}, f"{host}: CloudFront would not find it"
            assert any(hosts.fits(host, name) for name in certified["edge"]), "CloudFront checks the certificate"
            assert [header["name"] for header in origin["customHeaders"]] == [ORIGIN_HEADER]


def test_health_checkers_ask_what_is_answered(any_graph: Graph) -> None:
    answered, settings = hosts.answered(any_graph), loaded(any_graph.stack)
    labels = {service.hostname: service.health.ready for service in settings.containers.values() if service.hostname}
    labels |= {site.hostname: "/index.html" for site in settings.sites.values()}
    standby_sites = {f"{s.hostname}.gcp.{settings.environment.domain}" for s in settings.sites.values()}
    for check in any_graph.of_type("aws:route53/healthCheck:HealthCheck"):
        if check["type"] == "HTTPS":
            host = check["fqdn"]
            assert host in answered or host in standby_sites, f"{check.name} asks {host}, which nobody answers"
            assert check["resourcePath"] == labels[host.split(".")[0]], check.name


def test_target_groups_ask_for_the_path_of_readiness(any_graph: Graph) -> None:
    ready = {service.health.ready for service in loaded(any_graph.stack).containers.values()}
    groups = any_graph.of_type("aws:lb/targetGroup:TargetGroup")
    assert {group["healthCheck"]["path"] for group in groups if group.name != "entrance"} == ready


def test_a_firewall_stands_before_every_public_entrance(any_graph: Graph) -> None:
    public = {each["arn"] for each in any_graph.of_type(hosts.BALANCER) if not each["internal"]}
    guarded = {each["resourceArn"] for each in any_graph.of_type("aws:wafv2/webAclAssociation:WebAclAssociation")}
    assert public == guarded, "what is public has a firewall, and nothing else needs one"
    for distribution in any_graph.of_type(hosts.DISTRIBUTION):
        acl = any_graph.referred(distribution["webAclId"])
        assert acl is not None
        assert (acl.type, acl["scope"]) == ("aws:wafv2/webAcl:WebAcl", "CLOUDFRONT")
    for backend in any_graph.of_type("gcp:compute/backendService:BackendService"):
        policy = any_graph.referred(backend["securityPolicy"])
        assert policy is not None, f"{backend.urn} has no firewall"
        assert policy.type == "gcp:compute/securityPolicy:SecurityPolicy"


def rules_at_the_edge(graph: Graph) -> list[Resource]:
    rules = graph.of_type(hosts.RULE)
    return [rule for rule in rules if hosts.behind(graph, rule["listenerArn"]).name == "edge"]


def test_a_service_behind_the_cdn_is_answered_to_nobody_else() -> None:
    graph = behind_the_cdn()
    rules = rules_at_the_edge(graph)
    assert len(rules) == 6, "two services, each with the customers' rule and one of testers for each colour"
    for rule in rules:
        headers = [each["httpHeader"] for each in rule["conditions"] if "httpHeader" in each]
        assert ORIGIN_HEADER in [header["httpHeaderName"] for header in headers], f"{rule.urn} is open to everybody"
        assert "conditions[1].httpHeader.values[0]" in rule.secret_inputs
    sent = {
        header["value"]
        for distribution in graph.of_type(hosts.DISTRIBUTION)
        for origin in distribution["origins"]
        for header in origin.get("customHeaders", [])
    }
    expected = {rule["conditions"][1]["httpHeader"]["values"][0] for rule in rules}
    assert sent == expected, "the CDN would be refused"


def test_a_load_balancer_behind_the_cdn_listens_to_the_cdn_alone() -> None:
    graph = behind_the_cdn()
    group = graph.named("access-edge", "aws:ec2/securityGroup:SecurityGroup")
    let_in = [
        (rule.get("prefixListId"), rule.get("cidrIpv4"), rule["fromPort"], rule["toPort"])
        for rule in graph.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if rule["securityGroupId"] == group.id
    ]
    assert let_in == [(loaded("staging").edge.origin_prefix_list, None, 443, 443)]


def test_behind_the_cdn_a_service_has_the_name_of_its_place_alone() -> None:
    names = set(hosts.led(behind_the_cdn()))
    domain = "staging.elsonwealth.com"
    own = {name for name in names if name.split(".")[0] in ("api", "ws")}
    assert own == {f"api.aws.{domain}", f"ws.aws.{domain}"}, "the CDN finds it, and customers find the site"
    checked = {c.get("fqdn") for c in behind_the_cdn().of_type("aws:route53/healthCheck:HealthCheck")} - {None}
    assert checked == {f"app.aws.{domain}", f"app.gcp.{domain}"}, "a checker is not the CDN and would be refused"


def test_callbacks_add_an_api_its_private_way_in_and_who_may_connect(staging: Graph) -> None:
    on_machines = changed(
        "staging", {key: value for key, value in CALLED_BACK.items() if not key.endswith("callbacks")}
    )
    found = difference(on_machines, called_back())
    assert (found.following, found.deleted) == ([], [])
    assert {change.resource.name for change in found.replaced} == {"backend-api-migration"}, "it has a variable more"
    added = {resource.type for resource in found.added if resource.type.startswith("platform:")}
    assert added == {
        "platform:edge:SocketAuthorizer",
        "platform:edge:PrivateEntrance",
        "platform:edge:ApiGatewayLogging",
        "platform:edge:WebSocketGateway",
        "platform:security:FunctionIdentity",
    }
    rules = {r.name for r in found.added if r.type == hosts.RULE}
    assert rules == {"backend-api-internal", "backend-api-testers-blue-internal", "backend-api-testers-green-internal"}
    openings = {r.name for r in found.added if r.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"}
    assert openings == {"access-in-internal-tcp-443-entrance", "access-in-backend-api-tcp-8000-internal"}, (
        "API Gateway comes by the internal load balancer, and nobody else comes with it"
    )
    assert not [r for r in staging if r.type == "platform:edge:WebSocketGateway"]


def test_api_gateway_calls_the_service_by_a_name_that_is_answered() -> None:
    graph = called_back()
    integrations = graph.of_type("aws:apigatewayv2/integration:Integration")
    sockets = [each for each in integrations if each.get("connectionType") == "VPC_LINK"]
    assert sockets
    called = {each["integrationUri"].removeprefix("https://").partition("/")[0] for each in sockets}
    assert called == {"backend-api.aws.internal.staging.elsonwealth.com"}
    assert hosts.answered(graph)[called.pop()] == {"internal"}


def test_sockets_have_a_name_a_certificate_and_a_record() -> None:
    graph = called_back()
    (domain,) = graph.of_type("aws:apigatewayv2/domainName:DomainName")
    host = domain["domainName"]
    assert host == "stream.staging.elsonwealth.com"
    names = hosts.acm_names(graph, domain["domainNameConfiguration"]["certificateArn"])
    assert any(hosts.fits(host, name) for name in names)
    (record,) = [r for r in graph.of_type("aws:route53/record:Record") if r["name"] == host]
    assert len(record["aliases"]) == 1
    assert domain in graph.dependencies(record), "the name follows the domain of the API"


def test_only_the_called_service_may_talk_to_open_sockets() -> None:
    graph = called_back()
    allowed = {
        policy.name
        for policy in graph.of_type("aws:iam/rolePolicy:RolePolicy")
        if "execute-api:ManageConnections" in policy["policy"]
    }
    roles = {graph.named(name, "aws:iam/rolePolicy:RolePolicy")["role"] for name in allowed}
    assert roles == {graph.named("backend-api", "aws:iam/role:Role")["name"]}


def test_machines_stand_where_tasks_would_and_register_with_the_same_rules(staging: Graph) -> None:
    graph = called_back()
    templates = graph.of_type("aws:ec2/launchTemplate:LaunchTemplate")
    assert {t.name for t in templates} == {"backend-api-blue", "backend-api-green"}
    assert {(t["instanceType"], t["imageId"]) for t in templates} == {(MACHINES["instance_type"], MACHINES["image_id"])}
    tasks = staging.named("backend-api-blue", "aws:ecs/service:Service")["networkConfiguration"]
    group = graph.named("backend-api-blue", "aws:autoscaling/group:Group")
    named = [{staging.referred(s) for s in tasks["subnets"]}, {graph.referred(s) for s in group["vpcZoneIdentifiers"]}]
    before, after = ({subnet.name for subnet in subnets if subnet} for subnets in named)
    assert before == after != set()
    registered = {graph.referred(arn) for arn in group["targetGroupArns"]}
    assert {target.name for target in registered if target} == {
        "backend-api-blue-public",
        "backend-api-blue-internal",
    }
