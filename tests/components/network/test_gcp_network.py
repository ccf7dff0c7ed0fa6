"""The Google Cloud half of the network: who gets where, and what is written down about it.

What Google does with these resources is not proved here, only that they say what they should.
"""

from functools import cache
from ipaddress import IPv4Network

import pulumi_gcp as gcp
import pytest

from components.network.gcp_network import GcpNetwork
from sandbox.graph import Graph
from sandbox.recorder import record_components
from tests.components.network.examples import GCP, gcp_args

SUBNETS = ("nodes", "serverless", "control-plane", "resolver", "pipelines")
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"


@cache
def recorded(known: bool = True) -> Graph:
    return record_components(_build, known=known)


def _build() -> None:
    GcpNetwork("net", GCP)


@pytest.fixture
def network() -> Graph:
    return recorded()


def _name(graph: Graph, value: str) -> str:
    resource = graph.referred(value)
    assert resource is not None, f"{value} belongs to nothing that was registered"
    return resource.name


def test_the_vpc_carries_what_the_link_carries_and_learns_routes_for_every_region(network: Graph):
    vpc = network.named("net-vpc").inputs
    assert (vpc["autoCreateSubnetworks"], vpc["routingMode"], vpc["mtu"]) == (False, "GLOBAL", 1460)


def test_subnets_have_the_ranges_of_the_settings(network: Graph):
    found = {(r.name, r.inputs["ipCidrRange"]) for r in network.of_type(SUBNETWORK)}
    assert found == {
        ("net-nodes", "10.2.0.0/20"),
        ("net-serverless", "10.2.16.0/24"),
        ("net-control-plane", "10.2.17.0/28"),
        ("net-resolver", "10.2.17.16/29"),
        ("net-proxies", "10.2.18.0/23"),
        ("net-pipelines", "10.2.17.32/28"),
    }


def test_pods_and_services_live_in_the_subnet_of_the_nodes(network: Graph):
    found = {
        (r.name, secondary["rangeName"], secondary["ipCidrRange"])
        for r in network.of_type(SUBNETWORK)
        for secondary in r.inputs.get("secondaryIpRanges", ())
    }
    assert found == {("net-nodes", "pods", "10.4.0.0/14"), ("net-nodes", "services", "10.3.0.0/20")}
    outputs = network.named("net").registered
    assert outputs is not None
    assert (outputs["pods_range_name"], outputs["services_range_name"]) == ("pods", "services")


def test_every_subnet_reaches_googles_apis_privately_and_logs_its_flows(network: Graph):
    found = {
        (r.name, r.inputs["privateIpGoogleAccess"], r.inputs["logConfig"]["flowSampling"])
        for r in network.of_type(SUBNETWORK)
        if r.name != "net-proxies"
    }
    assert found == {(f"net-{role}", True, 0.25) for role in SUBNETS}


def test_proxies_of_load_balancers_have_a_subnet_in_use_that_asks_for_nothing_google_refuses(network: Graph):
    proxies = network.named("net-proxies", SUBNETWORK).inputs
    assert (proxies["purpose"], proxies["role"]) == ("REGIONAL_MANAGED_PROXY", "ACTIVE"), "a BACKUP one serves nobody"
    assert {"logConfig", "privateIpGoogleAccess", "secondaryIpRanges"} & set(proxies) == set(), (
        "no machine of ours gets an address in it"
    )


def test_a_load_balancer_gets_its_address_from_the_nodes_subnet_once_there_are_proxies():
    def build() -> None:
        half = GcpNetwork("net", GCP)
        gcp.compute.Address("balancer", address_type="INTERNAL", subnetwork=half.balancers_subnetwork_id)

    graph = record_components(build)
    address = graph.named("balancer")
    assert _name(graph, address.inputs["subnetwork"]) == "net-nodes"
    waited = {r.name for r in graph.dependencies(address) if r.type == SUBNETWORK}
    assert waited == {"net-nodes", "net-proxies"}, "without proxies in the region Google refuses the load balancer"


def test_every_route_is_written_down(network: Graph):
    assert network.named("net-vpc").inputs["deleteDefaultRoutesOnCreate"] is True, "Google's own would come on top"
    found = {
        (r.name, r.inputs["destRange"], r.inputs["nextHopGateway"]) for r in network.of_type("gcp:compute/route:Route")
    }
    assert found == {
        ("net-internet", "0.0.0.0/0", "default-internet-gateway"),
        ("net-google-apis", "199.36.153.8/30", "default-internet-gateway"),
    }


def test_only_workloads_have_a_way_out(network: Graph):
    nat = network.named("net-nat", "gcp:compute/routerNat:RouterNat").inputs
    found = {(_name(network, s["name"]), *s["sourceIpRangesToNats"]) for s in nat["subnetworks"]}
    assert nat["sourceSubnetworkIpRangesToNat"] == "LIST_OF_SUBNETWORKS"
    assert found == {("net-nodes", "ALL_IP_RANGES"), ("net-serverless", "ALL_IP_RANGES")}, (
        "neither the control plane's end nor the resolver's opens connections"
    )


def test_outgoing_traffic_has_addresses_that_partners_can_list(network: Graph):
    nat = network.named("net-nat", "gcp:compute/routerNat:RouterNat").inputs
    outputs = network.named("net").registered
    assert outputs is not None
    assert nat["natIpAllocateOption"] == "MANUAL_ONLY"
    assert {_name(network, address) for address in nat["natIps"]} == {"net-nat-a", "net-nat-b"}
    assert outputs["nat_addresses"] == {key: network.named(f"net-nat-{key}")["address"] for key in ("a", "b")}


