"""The AWS half of the network: who gets where, and what changing a setting changes.

What AWS does with these resources is not proved here, only that they say what they should.
"""

import json
from collections.abc import Callable
from functools import cache
from ipaddress import IPv4Network

import pytest

from components.network import resolver_addresses, subnets
from components.network.aws_network import AwsNetwork, NatPlacement
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components
from tests.components.network.examples import AWS, KEY, ZONES, aws_args

TIERS = ("public", "private", "database", "transit")


@cache
def recorded(nat: NatPlacement = "per_zone", zones: tuple[str, ...] = ZONES, known: bool = True) -> Graph:
    return record_components(lambda: _build(nat, zones), known=known)


def _build(nat: NatPlacement, zones: tuple[str, ...]) -> None:
    AwsNetwork("net", aws_args(nat=nat, zones=zones))


@pytest.fixture
def network() -> Graph:
    return recorded()


def routes(graph: Graph) -> set[tuple[str, str, str]]:
    """Every route as (table, destination, target), the ends by logical name."""
    found: set[tuple[str, str, str]] = set()
    for route in graph.of_type("aws:ec2/route:Route"):
        target = next(route.inputs[key] for key in ("gatewayId", "natGatewayId") if key in route.inputs)
        found.add(
            (_name(graph, route.inputs["routeTableId"]), route.inputs["destinationCidrBlock"], _name(graph, target))
        )
    return found


def _name(graph: Graph, value: str) -> str:
    resource = graph.referred(value)
    assert resource is not None, f"{value} belongs to nothing that was registered"
    return resource.name


def _differing(before: Graph, after: Graph, same: Callable[[Resource], object]) -> set[tuple[str, str]]:
    old = {(r.type, r.name): same(r) for r in before}
    new = {(r.type, r.name): same(r) for r in after}
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def test_every_zone_has_four_subnets_where_the_planner_puts_them(network: Graph):
    plan = subnets.plan(AWS.cidr, ZONES)
    found = {
        (r.inputs["availabilityZone"], r.inputs["tags"]["tier"]): IPv4Network(r.inputs["cidrBlock"])
        for r in network.of_type("aws:ec2/subnet:Subnet")
    }
    assert found == {(zone, tier): getattr(plan[zone], tier) for zone in ZONES for tier in TIERS}


def test_nothing_gets_a_public_address_by_itself(network: Graph):
    generous = {r.name for r in network.of_type("aws:ec2/subnet:Subnet") if r.inputs["mapPublicIpOnLaunch"]}
    assert generous == set(), "even in a public subnet only load balancers and NAT gateways have public addresses"


def test_only_public_and_private_subnets_have_a_route_and_each_zone_its_own_nat_gateway(network: Graph):
    assert routes(network) == {
        ("net-public", "0.0.0.0/0", "net-igw"),
        *((f"net-private-{zone}", "0.0.0.0/0", f"net-nat-{zone}") for zone in ZONES),
    }, "database and transit subnets must not have a way to the internet"


def test_every_subnet_uses_the_table_of_its_tier(network: Graph):
    found = {
        (_name(network, r.inputs["subnetId"]), _name(network, r.inputs["routeTableId"]))
        for r in network.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
    }
    tables = {(f"net-{tier}-{zone}", f"net-{tier}-{zone}") for tier in TIERS[1:] for zone in ZONES}
    assert found == tables | {(f"net-public-{zone}", "net-public") for zone in ZONES}, (
        "a subnet without an association uses the main table"
    )


def test_no_route_hides_inside_a_route_table(network: Graph):
    inline = {r.name for r in network.of_type("aws:ec2/routeTable:RouteTable") if r.inputs.get("routes")}
    assert inline == set(), "routes inside a table and Route resources undo each other"


def test_what_aws_creates_with_a_vpc_lets_nothing_through(network: Graph):
    group = network.named("net-default-sg")
    table = network.named("net-default-rt")
    assert (group.inputs["ingress"], group.inputs["egress"], table.inputs["routes"]) == ([], [], []), (
        "whatever forgets its security group or route table gets these"
    )


def test_a_single_nat_gateway_changes_gateways_addresses_and_private_routes_alone():
    def written(resource: Resource) -> object:
        return dict(resource.inputs), resource.options

    single, *others = sorted(ZONES)
    gone = {("aws:ec2/natGateway:NatGateway", f"net-nat-{zone}") for zone in others}
    addresses = {("aws:ec2/eip:Eip", f"net-nat-{zone}") for zone in others}
    moved = {("aws:ec2/route:Route", f"net-private-internet-{zone}") for zone in others}
    assert _differing(recorded("per_zone"), recorded("single"), written) == gone | addresses | moved
    assert {target for table, _, target in routes(recorded("single")) if "private" in table} == {f"net-nat-{single}"}


