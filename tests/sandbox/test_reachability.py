"""The model tells a whole network from one in which a single thing is wrong, and says what it is.

What it knows of the clouds is written into it; the tests hold it to that, and cannot prove that the clouds agree.
"""

from typing import Any

import pytest

from sandbox.graph import Graph, Resource
from sandbox.reachability import Blocked, Endpoint, NotModelledError, Path, Reachability
from tests.sandbox.two_clouds import TUNNELS, altered, two_clouds, with_resource, without

SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
ROUTE = "aws:ec2/route:Route"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
NETWORK = "gcp:compute/network:Network"
FIREWALL = "gcp:compute/firewall:Firewall"
CONNECTION = "gcp:servicenetworking/connection:Connection"
PEERING_ROUTES = "gcp:compute/networkPeeringRoutesConfig:NetworkPeeringRoutesConfig"
ROUTER_NAT = "gcp:compute/routerNat:RouterNat"
TRANSIT = "aws:ec2transitgateway/transitGateway:TransitGateway"
VPC_ATTACHMENT = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"
VPN = "aws:ec2/vpnConnection:VpnConnection"
CUSTOMER = "aws:ec2/customerGateway:CustomerGateway"
TUNNEL = "gcp:compute/vPNTunnel:VPNTunnel"
INTERFACE = "gcp:compute/routerInterface:RouterInterface"
PEER = "gcp:compute/routerPeer:RouterPeer"
ROUTER = "gcp:compute/router:Router"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"

WHOLE = two_clouds()


def on_aws(graph: Graph, subnet: str, *groups: str, **suppositions: Any) -> Endpoint:
    """What sits in a subnet with these security groups, or with none asked for."""
    chosen = [graph.named(group, GROUP) for group in groups] or None
    return Reachability(graph).subnet(graph.named(subnet, SUBNET), groups=chosen, **suppositions)


def on_google(graph: Graph, *tags: str, subnet: str = "nodes", **suppositions: Any) -> Endpoint:
    """An instance with these network tags."""
    return Reachability(graph).subnet(graph.named(subnet, SUBNETWORK), tags=tags, **suppositions)


def pods(graph: Graph, *tags: str) -> Endpoint:
    return on_google(graph, *tags, secondary_range="pods")


def managed(graph: Graph) -> Endpoint:
    return Reachability(graph).managed_services(graph.named("managed", CONNECTION))


def pods_to_data(graph: Graph) -> Path | Blocked:
    return Reachability(graph).path(pods(graph), on_aws(graph, "data-a", "data"), port=5432)


def data_to_managed(graph: Graph) -> Path | Blocked:
    return Reachability(graph).path(on_aws(graph, "data-a"), managed(graph), port=5432)


def names(resources: tuple[Resource, ...]) -> list[str]:
    return [resource.name for resource in resources]


# Inside a VPC


def test_a_group_admits_members_of_the_group_it_names_and_no_one_else() -> None:
    model = Reachability(WHOLE)
    data = on_aws(WHOLE, "data-a", "data")
    assert model.path(on_aws(WHOLE, "app-a", "app"), data, port=5432)
    blocked = model.path(on_aws(WHOLE, "app-a", "web"), data, port=5432)
    assert isinstance(blocked, Blocked)
    assert "security group web has no egress rule for tcp/5432 to 10.0.3.0 (data-a)" in blocked.reason
    assert not model.path(on_aws(WHOLE, "app-a", "app"), data, port=5433), "a rule is for its port alone"
    assert not model.path(on_aws(WHOLE, "app-a", "app"), data, port=5432, protocol="udp"), "and for its protocol"


def test_a_group_without_egress_rules_opens_no_connection_though_it_answers() -> None:
    model = Reachability(WHOLE)
    blocked = model.path(on_aws(WHOLE, "data-a", "data"), on_aws(WHOLE, "app-a", "app"), port=8080)
    assert isinstance(blocked, Blocked)
    assert blocked.at is WHOLE.named("data", GROUP)


def test_both_ends_have_to_agree() -> None:
    missing = without(WHOLE, WHOLE.named("data-in"))
    blocked = Reachability(missing).path(on_aws(missing, "app-a", "app"), on_aws(missing, "data-a", "data"), port=5432)
    assert isinstance(blocked, Blocked)
    assert "data has no ingress rule" in blocked.reason


