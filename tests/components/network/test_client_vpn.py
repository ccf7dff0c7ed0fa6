"""The VPN of administrators: what a certificate opens. Certificates are made elsewhere and not looked at."""

from functools import cache
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.network.client_vpn import ClientVpn, ClientVpnArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

SUBNETS = {"us-east-1a": "subnet-1a", "us-east-1b": "subnet-1b"}
TARGETS = {
    "kubernetes-us-east-1a": IPv4Network("10.0.0.0/20"),
    "kubernetes-us-east-1b": IPv4Network("10.0.32.0/20"),
    "gcp-control-plane": IPv4Network("10.144.0.0/28"),
}


def arguments(**changed: Any) -> ClientVpnArgs:
    values: dict[str, Any] = {
        "vpc_id": "vpc-1",
        "vpc_cidr": IPv4Network("10.0.0.0/16"),
        "subnet_ids": SUBNETS,
        "client_cidr": IPv4Network("172.31.0.0/22"),
        "server_certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/server",
        "client_root_certificate_arn": "arn:aws:acm:us-east-1:111122223333:certificate/root",
        "targets": TARGETS,
        "session_hours": 8,
        "log_retention_days": 90,
        "logs_key_arn": "arn:aws:kms:us-east-1:111122223333:key/logs",
    }
    return ClientVpnArgs(**{**values, **changed})


@cache
def vpn() -> Graph:
    def build() -> None:
        ClientVpn("admins", arguments())

    return record_components(build)


def endpoint() -> Resource:
    (found,) = vpn().of_type("aws:ec2clientvpn/endpoint:Endpoint")
    return found


def test_nobody_gets_in_without_a_certificate_of_the_root() -> None:
    assert endpoint()["authenticationOptions"] == [
        {
            "type": "certificate-authentication",
            "rootCertificateChainArn": "arn:aws:acm:us-east-1:111122223333:certificate/root",
        }
    ]
    assert endpoint()["serverCertificateArn"] == "arn:aws:acm:us-east-1:111122223333:certificate/server"
    assert endpoint()["selfServicePortal"] == "disabled"


def test_clients_may_reach_the_targets_and_the_resolver_alone() -> None:
    rules = vpn().of_type("aws:ec2clientvpn/authorizationRule:AuthorizationRule")
    wanted = {str(cidr) for cidr in TARGETS.values()} | {"10.0.0.2/32"}
    assert {rule["targetNetworkCidr"] for rule in rules} == wanted, "every other range is closed to certificates"
    assert len(rules) == len(wanted)


def test_what_clients_send_leaves_for_the_targets_on_https_alone() -> None:
    (group,) = vpn().of_type("aws:ec2/securityGroup:SecurityGroup")
    assert endpoint()["securityGroupIds"] == [group.id], "without one, the VPC's default group would be taken"
    assert vpn().of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") == []
    rules = vpn().of_type("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    found = {(r["cidrIpv4"], r["ipProtocol"], r["fromPort"], r["toPort"]) for r in rules}
    assert found == {(str(cidr), "tcp", 443, 443) for cidr in TARGETS.values()}
    assert {r["securityGroupId"] for r in rules} == {group.id}


def test_the_other_cloud_has_a_route_through_every_zone_and_the_vpc_none() -> None:
    routes = vpn().of_type("aws:ec2clientvpn/route:Route")
    found = {(r["destinationCidrBlock"], r["targetVpcSubnetId"]) for r in routes}
    assert found == {("10.144.0.0/28", subnet) for subnet in SUBNETS.values()}, "AWS refuses its own route again"


def test_a_route_waits_for_its_subnet_to_be_associated() -> None:
    for zone in SUBNETS:
        association = vpn().named(f"admins-{zone}", "aws:ec2clientvpn/networkAssociation:NetworkAssociation")
        route = vpn().named(f"admins-gcp-control-plane-{zone}", "aws:ec2clientvpn/route:Route")
        assert association in vpn().dependencies(route), "AWS takes no route through a subnet that is not associated"


def test_clients_come_in_through_every_zone_given() -> None:
    associations = vpn().of_type("aws:ec2clientvpn/networkAssociation:NetworkAssociation")
    assert {(r.name, r["subnetId"]) for r in associations} == {(f"admins-{z}", s) for z, s in SUBNETS.items()}
    assert {r["clientVpnEndpointId"] for r in associations} == {endpoint().id}


def test_other_traffic_of_a_client_stays_out_of_the_tunnel() -> None:
    assert endpoint()["splitTunnel"] is True
    assert endpoint()["dnsServers"] == ["10.0.0.2"], "the names of the APIs resolve inside the VPC alone"
    assert (endpoint()["transportProtocol"], endpoint()["vpnPort"]) == ("udp", 443)


def test_a_session_ends_and_does_not_renew_itself() -> None:
    assert (endpoint()["sessionTimeoutHours"], endpoint()["disconnectOnSessionTimeout"]) == (8, True)


def test_every_connection_is_logged_and_the_log_encrypted() -> None:
    (group,) = vpn().of_type("aws:cloudwatch/logGroup:LogGroup")
    (stream,) = vpn().of_type("aws:cloudwatch/logStream:LogStream")
    assert endpoint()["connectionLogOptions"] == {
        "enabled": True,
        "cloudwatchLogGroup": group["name"],
        "cloudwatchLogStream": stream["name"],
    }
    assert (group["kmsKeyId"], group["retentionInDays"]) == ("arn:aws:kms:us-east-1:111122223333:key/logs", 90)


@pytest.mark.parametrize(
    ("cidr", "said"),
    [
        ("172.31.0.0/23", "between /12 and /22"),
        ("11.0.0.0/11", "between /12 and /22"),
        ("10.0.252.0/22", "overlaps the VPC"),
        ("10.144.0.0/22", "overlaps gcp-control-plane"),
    ],
)
def test_a_client_range_that_aws_refuses_is_an_error(cidr: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arguments(client_cidr=IPv4Network(cidr, strict=False))
