"""The circuits: which ends meet, with which keys and routes. That the ports exist and encrypt shows nowhere here."""

from dataclasses import replace
from functools import cache
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.network.interconnect_link import InterconnectLink, InterconnectLinkArgs, InterconnectPath
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

PATHS = {
    "iad-zone1": InterconnectPath(
        interconnect="projects/elson-test/global/interconnects/iad-zone1",
        connection_id="dxlag-one",
        vlan=101,
        cidr=IPv4Network("169.254.20.0/29"),
    ),
    "iad-zone2": InterconnectPath(
        interconnect="projects/elson-test/global/interconnects/iad-zone2",
        connection_id="dxlag-two",
        vlan=102,
        cidr=IPv4Network("169.254.20.8/29"),
    ),
}


def arguments(**changed: Any) -> InterconnectLinkArgs:
    values: dict[str, Any] = {
        "transit_gateway_id": "tgw-1",
        "transit_route_table_id": "tgw-rtb-1",
        "direct_connect_asn": 64520,
        "gcp_asn": 65010,
        "gcp_project_id": "elson-test",
        "gcp_region": "us-central1",
        "network_id": "projects/elson-test/global/networks/vpc",
        "advertised_ranges": {
            "managed-services": IPv4Network("10.140.0.0/20"),
            "dns-forwarders": IPv4Network("35.199.192.0/19"),
        },
        "aws_ranges": {"vpc": IPv4Network("10.0.0.0/16")},
        "bandwidth_mbps": 1000,
        "paths": PATHS,
    }
    return InterconnectLinkArgs(**{**values, **changed})


@cache
def link() -> Graph:
    def build() -> None:
        InterconnectLink("link", arguments())

    return record_components(build)


def of_path(path: str, token: str) -> Resource:
    return link().named(f"link-{path}", token)


def attachment(path: str) -> Resource:
    return of_path(path, "gcp:compute/interconnectAttachment:InterconnectAttachment")


def virtual_interface(path: str) -> Resource:
    return of_path(path, "aws:directconnect/transitVirtualInterface:TransitVirtualInterface")


def test_each_path_has_one_vlan_and_one_session() -> None:
    for token in (
        "gcp:compute/interconnectAttachment:InterconnectAttachment",
        "gcp:compute/routerInterface:RouterInterface",
        "gcp:compute/routerPeer:RouterPeer",
        "aws:directconnect/transitVirtualInterface:TransitVirtualInterface",
        "random:index/randomPassword:RandomPassword",
    ):
        assert {r.name for r in link().of_type(token)} == {f"link-{path}" for path in PATHS}, token


@pytest.mark.parametrize("path", PATHS)
def test_both_ends_of_a_path_are_on_its_circuit_and_vlan(path: str) -> None:
    google, amazon = attachment(path), virtual_interface(path)
    assert (google["type"], google["interconnect"]) == ("DEDICATED", PATHS[path].interconnect)
    assert amazon["connectionId"] == PATHS[path].connection_id
    assert google["vlanTag8021q"] == amazon["vlan"] == PATHS[path].vlan, "frames of one end would be dropped"
    assert (google["bandwidth"], google["candidateSubnets"]) == ("BPS_1G", [str(PATHS[path].cidr)])


@pytest.mark.parametrize("path", PATHS)
def test_each_session_uses_the_addresses_that_google_allotted(path: str) -> None:
    google, amazon = attachment(path), virtual_interface(path)
    interface = of_path(path, "gcp:compute/routerInterface:RouterInterface")
    peer = of_path(path, "gcp:compute/routerPeer:RouterPeer")
    assert interface["ipRange"] == amazon["customerAddress"] == google["cloudRouterIpAddress"]
    assert amazon["amazonAddress"] == google["customerRouterIpAddress"]
    assert peer["peerIpAddress"] == google["customerRouterIpAddress"].split("/")[0]
    assert interface["interconnectAttachment"] == google["selfLink"]
    assert peer["interface"] == interface["name"]