def test_another_zone_leaves_the_subnets_of_the_others_alone():
    def written(resource: Resource) -> object:
        return resource.inputs.get("cidrBlock")

    changed = _differing(recorded(zones=ZONES[:2]), recorded(zones=ZONES), written)
    assert {name for kind, name in changed if kind == "aws:ec2/subnet:Subnet"} == {f"net-{t}-{ZONES[2]}" for t in TIERS}


def test_the_vpc_and_the_addresses_that_partners_list_are_protected(network: Graph):
    assert {(r.type, r.name) for r in network if r.options.protect} == {
        ("aws:ec2/vpc:Vpc", "net-vpc"),
        *(("aws:ec2/eip:Eip", f"net-nat-{zone}") for zone in ZONES),
    }


def test_nat_gateways_wait_for_the_internet_gateway(network: Graph):
    gateway = network.named("net-igw")
    patient = {r.name for r in network.of_type("aws:ec2/natGateway:NatGateway") if gateway in network.dependencies(r)}
    assert patient == {f"net-nat-{zone}" for zone in ZONES}, "AWS refuses them in a VPC without an internet gateway"


def test_load_balancer_controllers_find_public_and_private_subnets(network: Graph):
    found = {
        (r.name, key)
        for r in network.of_type("aws:ec2/subnet:Subnet")
        for key in r.inputs["tags"]
        if key.startswith("kubernetes.io/")
    }
    assert found == {
        *((f"net-public-{zone}", "kubernetes.io/role/elb") for zone in ZONES),
        *((f"net-private-{zone}", "kubernetes.io/role/internal-elb") for zone in ZONES),
    }


def test_s3_is_reached_without_nat_from_private_and_database_subnets(network: Graph):
    endpoint = network.named("net-endpoints-s3")
    assert {_name(network, table) for table in endpoint.inputs["routeTableIds"]} == {
        f"net-{tier}-{zone}" for tier in ("private", "database") for zone in ZONES
    }


def test_interface_endpoints_have_an_address_in_every_private_subnet(network: Graph):
    found = {
        (endpoint.name, _name(network, subnet))
        for endpoint in network.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
        for subnet in endpoint.inputs.get("subnetIds", [])
    }
    assert found == {
        (f"net-endpoints-{service}", f"net-private-{zone}") for service in AWS.interface_endpoints for zone in ZONES
    }


def test_all_traffic_is_logged_into_an_encrypted_group(network: Graph):
    log = network.named("net-flow-logs", "aws:ec2/flowLog:FlowLog")
    group = network.named("net-flow-logs", "aws:cloudwatch/logGroup:LogGroup")
    assert (log.inputs["trafficType"], log.inputs["logDestination"]) == ("ALL", group["arn"])
    assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (KEY, 90)


def test_flow_logs_may_write_to_their_group_and_nowhere_else(network: Graph):
    policy = json.loads(network.named("net-flow-logs", "aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    arn = network.named("net-flow-logs", "aws:cloudwatch/logGroup:LogGroup")["arn"]
    group, groups = policy["Statement"]
    assert group["Resource"] == [arn, f"{arn}:*"]
    assert (groups["Action"], groups["Resource"]) == (
        ["logs:DescribeLogGroups"],
        [f"{arn.partition(':log-group:')[0]}:log-group:*"],
    ), "IAM allows listing for all groups of a region or not at all"


def test_only_flow_logs_of_this_account_assume_the_role(network: Graph):
    trust = json.loads(network.named("net-flow-logs", "aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert [(s["Principal"], s["Condition"]) for s in trust["Statement"]] == [
        ({"Service": "vpc-flow-logs.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": "123456789012"}})
    ], "without the account another customer's flow logs could use the role"


def test_outputs_are_keyed_by_zone(network: Graph):
    outputs = network.named("net").registered
    assert outputs is not None
    assert {key for key, value in outputs.items() if set(value) == set(ZONES)} == {
        "public_subnet_ids",
        "private_subnet_ids",
        "database_subnet_ids",
        "transit_subnet_ids",
        "private_route_table_ids",
        "database_route_table_ids",
        "nat_addresses",
    }


def test_a_first_preview_registers_the_same_resources():
    assert {(r.type, r.name) for r in recorded(known=False)} == {(r.type, r.name) for r in recorded()}


def test_addresses_for_the_resolver_are_kept_before_anything_else_is_in_a_private_subnet(network: Graph) -> None:
    kept = network.of_type("aws:ec2/subnetCidrReservation:SubnetCidrReservation")
    blocks = {_name(network, r["subnetId"]): IPv4Network(r["cidrBlock"]) for r in kept}
    plan = subnets.plan(AWS.cidr, ZONES)
    assert blocks == {f"net-private-{zone}": resolver_addresses.reserved(plan[zone].private) for zone in ZONES}
    assert {r["reservationType"] for r in kept} == {"explicit"}, "AWS gives such addresses to nobody that names none"
    for endpoint in network.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        if endpoint["vpcEndpointType"] == "Interface":
            waits = {each.urn for each in network.dependencies(endpoint)}
            assert {r.urn for r in kept} <= waits, f"{endpoint.name} could take an address that is about to be kept"