def test_inline_rules_count_as_much_as_rules_apart() -> None:
    rule = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["10.0.0.0/16"]}
    graph = altered(WHOLE, WHOLE.named("data", GROUP), ingress=[rule])
    data = on_aws(graph, "data-a", "data")
    assert Reachability(graph).path(on_aws(graph, "spare"), data, port=22)
    assert not Reachability(WHOLE).path(on_aws(WHOLE, "spare"), on_aws(WHOLE, "data-a", "data"), port=22)


def test_every_address_of_a_range_has_to_be_admitted() -> None:
    half = altered(WHOLE, WHOLE.named("data-in-google"), cidrIpv4="10.68.0.0/17")
    assert not pods_to_data(half), "the upper half of the pods is shut out"
    assert Reachability(half).any_path(pods(half), on_aws(half, "data-a", "data"), port=5432)


def test_a_network_acl_has_to_pass_the_answer_too() -> None:
    subnet = WHOLE.named("data-a", SUBNET)
    every = {"ruleNo": 100, "action": "allow", "protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlock": "0.0.0.0/0"}
    only_low = {**every, "protocol": "tcp", "fromPort": 0, "toPort": 1023}
    acl = _network_acl(WHOLE, subnet, ingress=[every], egress=[every])
    assert pods_to_data(acl)
    assert "denies egress" in str(pods_to_data(_network_acl(WHOLE, subnet, ingress=[every], egress=[only_low])))
    refused = {**every, "ruleNo": 50, "action": "deny", "protocol": "6", "fromPort": 5432, "toPort": 5432}
    assert "denies ingress" in str(pods_to_data(_network_acl(WHOLE, subnet, ingress=[refused, every], egress=[every])))


def _network_acl(graph: Graph, subnet: Resource, **rules: Any) -> Graph:
    """The graph with a network ACL around a subnet."""
    properties = {"subnetIds": [subnet.id], "vpcId": subnet["vpcId"], **rules}
    return with_resource(graph, "aws:ec2/networkAcl:NetworkAcl", "acl", properties)


# The internet


def test_a_private_subnet_gets_out_by_nat_and_nobody_gets_in() -> None:
    model = Reachability(WHOLE)
    out = model.path(on_aws(WHOLE, "app-a", "app"), model.internet, port=443)
    assert "NAT gateway nat in public-a" in str(out)
    assert "app-a has no address on the internet" in str(model.any_path(model.internet, on_aws(WHOLE, "app-a")))
    supposed = model.any_path(model.internet, on_aws(WHOLE, "app-a", public=True))
    assert isinstance(supposed, Blocked)
    assert supposed.at is WHOLE.named("nat", "aws:ec2/natGateway:NatGateway"), "NAT takes no answer it did not ask for"


def test_a_subnet_without_a_way_out_has_none_even_with_a_public_address() -> None:
    model = Reachability(WHOLE)
    for supposed in (False, True):
        data = on_aws(WHOLE, "data-a", public=supposed)
        assert not model.any_path(data, model.internet)
        assert not model.any_path(model.internet, data)


def test_a_public_subnet_serves_those_with_a_public_address() -> None:
    model = Reachability(WHOLE)
    assert not model.any_path(on_aws(WHOLE, "public-a"), model.internet)
    for ends in ((on_aws(WHOLE, "public-a", public=True), model.internet), (model.internet, _front(WHOLE))):
        assert model.path(*ends, port=443)
    detached = Reachability(without(WHOLE, WHOLE.named("gateway")))
    assert not detached.any_path(detached.internet, _front(WHOLE), port=443)


def _front(graph: Graph) -> list[Endpoint]:
    return Reachability(graph).of(graph.named("front", "aws:lb/loadBalancer:LoadBalancer"))


def test_a_partner_is_known_by_address_or_by_prefix_list() -> None:
    graph = altered(WHOLE, WHOLE.named("web-in"), cidrIpv4=None, prefixListId="pl-of-aws")
    model = Reachability(graph)
    assert not model.any_path(model.internet, _front(graph), port=443)
    assert model.path(model.outsider("CloudFront", prefix_lists=["pl-of-aws"]), _front(graph), port=443)
    listed = with_resource(graph, PREFIX_LIST, "partners", {"entries": [{"cidr": "203.0.113.0/24"}]})
    named = altered(listed, listed.named("web-in"), prefixListId="id-partners")
    assert Reachability(named).path(model.outsider("a partner", "203.0.113.7"), _front(named), port=443)
    assert not Reachability(named).any_path(model.outsider("another", "198.51.100.7"), _front(named), port=443)


