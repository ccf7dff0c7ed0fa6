"""What a GlobalLoadBalancer promises; that Google routes accordingly is not proven here."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any, get_args

import pytest

from components.compute.cloud_run_service import CloudRunService
from components.edge.global_load_balancer import BalancedService, GlobalLoadBalancer, GlobalLoadBalancerArgs
from components.workloads.service import COLOURS, Place
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components
from tests.components.compute.cloud_run_examples import SPEC, STEPS, with_weight
from tests.components.compute.test_cloud_run_service import ARGS as SERVICE_ARGS

URL_MAP = "gcp:compute/uRLMap:URLMap"
BACKEND = "gcp:compute/backendService:BackendService"
GROUP = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup"
RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
ADDRESS = "gcp:compute/globalAddress:GlobalAddress"
MAP = "projects/elson-test/locations/global/certificateMaps/edge"
POLICY = "projects/elson-test/global/securityPolicies/edge"
HEADERS = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "X-Content-Type-Options": "nosniff"}
API = BalancedService(
    hostnames=["api.elson.example", "api.gcp.elson.example"],
    cloud_run_services={"blue": "elson-stg-backend-api-blue", "green": "elson-stg-backend-api-green"},
    release=with_weight(SPEC, 10).release,
)
SOCKET = BalancedService(
    hostnames=["ws.elson.example"],
    cloud_run_services={"blue": "elson-stg-websocket-blue", "green": "elson-stg-websocket-green"},
    release=SPEC.release,
)
ARGS = GlobalLoadBalancerArgs(
    project_id="elson-test",
    region="us-central1",
    services={"backend-api": API, "websocket": SOCKET},
    certificate_map_id=MAP,
    security_policy_id=POLICY,
    security_headers=HEADERS,
    tls_profile="RESTRICTED",
    log_sampling=0.5,
)


def recorded(args: GlobalLoadBalancerArgs = ARGS, known: bool = True) -> Graph:
    def build() -> None:
        GlobalLoadBalancer("edge", args)

    return record_components(build, known=known)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


@cache
def with_service(percent: int, serves_as: Place = "standby") -> Graph:
    """The load balancer and what runs behind it, as they stand at one weight."""
    spec = with_weight(SPEC, percent)

    def build() -> None:
        service = CloudRunService(
            "backend-api", replace(SERVICE_ARGS, spec=spec, place=replace(SERVICE_ARGS.place, serves_as=serves_as))
        )
        balanced = BalancedService(
            hostnames=["api.elson.example"],
            cloud_run_services=service.service_names,
            release=spec.release,
        )
        GlobalLoadBalancer("edge", replace(ARGS, services={"backend-api": balanced}))

    return record_components(build)


def name_of(graph: Graph, value: str) -> str:
    resource = graph.referred(value)
    assert resource is not None, f"{value} belongs to nothing that was registered"
    return resource.name


def routes(graph: Graph) -> Resource:
    return graph.named("edge-routes", URL_MAP)


def matcher(graph: Graph, service: str) -> Mapping[str, Any]:
    (found,) = (each for each in routes(graph)["pathMatchers"] if each["name"] == service)
    return found


def weights(graph: Graph, service: str) -> dict[str, int]:
    listed = matcher(graph, service)["defaultRouteAction"]["weightedBackendServices"]
    return {name_of(graph, each["backendService"]): each["weight"] for each in listed}


def test_the_internet_finds_one_address_on_two_ports_and_nothing_else(graph: Graph):
    found = {
        (each["portRange"], each["ipProtocol"], each["loadBalancingScheme"], name_of(graph, each["ipAddress"]))
        for each in graph.of_type(RULE)
    }
    assert found == {(port, "TCP", "EXTERNAL_MANAGED", "edge-address") for port in ("443", "80")}
    (address,) = graph.of_type(ADDRESS)
    assert address.options.protect is True, "public names fail over to it"


def test_port_80_answers_with_nothing_but_the_way_to_443(graph: Graph):
    (rule,) = (each for each in graph.of_type(RULE) if each["portRange"] == "80")
    proxy = graph.referred(rule["target"])
    assert proxy is not None
    redirect = graph.named(name_of(graph, proxy["urlMap"]), URL_MAP)
    assert redirect["defaultUrlRedirect"] == {
        "httpsRedirect": True,
        "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT",
        "stripQuery": False,
    }
    assert {"defaultService", "hostRules", "pathMatchers"} & set(redirect.inputs) == set()


def test_port_443_speaks_tls_1_2_or_newer_with_the_certificates_of_the_map(graph: Graph):
    (rule,) = (each for each in graph.of_type(RULE) if each["portRange"] == "443")
    proxy = graph.referred(rule["target"])
    assert proxy is not None
    assert name_of(graph, proxy["urlMap"]) == "edge-routes"
    assert proxy["certificateMap"] == f"//certificatemanager.googleapis.com/{MAP}"
    assert proxy["tlsEarlyData"] == "DISABLED"
    (policy,) = graph.of_type("gcp:compute/sSLPolicy:SSLPolicy")
    assert graph.referred(proxy["sslPolicy"]) is policy
    assert (policy["minTlsVersion"], policy["profile"]) == ("TLS_1_2", "RESTRICTED")


def test_each_colour_has_a_backend_that_leads_to_its_cloud_run_service(graph: Graph):
    found: set[tuple[str, str, str]] = set()
    for each in graph.of_type(BACKEND):
        for backend in each["backends"]:
            group = graph.referred(backend["group"])
            assert group is not None
            found.add((each.name, group["networkEndpointType"], group["cloudRun"]["service"]))
    assert found == {
        (f"edge-{service}-{colour}", "SERVERLESS", f"elson-stg-{service}-{colour}")
        for service in ("backend-api", "websocket")
        for colour in COLOURS
    }


def test_every_request_passes_the_security_policy_and_is_logged(graph: Graph):
    found = {
        (
            each["securityPolicy"],
            each["loadBalancingScheme"],
            each["logConfig"]["enable"],
            each["logConfig"]["sampleRate"],
        )
        for each in graph.of_type(BACKEND)
    }
    assert found == {(POLICY, "EXTERNAL_MANAGED", True, 0.5)}
    assert len(graph.of_type(BACKEND)) == 5, "two colours of two services, and nowhere"


def test_backends_say_nothing_that_google_refuses_for_cloud_run(graph: Graph):
    refused = {"healthChecks", "timeoutSec", "portName", "connectionDrainingTimeoutSec"}
    backends = [each for each in graph.of_type(BACKEND) if each["backends"]]
    assert {name for each in backends for name in each.inputs} & refused == set()


def test_each_host_leads_to_its_service(graph: Graph):
    found = {(host, rule["pathMatcher"]) for rule in routes(graph)["hostRules"] for host in rule["hosts"]}
    assert found == {
        ("api.elson.example", "backend-api"),
        ("api.gcp.elson.example", "backend-api"),
        ("ws.elson.example", "websocket"),
    }
    assert {each["name"] for each in routes(graph)["pathMatchers"]} == {"backend-api", "websocket"}


def test_a_request_for_any_other_host_ends_with_404_and_reaches_nothing(graph: Graph):
    nowhere = graph.referred(routes(graph)["defaultService"])
    assert nowhere is not None
    assert nowhere["backends"] == []
    assert graph.referred(nowhere["healthChecks"]) is not None, "only backends of Cloud Run may do without"
    assert routes(graph)["defaultRouteAction"] == {
        "faultInjectionPolicy": {"abort": {"httpStatus": 404, "percentage": 100}}
    }


@pytest.mark.parametrize("service", ["backend-api", "websocket"])
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
        priority: ((("X-Release", colour),), "/", f"edge-{service}-{colour}") for priority, colour in enumerate(COLOURS)
    }
    assert "defaultService" not in matcher(graph, service), "Google takes a service or weights, not both"


@pytest.mark.parametrize("percent", sorted(set(STEPS)))
def test_the_traffic_is_shared_as_the_release_says(percent: int):
    graph = recorded(replace(ARGS, services={"backend-api": replace(API, release=with_weight(SPEC, percent).release)}))
    assert weights(graph, "backend-api") == {"edge-backend-api-blue": 100 - percent, "edge-backend-api-green": percent}


def test_every_response_carries_the_security_headers_in_place_of_the_service_s_own(graph: Graph):
    found = {
        each["headerName"]: (each["headerValue"], each["replace"])
        for each in routes(graph)["headerAction"]["responseHeadersToAdds"]
    }
    assert found == {name: (value, True) for name, value in HEADERS.items()}


@pytest.mark.parametrize("serves_as", get_args(Place))
@pytest.mark.parametrize("step", list(pairwise(STEPS)), ids=str)
def test_a_step_of_a_release_touches_weights_and_scales_and_nothing_else(step: tuple[int, int], serves_as: Place):
    change = difference(with_service(step[0], serves_as), with_service(step[1], serves_as))
    assert [*change.added, *change.deleted, *change.replaced, *change.following] == []
    touched = {(each.resource.name, path.partition("[")[0]) for each in change.changed for path in each.paths}
    scales = {(f"backend-api-{colour}", "scaling.minInstanceCount") for colour in COLOURS}
    assert ("edge-routes", "pathMatchers") in touched, "the weight is moved at the load balancer"
    assert touched - scales == {("edge-routes", "pathMatchers")}
    paths = {path.rpartition(".")[2] for each in change.changed for path in each.paths if path.startswith("path")}
    assert paths == {"weight"}


@pytest.mark.parametrize("serves_as", get_args(Place))
@pytest.mark.parametrize("percent", sorted(set(STEPS)))
def test_no_weight_sends_traffic_to_a_colour_without_capacity(percent: int, serves_as: Place):
    graph = with_service(percent, serves_as)
    least = SPEC.replicas.min if serves_as == "primary" else SPEC.replicas.standby
    for colour in COLOURS:
        service = graph.named(f"backend-api-{colour}", "gcp:cloudrunv2/service:Service")
        if weights(graph, "backend-api")[f"edge-backend-api-{colour}"] > 0:
            assert service["scaling"]["minInstanceCount"] == least
        assert service["template"]["scaling"]["maxInstanceCount"] == SPEC.replicas.max


def test_the_weight_moves_once_the_services_know_of_it():
    graph = with_service(10)
    waits: set[Resource] = set()
    ahead = [routes(graph)]
    while ahead:
        found = set(graph.dependencies(ahead.pop())) - waits
        waits |= found
        ahead += found
    services = set(graph.of_type("gcp:cloudrunv2/service:Service"))
    assert services <= waits, "requests would come before the instances do"


def test_another_service_touches_none_of_the_backends_in_use():
    change = difference(recorded(replace(ARGS, services={"backend-api": API})), recorded())
    assert {each.name for each in change.added} == {"edge-websocket-blue", "edge-websocket-green"}
    assert {each.resource.name for each in change.changed} == {"edge-routes"}
    assert not [*change.deleted, *change.replaced, *change.following]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"services": {"a": API, "b": API}}, "two services"),
        ({"services": {"a": replace(API, hostnames=[])}}, "no host name"),
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


def test_the_outputs_are_what_dns_and_alarms_need(graph: Graph):
    registered = graph.named("edge", "platform:edge:GlobalLoadBalancer").registered or {}
    (address,) = graph.of_type(ADDRESS)
    assert registered["address"] == address["address"]
    assert {key: name_of(graph, value) for key, value in registered["backend_service_ids"].items()} == {
        f"{service}-{colour}": f"edge-{service}-{colour}"
        for service in ("backend-api", "websocket")
        for colour in COLOURS
    }
