"""The tunnels: which ends meet, with which keys and routes. That they come up shows in the two clouds alone."""

import re
from functools import cache
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

import pytest

from components.network import tunnels
from components.network.vpn_link import VpnLink, VpnLinkArgs
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

AWS_ASN = 64512
GCP_ASN = 65010
CIDRS = {
    "a1": IPv4Network("169.254.10.0/30"),
    "a2": IPv4Network("169.254.10.4/30"),
    "b1": IPv4Network("169.254.10.8/30"),
    "b2": IPv4Network("169.254.10.12/30"),
}
MEETING_ENDS = {"a1": (0, 0), "a2": (0, 1), "b1": (1, 2), "b2": (1, 3)}
"""Interface of Google's gateway and interface of AWS, as Google documents for AWS."""

PROPOSAL = {
    "IkeVersions": ["ikev2"],
    "Phase1EncryptionAlgorithms": ["AES256"],
    "Phase1IntegrityAlgorithms": ["SHA2-256"],
    "Phase1DhGroupNumbers": [14],
    "Phase2EncryptionAlgorithms": ["AES256"],
    "Phase2IntegrityAlgorithms": ["SHA2-256"],
    "Phase2DhGroupNumbers": [14],
}


def arguments(**changed: Any) -> VpnLinkArgs:
    values: dict[str, Any] = {
        "transit_gateway_id": "tgw-1",
        "transit_route_table_id": "tgw-rtb-1",
        "aws_asn": AWS_ASN,
        "gcp_asn": GCP_ASN,
        "gcp_project_id": "elson-test",
        "gcp_region": "us-central1",
        "network_id": "projects/elson-test/global/networks/vpc",
        "advertised_ranges": {
            "managed-services": IPv4Network("10.140.0.0/20"),
            "dns-forwarders": IPv4Network("35.199.192.0/19"),
        },
        "tunnel_cidrs": list(CIDRS.values()),
        "log_retention_days": 30,
        "logs_key_arn": "arn:aws:kms:us-east-1:111122223333:key/logs",
    }
    return VpnLinkArgs(**{**values, **changed})


@cache
def link(gcp_asn: int = GCP_ASN) -> Graph:
    return record_components(lambda: _built(gcp_asn))


def _built(gcp_asn: int) -> None:
    VpnLink("link", arguments(gcp_asn=gcp_asn))


def connection(tunnel: str) -> Resource:
    return link().named(f"link-{tunnel[0]}", "aws:ec2/vpnConnection:VpnConnection")


def on_aws(tunnel: str, output: str) -> Any:
    return connection(tunnel)[f"tunnel{tunnel[1]}{output}"]


def on_google(tunnel: str, token: str) -> Resource:
    return link().named(f"link-{tunnel}", token)


def test_there_are_four_tunnels_and_four_sessions() -> None:
    for token in (
        "gcp:compute/vPNTunnel:VPNTunnel",
        "gcp:compute/routerInterface:RouterInterface",
        "gcp:compute/routerPeer:RouterPeer",
        "random:index/randomPassword:RandomPassword",
    ):
        assert {r.name for r in link().of_type(token)} == {f"link-{tunnel}" for tunnel in MEETING_ENDS}, token
    connections = link().of_type("aws:ec2/vpnConnection:VpnConnection")
    assert {r.name for r in connections} == {"link-a", "link-b"}, "each connection on AWS brings two tunnels"


@pytest.mark.parametrize("tunnel", MEETING_ENDS)
def test_each_tunnel_joins_the_interfaces_that_google_documents(tunnel: str) -> None:
    resource = on_google(tunnel, "gcp:compute/vPNTunnel:VPNTunnel")
    ends = (resource["vpnGatewayInterface"], resource["peerExternalGatewayInterface"])
    assert ends == MEETING_ENDS[tunnel], "crossed ends do not come up, or come up without the 99.99%"
    assert resource["peerExternalGateway"] == link().of_type("gcp:compute/externalVpnGateway:ExternalVpnGateway")[0].id
    assert resource["vpnGateway"] == link().of_type("gcp:compute/haVpnGateway:HaVpnGateway")[0].id


def test_aws_is_one_gateway_with_the_four_addresses_of_its_tunnels() -> None:
    (gateway,) = link().of_type("gcp:compute/externalVpnGateway:ExternalVpnGateway")
    assert gateway["redundancyType"] == "FOUR_IPS_REDUNDANCY"
    found = {interface["id"]: interface["ipAddress"] for interface in gateway["interfaces"]}
    assert found == {MEETING_ENDS[tunnel][1]: on_aws(tunnel, "Address") for tunnel in MEETING_ENDS}
    assert len(set(found.values())) == 4, "four tunnels to one address are one tunnel"