def test_nat_needs_a_way_out_of_its_own() -> None:
    broken = without(WHOLE, WHOLE.named("out"))
    model = Reachability(broken)
    assert not model.any_path(on_aws(broken, "app-a"), model.internet)


def test_a_route_to_something_gone_is_a_blackhole() -> None:
    model = Reachability(WHOLE).without(WHOLE.named("nat", "aws:ec2/natGateway:NatGateway"))
    blocked = model.any_path(on_aws(WHOLE, "app-a"), model.internet)
    assert isinstance(blocked, Blocked)
    assert blocked.at is WHOLE.named("app-out", ROUTE)


def test_a_subnet_of_no_route_table_takes_the_main_one_which_is_empty() -> None:
    model = Reachability(WHOLE)
    assert not model.any_path(on_aws(WHOLE, "spare", public=True), model.internet)
    assert model.path(on_aws(WHOLE, "spare"), on_aws(WHOLE, "data-a"), port=1), "but for the VPC itself"


def test_the_internet_reaches_listeners_that_a_rule_admits_and_nothing_else() -> None:
    found = {(e.resource.name, e.protocol, e.port) for e in Reachability(WHOLE).reachable_from_internet()}
    # The jump host admits one range of partners, which is enough to be reached; listener 8443 no rule admits.
    assert found == {("front", "tcp", 443), ("jump", "tcp", 20)}


def test_a_gateway_endpoint_serves_the_tables_that_name_it() -> None:
    endpoint = WHOLE.named("s3", "aws:ec2/vpcEndpoint:VpcEndpoint")
    model = Reachability(WHOLE)
    assert model.path(on_aws(WHOLE, "app-a", "app"), model.gateway_endpoint(endpoint), port=443)
    assert not model.any_path(on_aws(WHOLE, "data-a"), model.gateway_endpoint(endpoint), port=443)


def test_cloud_nat_serves_the_ranges_that_it_lists() -> None:
    model = Reachability(WHOLE)
    assert model.path(on_google(WHOLE), model.internet, port=443)
    blocked = model.any_path(pods(WHOLE), model.internet, port=443)
    assert isinstance(blocked, Blocked), "pods live in a secondary range, which is not listed"
    nat = WHOLE.named("google-nat", ROUTER_NAT)
    listed = [{**nat.inputs["subnetworks"][0], "sourceIpRangesToNats": ["ALL_IP_RANGES"]}]
    whole = altered(WHOLE, nat, subnetworks=listed)
    assert Reachability(whole).path(pods(whole), model.internet, port=443)
    every = altered(WHOLE, nat, sourceSubnetworkIpRangesToNat="ALL_SUBNETWORKS_ALL_IP_RANGES")
    assert Reachability(every).path(pods(every), model.internet, port=443)
    assert not Reachability(every).any_path(on_google(every, subnet="far"), model.internet), "NAT is for one region"


def test_nothing_leaves_google_without_a_default_route() -> None:
    model = Reachability(without(WHOLE, WHOLE.named("google-out")))
    assert not model.any_path(on_google(WHOLE, public=True), model.internet)


# Google's firewall


def test_a_firewall_rule_admits_its_ranges_to_its_targets() -> None:
    model = Reachability(WHOLE)
    app = on_aws(WHOLE, "app-a")
    assert model.path(app, on_google(WHOLE, "app"), port=8080)
    assert not model.any_path(app, on_google(WHOLE, "other"), port=8080), "the implied rule lets nothing in"
    assert not model.any_path(app, on_google(WHOLE, "app"), port=8081)
    assert model.path(model.tunnelled_ssh, on_google(WHOLE, "app"), port=22)
    assert not model.any_path(model.health_checks, on_google(WHOLE, "app"))


@pytest.mark.parametrize(("priority", "open_"), [(899, False), (900, False), (901, True)])
def test_the_smaller_priority_wins_and_of_equals_the_one_that_denies(priority: int, *, open_: bool) -> None:
    denied = {"network": WHOLE.named("from-aws", FIREWALL)["network"], "priority": priority}
    deny = {**denied, "sourceRanges": ["10.0.0.0/8"], "denies": [{"protocol": "tcp", "ports": ["8000-8100"]}]}
    graph = with_resource(WHOLE, FIREWALL, "deny", deny)
    assert bool(Reachability(graph).path(on_aws(graph, "app-a"), on_google(graph, "app"), port=8080)) is open_


