"""Private names: what each cloud asks the other, where, and who may ask.

That Cloud DNS takes the one address left in its subnet is Google's documented behaviour and not proved here.
"""

from dataclasses import replace
from functools import cache
from ipaddress import IPv4Network

import pytest

from components.network import resolver_addresses
from components.network.private_dns import AwsDnsArgs, GcpDnsArgs, PrivateDns, PrivateDnsArgs, ResolverSubnet
from components.network.ranges import GOOGLE_DNS_FORWARDERS
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

AWS = AwsDnsArgs(
    vpc_id="vpc-1",
    resolver_subnets={
        "us-east-1b": ResolverSubnet(subnet_id="subnet-b", cidr=IPv4Network("10.0.32.0/20")),
        "us-east-1a": ResolverSubnet(subnet_id="subnet-a", cidr=IPv4Network("10.0.0.0/20")),
    },
)
GCP = GcpDnsArgs(
    project_id="example-project",
    region="us-east4",
    network_id="projects/example-project/global/networks/net",
    network_name="net",
    resolver_subnetwork_id="resolver",
    resolver_cidr=IPv4Network("10.2.17.16/29"),
    subnetwork_ids={"nodes": "nodes"},
    services_peering="servicenetworking-googleapis-com",
)
ARGS = PrivateDnsArgs(domain="internal.example.com", aws=AWS, gcp=GCP, forwarding=True)
CLOUD_DNS = "10.2.17.18"
ROUTE_53 = {"us-east-1a": "10.0.15.241", "us-east-1b": "10.0.47.241"}


@cache
def recorded(gcp: bool = True, forwarding: bool = True) -> Graph:
    args = replace(ARGS, gcp=GCP if gcp else None, forwarding=forwarding)
    return record_components(lambda: _build(args))


def _build(args: PrivateDnsArgs) -> None:
    PrivateDns("dns", args)


@pytest.fixture
def dns() -> Graph:
    return recorded()