def test_each_connection_ends_at_its_own_interface_of_google() -> None:
    (google,) = link().of_type("gcp:compute/haVpnGateway:HaVpnGateway")
    addresses = [interface["ipAddress"] for interface in google["vpnInterfaces"]]
    for letter, address in zip("ab", addresses, strict=True):
        customer = link().named(f"link-{letter}", "aws:ec2/customerGateway:CustomerGateway")
        assert customer["ipAddress"] == address, f"connection {letter} ends at another interface than its tunnels"
        assert connection(f"{letter}1")["customerGatewayId"] == customer.id


@pytest.mark.parametrize("tunnel", MEETING_ENDS)
def test_each_session_has_google_at_the_customers_address_and_aws_at_the_gateways(tunnel: str) -> None:
    interface = on_google(tunnel, "gcp:compute/routerInterface:RouterInterface")
    peer = on_google(tunnel, "gcp:compute/routerPeer:RouterPeer")
    assert on_aws(tunnel, "InsideCidr") == str(CIDRS[tunnel])
    assert interface["ipRange"] == f"{on_aws(tunnel, 'CgwInsideAddress')}/30"
    assert peer["peerIpAddress"] == on_aws(tunnel, "VgwInsideAddress")
    assert peer["peerIpAddress"] != interface["ipRange"].removesuffix("/30"), "a session with itself"
    assert IPv4Interface(interface["ipRange"]).network == CIDRS[tunnel]
    assert interface["vpnTunnel"] == on_google(tunnel, "gcp:compute/vPNTunnel:VPNTunnel")["name"]
    assert peer["interface"] == interface["name"]


def test_each_side_expects_the_number_of_the_other() -> None:
    assert {r["peerAsn"] for r in link().of_type("gcp:compute/routerPeer:RouterPeer")} == {AWS_ASN}
    assert {r["bgpAsn"] for r in link().of_type("aws:ec2/customerGateway:CustomerGateway")} == {str(GCP_ASN)}
    assert [r["bgp"]["asn"] for r in link().of_type("gcp:compute/router:Router")] == [GCP_ASN]


def test_a_number_of_four_bytes_goes_where_aws_takes_it() -> None:
    customers = link(4_200_000_000).of_type("aws:ec2/customerGateway:CustomerGateway")
    found = {(r.inputs.get("bgpAsn"), r.inputs.get("bgpAsnExtended")) for r in customers}
    assert found == {(None, "4200000000")}


@pytest.mark.parametrize("tunnel", MEETING_ENDS)
def test_each_tunnel_proposes_exactly_one_value_of_each_kind(tunnel: str) -> None:
    prefix = f"tunnel{tunnel[1]}"
    wanted = {f"{prefix}{option}": value for option, value in PROPOSAL.items()}
    lists = {k: v for k, v in connection(tunnel).inputs.items() if k.startswith(prefix) and isinstance(v, list)}
    assert lists == wanted, "more than one, or the default of many, and the tunnel dies when its keys are renewed"


@pytest.mark.parametrize("tunnel", MEETING_ENDS)
def test_google_proposes_the_same_as_aws(tunnel: str) -> None:
    resource = on_google(tunnel, "gcp:compute/vPNTunnel:VPNTunnel")
    assert resource["ikeVersion"] == 2
    assert resource["cipherSuite"] == {
        "phase1": {
            "encryptions": ["AES-CBC-256"],
            "integrities": ["HMAC-SHA2-256-128"],
            "prves": ["PRF-HMAC-SHA2-256"],
            "dhs": ["Group-14"],
        },
        "phase2": {"encryptions": ["AES-CBC-256"], "integrities": ["HMAC-SHA2-256-128"], "pfs": ["Group-14"]},
    }


@pytest.mark.parametrize("tunnel", MEETING_ENDS)
def test_both_ends_share_a_secret_key_that_aws_takes(tunnel: str) -> None:
    google = on_google(tunnel, "gcp:compute/vPNTunnel:VPNTunnel")
    key = on_aws(tunnel, "PresharedKey")
    assert google["sharedSecret"] == key
    assert re.fullmatch(r"[a-z][A-Za-z0-9._]{7,63}", key), "AWS takes no other characters, nor a zero in front"
    assert "sharedSecret" in google.secret_inputs
    assert f"tunnel{tunnel[1]}PresharedKey" in connection(tunnel).secret_inputs