def test_a_disabled_rule_is_no_rule() -> None:
    graph = altered(WHOLE, WHOLE.named("from-aws", FIREWALL), disabled=True)
    assert not Reachability(graph).any_path(on_aws(graph, "app-a"), on_google(graph, "app"), port=8080)


def test_an_egress_rule_that_denies_ends_what_is_allowed_by_default() -> None:
    rule = {"direction": "EGRESS", "denies": [{"protocol": "all"}], "destinationRanges": ["10.0.0.0/16"]}
    network = WHOLE.named("from-aws", FIREWALL)["network"]
    graph = with_resource(WHOLE, FIREWALL, "deny", {"network": network, "targetTags": ["app"], **rule})
    data = on_aws(graph, "data-a", "data")
    assert not Reachability(graph).any_path(pods(graph, "app"), data, port=5432)
    assert Reachability(graph).path(pods(graph), data, port=5432), "only where its target tags are"


@pytest.mark.parametrize(("denied", "open_"), [("10.64.0.0/20", True), ("10.68.0.0/16", False)])
def test_an_egress_rule_may_tell_callers_by_their_addresses(denied: str, *, open_: bool) -> None:
    rule = {"direction": "EGRESS", "denies": [{"protocol": "all"}], "sourceRanges": [denied]}
    network = WHOLE.named("from-aws", FIREWALL)["network"]
    graph = with_resource(WHOLE, FIREWALL, "deny", {"network": network, **rule})
    assert bool(pods_to_data(graph)) is open_, "pods have addresses of the second range"


def test_a_source_tag_tells_instances_and_neither_pods_nor_cloud_run() -> None:
    model = Reachability(WHOLE)
    target = on_google(WHOLE, service_account="app@x")
    assert model.path(on_google(WHOLE, "front"), target, port=8080)
    assert not model.any_path(pods(WHOLE, "front"), target, port=8080), "a pod's address is an alias"
    assert not model.any_path(on_google(WHOLE, "front", serverless=True), target, port=8080)
    assert not model.any_path(on_google(WHOLE, "other"), target, port=8080)


# The link


def test_all_four_tunnels_carry_a_pod_to_the_database_and_its_answer_back() -> None:
    path = pods_to_data(WHOLE)
    assert isinstance(path, Path)
    assert names(path.carriers) == [*TUNNELS]
    assert "route table data 10.68.0.0/16 via" in str(path)


@pytest.mark.parametrize("tunnel", TUNNELS)
def test_any_tunnel_alone_is_enough_and_none_is_needed(tunnel: str) -> None:
    model, resource = Reachability(WHOLE), WHOLE.named(tunnel, TUNNEL)
    data = on_aws(WHOLE, "data-a", "data")
    alone = model.only(resource).path(pods(WHOLE), data, port=5432)
    assert isinstance(alone, Path)
    assert names(alone.carriers) == [tunnel]
    rest = model.without(resource).path(pods(WHOLE), data, port=5432)
    assert isinstance(rest, Path)
    assert names(rest.carriers) == [other for other in TUNNELS if other != tunnel]
    assert not model.only(resource).without(resource).any_path(pods(WHOLE), data)