@pytest.mark.parametrize("path", PATHS)
def test_both_ends_of_a_session_share_a_secret_key_of_their_own(path: str) -> None:
    peer = of_path(path, "gcp:compute/routerPeer:RouterPeer")
    amazon = virtual_interface(path)
    assert peer["md5AuthenticationKey"]["key"] == amazon["bgpAuthKey"]
    assert peer.secret_inputs & {"md5AuthenticationKey", "md5AuthenticationKey.key"}, "the key would stand in the state"
    assert "bgpAuthKey" in amazon.secret_inputs
    assert len({virtual_interface(p)["bgpAuthKey"] for p in PATHS}) == len(PATHS)


def test_each_side_expects_the_number_of_the_other() -> None:
    (gateway,) = link().of_type("aws:directconnect/gateway:Gateway")
    assert gateway["amazonSideAsn"] == "64520"
    assert {r["peerAsn"] for r in link().of_type("gcp:compute/routerPeer:RouterPeer")} == {64520}
    assert {virtual_interface(path)["bgpAsn"] for path in PATHS} == {65010}
    assert [r["bgp"]["asn"] for r in link().of_type("gcp:compute/router:Router")] == [65010]


@pytest.mark.parametrize("path", PATHS)
def test_each_session_advertises_subnets_managed_services_and_dns_forwarders(path: str) -> None:
    peer = of_path(path, "gcp:compute/routerPeer:RouterPeer")
    assert (peer["advertiseMode"], peer["advertisedGroups"]) == ("CUSTOM", ["ALL_SUBNETS"])
    assert {r["range"] for r in peer["advertisedIpRanges"]} == {"10.140.0.0/20", "35.199.192.0/19"}
    assert peer["advertisedRoutePriority"] == 100


def test_aws_advertises_its_own_ranges_to_google() -> None:
    (association,) = link().of_type("aws:directconnect/gatewayAssociation:GatewayAssociation")
    (gateway,) = link().of_type("aws:directconnect/gateway:Gateway")
    assert association["allowedPrefixes"] == ["10.0.0.0/16"], "Google would learn no way to the VPC"
    assert (association["dxGatewayId"], association["associatedGatewayId"]) == (gateway.id, "tgw-1")
    assert {virtual_interface(path)["dxGatewayId"] for path in PATHS} == {gateway.id}


def test_the_circuits_use_and_fill_the_transit_route_table() -> None:
    (association,) = link().of_type("aws:directconnect/gatewayAssociation:GatewayAssociation")
    for kind in ("routeTableAssociation:RouteTableAssociation", "routeTablePropagation:RouteTablePropagation"):
        (joined,) = link().of_type(f"aws:ec2transitgateway/{kind}")
        ends = (joined["transitGatewayAttachmentId"], joined["transitGatewayRouteTableId"])
        assert ends == (association["transitGatewayAttachmentId"], "tgw-rtb-1")


def test_a_dead_circuit_is_left_within_seconds() -> None:
    for peer in link().of_type("gcp:compute/routerPeer:RouterPeer"):
        bfd = peer["bfd"]
        assert bfd["sessionInitializationMode"] == "ACTIVE"
        assert bfd["minReceiveInterval"] * bfd["multiplier"] == 5000, "milliseconds until a dead path is left"


ONE, TWO = PATHS.values()


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ({"one": ONE}, "write two"),
        ({"one": ONE, "two": replace(TWO, interconnect=ONE.interconnect)}, "share one interconnect"),
        ({"one": ONE, "two": replace(TWO, connection_id=ONE.connection_id)}, "share one connection_id"),
        ({"one": ONE, "two": replace(TWO, cidr=ONE.cidr)}, "share one cidr"),
        ({"one": ONE, "two": replace(TWO, vlan=1)}, "VLAN 1 "),
        ({"one": ONE, "two": replace(TWO, vlan=4095)}, "VLAN 4095 "),
        ({"one": ONE, "two": replace(TWO, cidr=IPv4Network("169.254.20.8/30"))}, "no /29"),
        ({"one": ONE, "two": replace(TWO, cidr=IPv4Network("10.0.0.0/29"))}, "no /29"),
    ],
)
def test_paths_that_fail_together_or_do_not_fit_are_an_error(paths: dict[str, InterconnectPath], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arguments(paths=paths)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bandwidth_mbps": 1234}, "not sold"),
        ({"direct_connect_asn": 65010}, "both clouds"),
        ({"direct_connect_asn": 7224}, "not private"),
    ],
)
def test_numbers_that_a_cloud_refuses_are_an_error(changed: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arguments(**changed)