def test_keys_are_made_of_letters_and_digits() -> None:
    """The rehearsal makes up passwords of its own, so that what the real provider is told counts."""
    for password in link().of_type("random:index/randomPassword:RandomPassword"):
        assert password["special"] is False, "the special characters of the provider are illegal in a key"
        assert 8 <= len("k") + password["length"] <= 64
    keys = {on_aws(tunnel, "PresharedKey") for tunnel in MEETING_ENDS}
    assert len(keys) == 4, "a key that leaks should open one tunnel, not four"


@pytest.mark.parametrize("tunnel", MEETING_ENDS)
def test_each_session_advertises_subnets_managed_services_and_dns_forwarders(tunnel: str) -> None:
    peer = on_google(tunnel, "gcp:compute/routerPeer:RouterPeer")
    assert (peer["advertiseMode"], peer["advertisedGroups"]) == ("CUSTOM", ["ALL_SUBNETS"])
    assert {r["range"] for r in peer["advertisedIpRanges"]} == {"10.140.0.0/20", "35.199.192.0/19"}, (
        "no subnet covers them, so AWS would have no way back"
    )
    assert peer["advertisedRoutePriority"] == 100, "with another priority this tunnel is a spare, or the only one used"


@pytest.mark.parametrize("letter", "ab")
def test_both_connections_use_and_fill_the_transit_route_table(letter: str) -> None:
    attachment = connection(f"{letter}1")["transitGatewayAttachmentId"]
    for kind in ("routeTableAssociation:RouteTableAssociation", "routeTablePropagation:RouteTablePropagation"):
        joined = link().named(f"link-{letter}", f"aws:ec2transitgateway/{kind}")
        assert joined["transitGatewayAttachmentId"] == attachment
        assert joined["transitGatewayRouteTableId"] == "tgw-rtb-1"


@pytest.mark.parametrize("tunnel", MEETING_ENDS)
def test_each_tunnel_comes_back_by_itself_and_says_why_it_went(tunnel: str) -> None:
    assert (on_aws(tunnel, "StartupAction"), on_aws(tunnel, "DpdTimeoutAction")) == ("start", "restart")
    (group,) = link().of_type("aws:cloudwatch/logGroup:LogGroup")
    log = on_aws(tunnel, "LogOptions")["cloudwatchLogOptions"]
    assert (log["logEnabled"], log["logGroupArn"]) == (True, group["arn"])
    assert (group["kmsKeyId"], group["retentionInDays"]) == ("arn:aws:kms:us-east-1:111122223333:key/logs", 30)


def test_the_old_end_of_a_tunnel_goes_before_the_new_one_comes() -> None:
    kept = [
        r.urn
        for token in ("vPNTunnel:VPNTunnel", "routerInterface:RouterInterface", "routerPeer:RouterPeer")
        for r in link().of_type(f"gcp:compute/{token}")
        if not r.options.delete_before_replace
    ]
    assert kept == [], "two cannot use one pair of interfaces, or one pair of addresses, at the same time"


@pytest.mark.parametrize(
    ("cidrs", "said"),
    [
        ([], "none"),
        ([CIDRS["a1"], CIDRS["a2"], CIDRS["b1"]], "four different"),
        ([CIDRS["a1"], CIDRS["a2"], CIDRS["b1"], CIDRS["b1"]], "four different"),
        ([CIDRS["a1"], CIDRS["a2"], CIDRS["b1"], IPv4Network("169.254.10.16/29")], "no /30"),
        ([CIDRS["a1"], CIDRS["a2"], CIDRS["b1"], IPv4Network("10.0.0.0/30")], "no /30"),
        ([CIDRS["a1"], CIDRS["a2"], CIDRS["b1"], IPv4Network("169.254.169.252/30")], "kept by AWS"),
    ],
)
def test_tunnel_ranges_that_aws_refuses_are_an_error(cidrs: list[IPv4Network], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arguments(tunnel_cidrs=cidrs)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"aws_asn": 64512, "gcp_asn": 64512}, "both clouds"),
        ({"aws_asn": 15169}, "not private"),
        ({"gcp_asn": 65535}, "not private"),
        ({"gcp_asn": 4_294_967_295}, "not private"),
    ],
)
def test_numbers_between_which_bgp_drops_routes_are_an_error(numbers: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arguments(**numbers)


def test_the_table_of_tunnels_is_the_one_that_google_documents() -> None:
    assert {t.key: (t.google_interface, t.aws_interface) for t in tunnels.TUNNELS} == MEETING_ENDS