MISTAKES = {
    "swapped inside addresses": (PEER, {"peerIpAddress": "169.254.10.2"}, "BGP peer address 169.254.10.2"),
    "someone else's inside address": (INTERFACE, {"ipRange": "169.254.99.2/30"}, "inside address 169.254.99.2/30"),
    "another key": (TUNNEL, {"sharedSecret": "key-of-a2"}, "the shared secret is not that of a tunnel 1"),
    "another end of AWS": (TUNNEL, {"peerExternalGatewayInterface": 2}, "AWS expects"),
    "another end of Google": (TUNNEL, {"vpnGatewayInterface": 1}, "AWS expects"),
    "an old version of IKE": (TUNNEL, {"ikeVersion": 3}, "AWS speaks ikev1, ikev2 only"),
    "another cipher": (TUNNEL, {"cipherSuite": {"phase1": {"encryptions": ["AES-GCM-16-256"]}}}, "no encryptions"),
    "another hash": (TUNNEL, {"cipherSuite": {"phase1": {"integrities": ["HMAC-SHA1-96"]}}}, "no integrities"),
    "another group": (TUNNEL, {"cipherSuite": {"phase2": {"pfs": ["Group-16"]}}}, "no pfs in common"),
    "swapped ASN": (PEER, {"peerAsn": 65010}, "expects ASN 65010, AWS is 64512"),
    "a session turned off": (PEER, {"enable": False}, "no BGP session on a1"),
    "a session on another router": (PEER, {"router": "gone"}, "router of a1 leads to nothing"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_one_tunnel_leaves_the_other_three(mistake: str) -> None:
    token, properties, reason = MISTAKES[mistake]
    graph = altered(WHOLE, WHOLE.named("a1", token), **properties)
    broken = [carrier for carrier in Reachability(graph).carriers if carrier.problem]
    assert [carrier.resource.name for carrier in broken] == ["a1"]
    assert reason in (broken[0].problem or "")
    path = pods_to_data(graph)
    assert isinstance(path, Path)
    assert names(path.carriers) == ["a2", "b1", "b2"]


def test_numbers_that_all_sessions_share_break_all_of_them() -> None:
    same = altered(WHOLE, WHOLE.named("transit", TRANSIT), amazonSideAsn=65010)
    for tunnel in TUNNELS:
        same = altered(same, same.named(tunnel, PEER), peerAsn=65010)
    refused = "both sides have ASN 65010 and refuse each other's routes"
    assert {carrier.problem for carrier in Reachability(same).carriers} == {refused}
    assert not pods_to_data(same)
    other = altered(WHOLE, WHOLE.named("link", ROUTER), bgp={"asn": 65011})
    assert {c.problem for c in Reachability(other).carriers} == {"AWS expects ASN 65010, router link is 65011"}


def test_a_customer_gateway_at_another_address_takes_both_its_tunnels_down() -> None:
    graph = altered(WHOLE, WHOLE.named("b", CUSTOMER), ipAddress="192.0.2.1")
    assert [c.resource.name for c in Reachability(graph).carriers if c.problem] == ["b1", "b2"]


def test_a_connection_of_static_routes_carries_nothing() -> None:
    graph = altered(WHOLE, WHOLE.named("b", VPN), staticRoutesOnly=True)
    assert [c.resource.name for c in Reachability(graph).carriers if c.problem] == ["b1", "b2"]


# Routes over the link


def test_without_the_route_back_there_is_no_path() -> None:
    blocked = pods_to_data(without(WHOLE, WHOLE.named("data-pods", ROUTE)))
    assert isinstance(blocked, Blocked)
    assert "subnet data-a has no route to 10.68.0.0" in blocked.reason


def test_a_private_address_is_never_found_over_the_internet() -> None:
    model = Reachability(without(WHOLE, WHOLE.named("app-nodes", ROUTE)))
    blocked = model.any_path(on_aws(WHOLE, "app-a"), on_google(WHOLE, "app", public=True), port=8080)
    assert "no one on the internet knows a way to 10.64.0.0" in str(blocked), "the packet leaves by NAT and is lost"


def test_a_range_that_is_told_of_and_is_not_there_does_not_go_in_circles() -> None:
    model = Reachability(without(WHOLE, WHOLE.named("managed", CONNECTION)))
    blocked = model.any_path(on_aws(WHOLE, "data-a"), managed(WHOLE), port=5432)
    assert "data-a has neither an external address nor Cloud NAT" in str(blocked)


def test_a_vpc_that_does_not_propagate_is_unknown_to_google() -> None:
    attachment = WHOLE.named("transit-vpc", VPC_ATTACHMENT)
    hidden = altered(WHOLE, attachment, transitGatewayDefaultRouteTablePropagation=False)
    assert "neither an external address nor Cloud NAT" in str(pods_to_data(hidden)), "the default route is all it has"
    back = Reachability(hidden).path(on_aws(hidden, "app-a"), on_google(hidden, "app"), port=8080)
    assert "Cloud NAT takes no answer from nodes" in str(back)
    lost = altered(WHOLE, attachment, transitGatewayDefaultRouteTableAssociation=False)
    assert "goes with no route table" in str(pods_to_data(lost))


def test_a_zone_without_an_attachment_cannot_reach_the_gateway() -> None:
    model = Reachability(WHOLE)
    assert model.path(on_aws(WHOLE, "app-a"), on_google(WHOLE, "app"), port=8080)
    blocked = model.path(on_aws(WHOLE, "app-b"), on_google(WHOLE, "app"), port=8080)
    assert isinstance(blocked, Blocked)
    assert "has no subnet in us-east-1b" in blocked.reason


def test_a_blackhole_in_the_transit_gateway_beats_what_is_learnt() -> None:
    transit = WHOLE.named("transit", TRANSIT)
    hole = {"destinationCidrBlock": "10.68.0.0/16", "blackhole": True}
    table = {"transitGatewayRouteTableId": transit["associationDefaultRouteTableId"]}
    graph = with_resource(WHOLE, "aws:ec2transitgateway/route:Route", "hole", {**hole, **table})
    assert "into a blackhole" in str(pods_to_data(graph))


def test_only_global_routing_lets_other_regions_use_the_link() -> None:
    regional = altered(WHOLE, WHOLE.named("network", NETWORK), routingMode="REGIONAL")
    data = "data-a"
    assert Reachability(regional).path(pods(regional), on_aws(regional, data), port=5432)
    far = on_google(regional, subnet="far")
    blocked = Reachability(regional).any_path(far, on_aws(regional, data), port=5432)
    assert "far has neither an external address nor Cloud NAT" in str(blocked), "it sees but the default route"
    back = Reachability(regional).any_path(on_aws(regional, data), far)
    assert "transit has no route to 10.64.16.0" in str(back), "and its router does not tell AWS of it"


def test_a_session_tells_what_it_lists_and_nothing_of_the_routers_own() -> None:
    graph = WHOLE
    for tunnel in TUNNELS:
        graph = altered(graph, graph.named(tunnel, PEER), advertisedGroups=[])
    assert not pods_to_data(graph), "subnets are told only where their group is listed"
    assert data_to_managed(graph)


def test_managed_services_need_the_advertisement_to_be_found() -> None:
    assert data_to_managed(WHOLE)
    graph = WHOLE
    for tunnel in TUNNELS:
        graph = altered(graph, graph.named(tunnel, PEER), advertisedIpRanges=[])
    assert "transit has no route to 10.80.0.0" in str(data_to_managed(graph))


def test_managed_services_need_the_exported_routes_to_answer() -> None:
    config = WHOLE.named("managed", PEERING_ROUTES)
    assert "custom routes are not exported" in str(data_to_managed(altered(WHOLE, config, exportCustomRoutes=False)))
    assert "custom routes are not exported" in str(data_to_managed(without(WHOLE, config)))


def test_managed_services_reach_pods_without_the_link_and_the_internet_never() -> None:
    model = Reachability(without(WHOLE, *WHOLE.of_type(TUNNEL)))
    assert model.path(pods(WHOLE), managed(WHOLE), port=5432)
    assert not model.any_path(managed(WHOLE), model.internet)


def test_cloud_dns_is_answered_only_if_the_link_tells_of_it() -> None:
    home = WHOLE.named("network", NETWORK)
    model = Reachability(WHOLE)
    assert model.path(model.dns_forwarders(home), on_aws(WHOLE, "app-a"), port=53, protocol="udp")
    mute = Reachability(without(WHOLE, WHOLE.named("app-dns", ROUTE)))
    answered_elsewhere = mute.path(mute.dns_forwarders(home), on_aws(WHOLE, "app-a"), port=53, protocol="udp")
    assert isinstance(answered_elsewhere, Blocked), "the answer would leave by NAT, to the internet"


def test_a_group_means_nothing_in_another_vpc() -> None:
    graph = _with_second_vpc(WHOLE)
    model = Reachability(graph)
    stranger, data = graph.named("second", SUBNET), on_aws(graph, "data-a", "data")
    assert model.path(model.subnet(stranger), on_aws(graph, "data-a"), port=5432), "the way is there"
    member = model.subnet(stranger, groups=[graph.named("app", GROUP), graph.named("web", GROUP)])
    assert "data has no ingress rule" in str(model.path(member, data, port=5432))


def _with_second_vpc(graph: Graph) -> Graph:
    """A VPC on the same Transit Gateway; a rule of its own lets its members out."""
    transit, table = graph.named("transit", TRANSIT).id, "id-table"
    graph = with_resource(graph, "aws:ec2/vpc:Vpc", "vpc-2", {"cidrBlock": "10.1.0.0/16"})
    place = {"vpcId": "id-vpc-2", "cidrBlock": "10.1.0.0/24", "availabilityZone": "us-east-1a"}
    graph = with_resource(graph, SUBNET, "second", place)
    attachment = {"vpcId": "id-vpc-2", "subnetIds": ["id-second"], "transitGatewayId": transit}
    graph = with_resource(graph, VPC_ATTACHMENT, "attachment-2", attachment)
    tie = {"subnetId": "id-second", "routeTableId": table}
    graph = with_resource(graph, "aws:ec2/routeTableAssociation:RouteTableAssociation", "tie", tie)
    there = {"routeTableId": table, "destinationCidrBlock": "10.0.0.0/16", "transitGatewayId": transit}
    graph = with_resource(graph, ROUTE, "to-first", there)
    back = {"routeTableId": graph.named("data", ROUTE_TABLE).id, "destinationCidrBlock": "10.1.0.0/16"}
    graph = with_resource(graph, ROUTE, "to-second", {**back, "transitGatewayId": transit})
    out = {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0", "securityGroupId": graph.named("app", GROUP).id}
    return with_resource(graph, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "second-out", out)


# Where things sit


def test_a_database_sits_where_its_subnet_group_says() -> None:
    subnets = [WHOLE.named(name, SUBNET).id for name in ("data-a", "app-a")]
    graph = with_resource(WHOLE, "aws:rds/subnetGroup:SubnetGroup", "group", {"subnetIds": subnets})
    database = {"dbSubnetGroupName": "id-group", "vpcSecurityGroupIds": [WHOLE.named("data", GROUP).id]}
    graph = with_resource(graph, "aws:rds/instance:Instance", "database", database)
    model = Reachability(graph)
    ends = model.of(graph.named("database"))
    assert [(end.label, end.public) for end in ends] == [("data-a", False), ("app-a", False)]
    assert model.path(on_aws(graph, "app-a", "app"), ends, port=5432)
    assert not model.any_path(on_aws(graph, "app-a", "web"), ends, port=5432)


def test_an_instance_behind_a_launch_template_takes_its_groups_and_address() -> None:
    card = {"associatePublicIpAddress": "true", "securityGroups": [WHOLE.named("web", GROUP).id]}
    template = {"networkInterfaces": [card]}
    graph = with_resource(WHOLE, "aws:ec2/launchTemplate:LaunchTemplate", "template", template)
    place = {"vpcZoneIdentifiers": [WHOLE.named("public-a", SUBNET).id], "launchTemplate": {"id": "id-template"}}
    graph = with_resource(graph, "aws:autoscaling/group:Group", "fleet", place)
    found = {(e.resource.name, e.port) for e in Reachability(graph).reachable_from_internet()}
    assert found == {("front", 443), ("jump", 20), ("fleet", 443)}


def test_what_names_no_security_group_has_the_closed_default_one() -> None:
    vpc = WHOLE.named("vpc", "aws:ec2/vpc:Vpc")
    default = {"vpcId": vpc.id, "ingress": [], "egress": []}
    graph = with_resource(WHOLE, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default", default)
    place = {"subnetId": WHOLE.named("app-a", SUBNET).id}
    graph = with_resource(graph, "aws:ec2/instance:Instance", "forgotten", place)
    model = Reachability(graph)
    assert not model.any_path(model.of(graph.named("forgotten")), model.internet)


def test_a_forwarding_rule_of_google_is_open_unless_it_is_internal() -> None:
    token = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
    graph = with_resource(WHOLE, token, "edge", {"loadBalancingScheme": "EXTERNAL_MANAGED", "portRange": "443-443"})
    graph = with_resource(graph, token, "inner", {"loadBalancingScheme": "INTERNAL_MANAGED", "portRange": "80"})
    found = {(e.resource.name, e.port) for e in Reachability(graph).reachable_from_internet()}
    assert found == {("front", 443), ("jump", 20), ("edge", 443)}


# What the model does not know


def test_something_unknown_on_the_way_is_an_error_and_not_an_answer() -> None:
    graph = with_resource(WHOLE, "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "peering", {})
    with pytest.raises(NotModelledError, match="peering"):
        Reachability(graph)