def test_ports_grow_with_the_need(network: Graph):
    nat = network.named("net-nat", "gcp:compute/routerNat:RouterNat").inputs
    assert (nat["enableDynamicPortAllocation"], nat["enableEndpointIndependentMapping"]) == (True, False), (
        "Google takes only one of the two"
    )
    assert all(ports & (ports - 1) == 0 for ports in map(int, (nat["minPortsPerVm"], nat["maxPortsPerVm"]))), (
        "with dynamic allocation Google takes powers of two alone"
    )


def test_dropped_connections_are_logged(network: Graph):
    nat = network.named("net-nat", "gcp:compute/routerNat:RouterNat").inputs
    assert nat["logConfig"] == {"enable": True, "filter": "ERRORS_ONLY"}


def test_the_vpc_its_zones_and_the_addresses_that_partners_list_are_protected(network: Graph):
    assert {(r.type, r.name) for r in network if r.options.protect} == {
        ("gcp:compute/network:Network", "net-vpc"),
        ("gcp:compute/address:Address", "net-nat-a"),
        ("gcp:compute/address:Address", "net-nat-b"),
        *(
            ("gcp:dns/managedZone:ManagedZone", f"net-google-apis-{domain}")
            for domain in ("googleapis-com", "gcr-io", "pkg-dev")
        ),
    }


def test_managed_services_get_their_addresses_from_the_range_of_the_settings(network: Graph):
    allocated = network.named("net-managed-services", "gcp:compute/globalAddress:GlobalAddress")
    connection = network.named("net-managed-services", "gcp:servicenetworking/connection:Connection")
    assert [allocated.inputs[key] for key in ("address", "prefixLength", "purpose", "addressType")] == [
        "10.2.32.0",
        20,
        "VPC_PEERING",
        "INTERNAL",
    ], "left to Google the range could be one that AWS uses"
    assert connection.inputs["reservedPeeringRanges"] == [allocated["name"]]


def test_managed_services_learn_the_way_to_aws_and_aws_the_way_to_them(network: Graph):
    routes = network.named("net-managed-services", "gcp:compute/networkPeeringRoutesConfig:NetworkPeeringRoutesConfig")
    connection = network.named("net-managed-services", "gcp:servicenetworking/connection:Connection")
    assert routes.inputs["peering"] == connection["peering"]
    assert (routes.inputs["exportCustomRoutes"], routes.inputs["importCustomRoutes"]) == (True, True)


def test_the_peering_does_not_outlive_the_network(network: Graph):
    connection = network.named("net-managed-services", "gcp:servicenetworking/connection:Connection")
    assert connection.inputs["deletionPolicy"] == "REMOVE_PEERING", "Cloud SQL holds a plain connection for days"


def test_the_peering_that_databases_wait_for_is_the_connection(network: Graph):
    connection = network.named("net-managed-services", "gcp:servicenetworking/connection:Connection")
    outputs = network.named("net").registered
    assert outputs is not None
    assert outputs["services_peering"] == connection["peering"]


def test_names_of_googles_apis_lead_to_private_addresses(network: Graph):
    found = {
        (r.inputs["name"], r.inputs["type"], tuple(r.inputs["rrdatas"]))
        for r in network.of_type("gcp:dns/recordSet:RecordSet")
    }
    private = tuple(f"199.36.153.{last}" for last in (8, 9, 10, 11))
    assert found == {
        ("private.googleapis.com.", "A", private),
        ("*.googleapis.com.", "CNAME", ("private.googleapis.com.",)),
        ("gcr.io.", "A", private),
        ("*.gcr.io.", "CNAME", ("gcr.io.",)),
        ("pkg.dev.", "A", private),
        ("*.pkg.dev.", "CNAME", ("pkg.dev.",)),
    }


def test_those_names_are_private_to_the_vpc(network: Graph):
    vpc = network.named("net-vpc").id
    found = {
        (r.inputs["dnsName"], r.inputs["visibility"], r.inputs["privateVisibilityConfig"]["networks"][0]["networkUrl"])
        for r in network.of_type("gcp:dns/managedZone:ManagedZone")
    }
    assert found == {(f"{domain}.", "private", vpc) for domain in ("googleapis.com", "gcr.io", "pkg.dev")}


def test_everything_is_in_the_project_and_region_named(network: Graph):
    custom = [r for r in network if r.custom and r.type.startswith("gcp:")]
    strays = {r.name for r in custom if r.get("project", "example-project") != "example-project"}
    elsewhere = {r.name for r in custom if r.get("region", "us-east4") != "us-east4"}
    assert (strays, elsewhere) == (set(), set())


@pytest.mark.parametrize(
    ("field", "cidr", "reason"),
    [
        ("control_plane", "10.2.17.0/27", "is not a /28"),
        ("serverless", "10.2.16.0/27", "too small for Cloud Run"),
        ("resolver", "10.2.17.16/28", "is not a /29"),
        ("proxies", "10.2.18.0/27", "too small for load balancers"),
        ("pipelines", "10.2.17.32/29", "has no room"),
        ("managed_services", "10.2.32.0/25", "holds no /24"),
    ],
)
def test_a_range_of_a_size_that_does_not_work_is_refused(field: str, cidr: str, reason: str):
    with pytest.raises(ValueError, match=f"{field} {cidr} {reason}|{field} {cidr} is {reason}"):
        gcp_args(**{field: IPv4Network(cidr)})


def test_a_first_preview_registers_the_same_resources():
    assert {(r.type, r.name) for r in recorded(known=False)} == {(r.type, r.name) for r in recorded()}
