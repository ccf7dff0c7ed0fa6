"""What an InternalLoadBalancer promises; that Google routes accordingly is not proven here."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any, get_args

import pulumi_gcp as gcp
import pytest

from components.compute.cloud_run_service import CloudRunCallers, CloudRunService
from components.edge.global_load_balancer import BalancedService
from components.edge.internal_load_balancer import InternalLoadBalancer, InternalLoadBalancerArgs
from components.network.gcp_network import GcpNetwork
from components.workloads.service import COLOURS, Place
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components
from tests.components.compute.cloud_run_examples import SPEC, STEPS, with_weight
from tests.components.compute.test_cloud_run_service import ARGS as SERVICE_ARGS
from tests.components.edge.test_global_load_balancer import ARGS as PUBLIC
from tests.components.edge.test_global_load_balancer import recorded as public
from tests.components.network.examples import GCP

URL_MAP = "gcp:compute/regionUrlMap:RegionUrlMap"
BACKEND = "gcp:compute/regionBackendService:RegionBackendService"
RULE = "gcp:compute/forwardingRule:ForwardingRule"
PROXY = "gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy"
ADDRESS = "gcp:compute/address:Address"
DOMAIN = "gcp.internal.elson.example"
SUBNET = "projects/elson-test/regions/us-central1/subnetworks/nodes"
AUTH = BalancedService(
    hostnames=[f"auth-service.{DOMAIN}"],
    cloud_run_services={"blue": "elson-stg-auth-service-blue", "green": "elson-stg-auth-service-green"},
    release=with_weight(SPEC, 10).release,
)
ORDERS = BalancedService(
    hostnames=[f"orders.{DOMAIN}"],
    cloud_run_services={"blue": "elson-stg-orders-blue", "green": "elson-stg-orders-green"},
    release=SPEC.release,
)
ARGS = InternalLoadBalancerArgs(
    project_id="elson-test",
    region="us-central1",
    domain=DOMAIN,
    zone_name="network-dns-gcp",
    subnetwork_id=SUBNET,
    services={"auth-service": AUTH, "orders": ORDERS},
    tls_profile="RESTRICTED",
    log_sampling=0.5,
)


def recorded(args: InternalLoadBalancerArgs = ARGS, known: bool = True) -> Graph:
    def build() -> None:
        InternalLoadBalancer("inside", args)

    return record_components(build, known=known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


@cache
def with_service(percent: int, serves_as: Place = "standby") -> Graph:
    """The load balancer and what runs behind it, as they stand at one weight."""
    spec = with_weight(SPEC, percent)
    callers = CloudRunCallers(members={}, audience=f"https://backend-api.{DOMAIN}")

    def build() -> None:
        args = replace(SERVICE_ARGS, spec=spec, callers=callers, place=replace(SERVICE_ARGS.place, serves_as=serves_as))
        service = CloudRunService("backend-api", args)
        balanced = BalancedService(
            hostnames=[f"backend-api.{DOMAIN}"], cloud_run_services=service.service_names, release=spec.release
        )
        InternalLoadBalancer("inside", replace(ARGS, services={"backend-api": balanced}))

    return record_components(build)


def name_of(graph: Graph, value: str) -> str:
    resource = graph.referred(value)
    assert resource is not None, f"{value} belongs to nothing that was registered"
    return resource.name


def waits_for(graph: Graph, resource: Resource) -> set[Resource]:
    """Everything that is there before the resource."""
    found: set[Resource] = set()
    ahead = [resource]
    while ahead:
        new = set(graph.dependencies(ahead.pop())) - found
        found |= new
        ahead += new
    return found


def routes(graph: Graph) -> Resource:
    return graph.named("inside-routes", URL_MAP)


def matcher(graph: Graph, service: str) -> Mapping[str, Any]:
    (found,) = (each for each in routes(graph)["pathMatchers"] if each["name"] == service)
    return found


def weights(graph: Graph, service: str) -> dict[str, int]:
    listed = matcher(graph, service)["defaultRouteAction"]["weightedBackendServices"]
    return {name_of(graph, each["backendService"]): each["weight"] for each in listed}


def test_callers_find_one_private_address_on_443_and_nothing_else(graph: Graph):
    (address,) = graph.of_type(ADDRESS)
    found = {
        (each["portRange"], each["ipProtocol"], each["loadBalancingScheme"], name_of(graph, each["ipAddress"]))
        for each in graph.of_type(RULE)
    }
    assert found == {("443", "TCP", "INTERNAL_MANAGED", "inside-address")}
    assert (address["addressType"], address["purpose"], address["subnetwork"]) == ("INTERNAL", "GCE_ENDPOINT", SUBNET)
    assert address.options.protect is True, "resolvers in both clouds remember it"


def test_callers_are_in_the_region_where_the_tunnels_of_the_other_cloud_end(graph: Graph):
    (rule,) = graph.of_type(RULE)
    assert (rule["allowGlobalAccess"], rule["region"], rule["subnetwork"]) == (False, "us-central1", SUBNET)


def test_everything_is_in_the_project_and_region_named(graph: Graph):
    custom = [r for r in graph if r.custom and r.type.startswith("gcp:")]
    assert {r["project"] for r in custom} == {"elson-test"}
    regional = [r for r in custom if not r.type.startswith("gcp:dns/")]
    assert {r.get("region") or r["location"] for r in regional} == {"us-central1"}, (
        "a proxy takes what is of its region"
    )


def test_the_listener_speaks_tls_1_2_or_newer(graph: Graph):
    (rule,) = graph.of_type(RULE)
    proxy = graph.referred(rule["target"])
    assert proxy is not None
    assert proxy.type == PROXY
    assert name_of(graph, proxy["urlMap"]) == "inside-routes"
    (policy,) = graph.of_type("gcp:compute/regionSslPolicy:RegionSslPolicy")
    assert graph.referred(proxy["sslPolicy"]) is policy
    assert (policy["minTlsVersion"], policy["profile"]) == ("TLS_1_2", "RESTRICTED")


def test_one_certificate_holds_every_name_and_is_proven_by_a_record(graph: Graph):
    (certificate,) = graph.of_type("gcp:certificatemanager/certificate:Certificate")
    (proof,) = graph.of_type("gcp:certificatemanager/dnsAuthorization:DnsAuthorization")
    (proxy,) = graph.of_type(PROXY)
    assert proxy["certificateManagerCertificates"] == [f"//certificatemanager.googleapis.com/{certificate.id}"]
    assert certificate["managed"] == {"domains": [f"*.{DOMAIN}"], "dnsAuthorizations": [proof.id]}
    assert (proof["domain"], proof["type"]) == (DOMAIN, "PER_PROJECT_RECORD"), "it proves the names below it too"
    registered = graph.named("inside", "platform:edge:InternalLoadBalancer").registered or {}
    (record,) = proof["dnsResourceRecords"]
    assert (registered["proof_name"], registered["proof_value"]) == (record["name"], record["data"])


def test_each_name_leads_to_the_address_and_to_its_service(graph: Graph):
    (address,) = graph.of_type(ADDRESS)
    records = {
        (r["name"], r["type"], r["managedZone"], *r["rrdatas"]) for r in graph.of_type("gcp:dns/recordSet:RecordSet")
    }
    assert records == {
        (f"{service}.{DOMAIN}.", "A", "network-dns-gcp", address["address"]) for service in ("auth-service", "orders")
    }
    found = {(host, rule["pathMatcher"]) for rule in routes(graph)["hostRules"] for host in rule["hosts"]}
    assert found == {(f"{service}.{DOMAIN}", service) for service in ("auth-service", "orders")}
    assert {each["name"] for each in routes(graph)["pathMatchers"]} == {"auth-service", "orders"}


def test_each_colour_has_a_backend_that_leads_to_its_cloud_run_service(graph: Graph):
    found: set[tuple[str, str, str]] = set()
    for each in graph.of_type(BACKEND):
        for backend in each["backends"]:
            group = graph.referred(backend["group"])
            assert group is not None
            found.add((each.name, group["networkEndpointType"], group["cloudRun"]["service"]))
    assert found == {
        (f"inside-{service}-{colour}", "SERVERLESS", f"elson-stg-{service}-{colour}")
        for service in ("auth-service", "orders")
        for colour in COLOURS
    }


def test_backends_say_what_google_wants_for_cloud_run_and_nothing_that_it_refuses(graph: Graph):
    serving = [each for each in graph.of_type(BACKEND) if each.name != "inside-nowhere"]
    assert len(serving) == 4, "two colours of two services"
    assert {(b["balancingMode"], b["capacityScaler"]) for each in serving for b in each["backends"]} == {
        ("UTILIZATION", 1)
    }
    refused = {"healthChecks", "timeoutSec", "portName", "connectionDrainingTimeoutSec"}
    assert {name for each in serving for name in each.inputs} & refused == set()


def test_every_request_is_logged(graph: Graph):
    found = {
        (each["loadBalancingScheme"], each["logConfig"]["enable"], each["logConfig"]["sampleRate"])
        for each in graph.of_type(BACKEND)
    }
    assert found == {("INTERNAL_MANAGED", True, 0.5)}


def test_a_request_for_any_other_host_ends_with_404_and_reaches_nothing(graph: Graph):
    nowhere = graph.referred(routes(graph)["defaultService"])
    assert nowhere is not None
    assert nowhere["backends"] == []
    check = graph.referred(nowhere["healthChecks"])
    assert check is not None, "only what leads to Cloud Run may go without"
    assert check.type == "gcp:compute/regionHealthCheck:RegionHealthCheck"
    assert routes(graph)["defaultRouteAction"] == {
        "faultInjectionPolicy": {"abort": {"httpStatus": 404, "percentage": 100}}
    }


@pytest.mark.parametrize("service", ["auth-service", "orders"])
def test_a_request_that_names_a_colour_gets_it_before_any_weight_is_looked_at(graph: Graph, service: str):
    found = {
        rule["priority"]: (
            tuple((match["headerName"], match["exactMatch"]) for match in rule["matchRules"][0]["headerMatches"]),
            rule["matchRules"][0]["prefixMatch"],
            name_of(graph, rule["service"]),
        )
        for rule in matcher(graph, service)["routeRules"]
    }
    assert found == {
        priority: ((("X-Release", colour),), "/", f"inside-{service}-{colour}")
        for priority, colour in enumerate(COLOURS)
    }
    assert "defaultService" not in matcher(graph, service), "Google takes a service or weights, not both"


@pytest.mark.parametrize("percent", sorted(set(STEPS)))
def test_the_traffic_is_shared_as_the_release_says(percent: int):
    graph = recorded(replace(ARGS, services={"orders": replace(ORDERS, release=with_weight(SPEC, percent).release)}))
    assert weights(graph, "orders") == {"inside-orders-blue": 100 - percent, "inside-orders-green": percent}


@pytest.mark.parametrize("percent", sorted(set(STEPS)))
def test_a_service_has_the_same_routes_inside_as_it_has_for_the_public(percent: int):
    release = with_weight(SPEC, percent).release
    within = recorded(replace(ARGS, services={"orders": replace(ORDERS, release=release)}))
    outer = public(replace(PUBLIC, services={"orders": replace(ORDERS, release=release)}))
    (theirs,) = outer.named("edge-routes")["pathMatchers"]
    assert _named(within, matcher(within, "orders"), "inside-") == _named(outer, theirs, "edge-")


def _named(graph: Graph, part: Any, prefix: str) -> Any:
    """A part of a URL map with the names of backends in the place of their ids."""
    if isinstance(part, Mapping):
        return {key: _named(graph, value, prefix) for key, value in part.items()}
    if isinstance(part, list):
        return [_named(graph, value, prefix) for value in part]
    resource = graph.referred(part) if isinstance(part, str) and "/" in part else None
    return resource.name.removeprefix(prefix) if resource else part


@pytest.mark.parametrize("serves_as", get_args(Place))
@pytest.mark.parametrize("step", list(pairwise(STEPS)), ids=str)
def test_a_step_of_a_release_touches_weights_and_scales_and_nothing_else(step: tuple[int, int], serves_as: Place):
    change = difference(with_service(step[0], serves_as), with_service(step[1], serves_as))
    assert [*change.added, *change.deleted, *change.replaced, *change.following] == []
    touched = {(each.resource.name, path.partition("[")[0]) for each in change.changed for path in each.paths}
    scales = {(f"backend-api-{colour}", "scaling.minInstanceCount") for colour in COLOURS}
    assert ("inside-routes", "pathMatchers") in touched, "the weight is moved at the load balancer"
    assert touched - scales == {("inside-routes", "pathMatchers")}
    paths = {path.rpartition(".")[2] for each in change.changed for path in each.paths if path.startswith("path")}
    assert paths == {"weight"}


def test_the_weight_moves_once_the_services_know_of_it():
    graph = with_service(10)
    services = set(graph.of_type("gcp:cloudrunv2/service:Service"))
    assert services <= waits_for(graph, routes(graph)), "requests would come before the instances do"


def test_the_listener_comes_after_the_proxies_of_the_region_and_goes_before_them():
    def build() -> None:
        network = GcpNetwork("net", GCP)
        InternalLoadBalancer("inside", replace(ARGS, subnetwork_id=network.balancers_subnetwork_id))

    graph = record_components(build)
    proxies = graph.named("net-proxies", "gcp:compute/subnetwork:Subnetwork")
    (rule,) = graph.of_type(RULE)
    assert proxies in graph.dependencies(rule), "Google refuses a load balancer in a region without proxies"
    assert name_of(graph, rule["subnetwork"]) == "net-nodes"


def test_another_service_touches_neither_the_certificate_nor_a_backend_in_use():
    change = difference(recorded(replace(ARGS, services={"orders": ORDERS})), recorded())
    assert {each.name for each in change.added} == {
        "inside-auth-service",
        "inside-auth-service-blue",
        "inside-auth-service-green",
    }
    assert {each.resource.name for each in change.changed} == {"inside-routes"}
    assert not [*change.deleted, *change.replaced, *change.following]


def test_the_urls_of_services_wait_for_nothing_since_those_that_are_called_call_as_well():
    def build() -> None:
        balancer = InternalLoadBalancer("inside", ARGS)
        for service, url in balancer.urls.items():
            gcp.pubsub.Topic(f"caller-of-{service}", labels={"url": url})

    graph = record_components(build, known=False)
    for service in ARGS.services:
        user = graph.named(f"caller-of-{service}")
        assert user["labels"] == {"url": f"https://{service}.{DOMAIN}"}
        assert graph.dependencies(user) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"services": {"a": AUTH, "b": AUTH}}, "two services"),
        ({"services": {"a": replace(AUTH, hostnames=[])}}, "no host name"),
        ({"services": {"a": replace(AUTH, hostnames=["auth.elson.example"])}}, "not one label below"),
        ({"services": {"a": replace(AUTH, hostnames=[f"a.b.{DOMAIN}"])}}, "not one label below"),
        ({"log_sampling": 0}, "log_sampling"),
    ],
)
def test_what_would_leave_requests_without_one_answer_is_refused(changes: dict[str, Any], words: str):
    with pytest.raises(ValueError, match=words):
        replace(ARGS, **changes)


def test_a_first_preview_sees_all_that_an_update_makes(graph: Graph):
    unknown = recorded(known=False)
    assert set(unknown.resources) == set(graph.resources)
    assert [*graph.problems, *unknown.problems, *graph.warnings] == []


def test_the_outputs_are_what_callers_and_alarms_need(graph: Graph):
    registered = graph.named("inside", "platform:edge:InternalLoadBalancer").registered or {}
    (address,) = graph.of_type(ADDRESS)
    assert registered["address"] == address["address"]
    assert registered["url_map_id"] == routes(graph).id
    assert registered["urls"] == {service: f"https://{service}.{DOMAIN}" for service in ("auth-service", "orders")}
    assert {key: name_of(graph, value) for key, value in registered["backend_service_ids"].items()} == {
        f"{service}-{colour}": f"inside-{service}-{colour}"
        for service in ("auth-service", "orders")
        for colour in COLOURS
    }