def _rules(graph: Graph, kind: str) -> set[tuple[str, str, str, int, int]]:
    return {
        (_owner(graph, r).name, r.inputs["cidrIpv4"], r.inputs["ipProtocol"], r.inputs["fromPort"], r.inputs["toPort"])
        for r in graph.of_type(f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule")
    }


def _owner(graph: Graph, rule: Resource) -> Resource:
    group = graph.referred(rule.inputs["securityGroupId"])
    assert group is not None
    return group


def test_each_cloud_serves_its_own_names(dns: Graph):
    google = dns.named("dns-gcp", "gcp:dns/managedZone:ManagedZone").inputs
    assert (dns.named("dns-aws", "aws:route53/zone:Zone").inputs["name"], google["dnsName"]) == (
        "aws.internal.example.com",
        "gcp.internal.example.com.",
    )


def test_the_names_are_private_to_the_networks(dns: Graph):
    google = dns.of_type("gcp:dns/managedZone:ManagedZone")
    assert dns.named("dns-aws", "aws:route53/zone:Zone").inputs["vpcs"] == [{"vpcId": "vpc-1"}], (
        "a zone without a VPC is public"
    )
    assert {(z.name, z.inputs["visibility"]) for z in google} == {("dns-gcp", "private"), ("dns-aws", "private")}


def test_zones_are_protected(dns: Graph):
    assert {(r.type, r.name) for r in dns if r.options.protect} == {
        ("aws:route53/zone:Zone", "dns-aws"),
        ("gcp:dns/managedZone:ManagedZone", "dns-gcp"),
        ("gcp:dns/managedZone:ManagedZone", "dns-aws"),
    }


def test_aws_asks_cloud_dns_about_the_names_of_google_cloud(dns: Graph):
    rule = dns.named("dns-gcp", "aws:route53/resolverRule:ResolverRule")
    association = dns.named("dns-gcp", "aws:route53/resolverRuleAssociation:ResolverRuleAssociation")
    endpoint = dns.named("dns-outbound", "aws:route53/resolverEndpoint:ResolverEndpoint")
    assert [rule.inputs[key] for key in ("domainName", "ruleType", "targetIps", "resolverEndpointId")] == [
        "gcp.internal.example.com",
        "FORWARD",
        [{"ip": CLOUD_DNS, "port": 53}],
        endpoint.id,
    ]
    assert (association.inputs["vpcId"], association.inputs["resolverRuleId"]) == ("vpc-1", rule.id)


def test_google_cloud_asks_route_53_about_the_names_of_aws(dns: Graph):
    zone = dns.named("dns-aws", "gcp:dns/managedZone:ManagedZone").inputs
    endpoint = dns.named("dns-inbound", "aws:route53/resolverEndpoint:ResolverEndpoint").inputs
    asked = [
        (server["ipv4Address"], server["forwardingPath"]) for server in zone["forwardingConfig"]["targetNameServers"]
    ]
    assert zone["dnsName"] == "aws.internal.example.com."
    assert asked == [(address, "private") for address in ROUTE_53.values()], "another path would leave by the internet"
    assert [(entry["subnetId"], entry["ip"]) for entry in endpoint["ipAddresses"]] == [
        ("subnet-a", ROUTE_53["us-east-1a"]),
        ("subnet-b", ROUTE_53["us-east-1b"]),
    ], "what is asked has to be what answers"


def test_managed_services_ask_route_53_too(dns: Graph):
    domain = dns.named("dns-aws", "gcp:servicenetworking/peeredDnsDomain:PeeredDnsDomain").inputs
    assert (domain["dnsSuffix"], domain["network"]) == ("aws.internal.example.com.", "net"), (
        "a standby database finds its primary by name"
    )


def test_route_53_answers_cloud_dns_and_nobody_else(dns: Graph):
    assert _rules(dns, "Ingress") == {
        ("dns-inbound", str(GOOGLE_DNS_FORWARDERS), protocol, 53, 53) for protocol in ("tcp", "udp")
    }


def test_route_53_asks_cloud_dns_and_nobody_else(dns: Graph):
    assert _rules(dns, "Egress") == {
        ("dns-outbound", f"{CLOUD_DNS}/32", protocol, 53, 53) for protocol in ("tcp", "udp")
    }


def test_each_endpoint_has_the_group_of_its_direction(dns: Graph):
    found = {
        (r.inputs["direction"], group)
        for r in dns.of_type("aws:route53/resolverEndpoint:ResolverEndpoint")
        for group in r.inputs["securityGroupIds"]
    }
    assert found == {
        (role.upper(), dns.named(f"dns-{role}", "aws:ec2/securityGroup:SecurityGroup").id)
        for role in ("inbound", "outbound")
    }


def test_the_endpoints_of_aws_stand_where_the_network_keeps_addresses_for_them(dns: Graph):
    blocks = {str(s.subnet_id): resolver_addresses.reserved(s.cidr) for s in AWS.resolver_subnets.values()}
    for endpoint in dns.of_type("aws:route53/resolverEndpoint:ResolverEndpoint"):
        for entry in endpoint.inputs["ipAddresses"]:
            block = blocks[entry["subnetId"]]
            assert entry["ip"] in {str(address) for address in block.hosts()}, f"{endpoint.name} stands outside {block}"


def test_cloud_dns_is_left_a_single_address_to_answer_at(dns: Graph):
    held = {r.inputs["address"] for r in dns.of_type("gcp:compute/address:Address")}
    usable = {str(address) for address in list(GCP.resolver_cidr)[2:6]}  # Google keeps the first two and the last two
    assert usable - held == {CLOUD_DNS}


def test_cloud_dns_answers_only_once_the_other_addresses_are_held(dns: Graph):
    policy = dns.named("dns-inbound", "gcp:dns/policy:Policy")
    assert policy.inputs["enableInboundForwarding"] is True
    waited = {r.name for r in dns.dependencies(policy)}
    assert {r.name for r in dns.of_type("gcp:compute/address:Address")} <= waited, "otherwise it takes any of the four"


def test_clouds_without_a_link_keep_their_names_to_themselves():
    apart = recorded(forwarding=False)
    assert {r.type for r in apart if r.custom} == {"aws:route53/zone:Zone", "gcp:dns/managedZone:ManagedZone"}
    assert [r.name for r in apart.of_type("gcp:dns/managedZone:ManagedZone")] == ["dns-gcp"]


def test_aws_has_its_names_without_the_other_cloud():
    alone = recorded(gcp=False, forwarding=False)
    outputs = alone.named("dns").registered
    assert [r.type for r in alone if r.custom] == ["aws:route53/zone:Zone"]
    assert outputs is not None
    assert (outputs["aws_domain"], outputs.get("gcp_domain")) == ("aws.internal.example.com", None)


def test_the_addresses_of_a_subnet_are_three_different_ones_of_its_last_block():
    subnet = IPv4Network("10.0.0.0/20")
    assert resolver_addresses.reserved(subnet) == IPv4Network("10.0.15.240/28")
    assert resolver_addresses.inbound(subnet) != resolver_addresses.outbound(subnet)


def test_forwarding_needs_another_cloud():
    with pytest.raises(ValueError, match="forwarding needs both clouds"):
        replace(ARGS, gcp=None)


def test_forwarding_needs_two_zones():
    one = {"us-east-1a": AWS.resolver_subnets["us-east-1a"]}
    with pytest.raises(ValueError, match="forwarding needs two zones"):
        replace(ARGS, aws=replace(AWS, resolver_subnets=one))


@pytest.mark.parametrize("cidr", ["10.2.17.16/28", "10.2.17.16/30"])
def test_only_a_29_leaves_cloud_dns_no_choice(cidr: str):
    with pytest.raises(ValueError, match=f"resolver_cidr {cidr} is not a /29"):
        replace(GCP, resolver_cidr=IPv4Network(cidr))
