"""VPN tunnels between the clouds."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sandbox.graph import Resource
from sandbox.reachability.link import DEFAULT_AMAZON_ASN, TRANSIT_GATEWAY, Carrier, Sessions
from sandbox.reachability.packets import DroppedError, region_of

VPN_CONNECTION: Final = "aws:ec2/vpnConnection:VpnConnection"
CUSTOMER_GATEWAY: Final = "aws:ec2/customerGateway:CustomerGateway"
TUNNEL: Final = "gcp:compute/vPNTunnel:VPNTunnel"
HA_GATEWAY: Final = "gcp:compute/haVpnGateway:HaVpnGateway"
EXTERNAL_GATEWAY: Final = "gcp:compute/externalVpnGateway:ExternalVpnGateway"

_PROPOSALS: Final = {
    "Phase1EncryptionAlgorithms": ("phase1", "encryptions"),
    "Phase1IntegrityAlgorithms": ("phase1", "integrities"),
    "Phase1DhGroupNumbers": ("phase1", "dhs"),
    "Phase2EncryptionAlgorithms": ("phase2", "encryptions"),
    "Phase2IntegrityAlgorithms": ("phase2", "integrities"),
    "Phase2DhGroupNumbers": ("phase2", "pfs"),
}
"""What AWS calls each part of a proposal, and where Google Cloud keeps it."""


class Tunnels(Sessions):
    """Reads the VPN tunnels of a graph."""

    def carriers(self) -> list[Carrier]:
        """Every tunnel, in the order of the graph."""
        return [self._carrier(tunnel) for tunnel in self.graph.of_type(TUNNEL)]

    def _carrier(self, tunnel: Resource) -> Carrier:
        try:
            return self._working(tunnel)
        except DroppedError as dropped:
            return Carrier(resource=tunnel, label=tunnel.name, problem=dropped.reason)

    def _working(self, tunnel: Resource) -> Carrier:
        gateway = self.found(tunnel, "vpnGateway", HA_GATEWAY)
        connection, side = self._far_end(tunnel, gateway)
        customer = self.found(connection, "customerGatewayId", CUSTOMER_GATEWAY)
        transit = self.found(connection, "transitGatewayId", TRANSIT_GATEWAY)
        _agree_on_ipsec(tunnel, connection, side)
        own, far = connection[f"tunnel{side}CgwInsideAddress"], connection[f"tunnel{side}VgwInsideAddress"]
        router, peer = self.session(tunnel, "vpnTunnel", f"{own}/30", far)
        home = self.home(router)
        if self.home(gateway) is not home:
            raise DroppedError(f"router {router.name} and gateway {gateway.name} are in different networks", router)
        expected = customer.inputs.get("bgpAsn") or customer.inputs.get("bgpAsnExtended")
        self.agree_on_numbers(router, peer, transit.inputs.get("amazonSideAsn") or DEFAULT_AMAZON_ASN, expected)
        return Carrier(
            resource=tunnel,
            label=tunnel.name,
            gateway=transit,
            attachment=str(connection["transitGatewayAttachmentId"]),
            network=home,
            region=region_of(self.graph, router),
            advertised=self.advertised(home, router, peer),
        )

    def _far_end(self, tunnel: Resource, gateway: Resource) -> tuple[Resource, int]:
        """The AWS connection, and which of its two tunnels this is, by the addresses that both ends name."""
        external = self.found(tunnel, "peerExternalGateway", EXTERNAL_GATEWAY)
        outside = _interface(external["interfaces"], tunnel["peerExternalGatewayInterface"])
        ends = [(c, side) for c in self.graph.of_type(VPN_CONNECTION) for side in (1, 2)]
        found = [(c, side) for c, side in ends if outside and c.get(f"tunnel{side}Address") == outside]
        if len(found) != 1:
            raise DroppedError(f"peer address {outside} is {len(found)} tunnels of AWS, not one", external)
        connection, side = found[0]
        customer = self.found(connection, "customerGatewayId", CUSTOMER_GATEWAY)
        own = _interface(gateway["vpnInterfaces"], tunnel["vpnGatewayInterface"])
        if customer["ipAddress"] != own:
            raise DroppedError(f"AWS expects {customer['ipAddress']} at {connection.name}, but {own} calls", customer)
        if connection.get("staticRoutesOnly"):
            raise DroppedError(f"{connection.name} takes static routes only", connection)
        return connection, side


def _agree_on_ipsec(tunnel: Resource, connection: Resource, side: int) -> None:
    """Raise DroppedError unless the ends have the same key and at least one proposal of each kind in common."""
    if tunnel.get("sharedSecret") != connection.get(f"tunnel{side}PresharedKey"):
        raise DroppedError(f"the shared secret is not that of {connection.name} tunnel {side}", tunnel)
    versions = connection.inputs.get(f"tunnel{side}IkeVersions") or ["ikev1", "ikev2"]
    if f"ikev{int(tunnel.inputs.get('ikeVersion') or 2)}" not in versions:
        raise DroppedError(f"AWS speaks {', '.join(versions)} only, {tunnel.name} does not", tunnel)
    suite = tunnel.inputs.get("cipherSuite") or {}
    for option, (phase, part) in _PROPOSALS.items():
        google = {_algorithm(value) for value in (suite.get(phase) or {}).get(part) or ()}
        amazon = {_algorithm(value) for value in connection.inputs.get(f"tunnel{side}{option}") or ()}
        # What a side leaves out it takes from its own long list, in which the other finds its choice.
        if google and amazon and not google & amazon:
            raise DroppedError(f"{phase} has no {part} in common with {connection.name} tunnel {side}", tunnel)


def _algorithm(value: Any) -> str:
    """One spelling for both clouds': `AES256` is `AES-CBC-256`, `SHA2-256` `HMAC-SHA2-256-128`, `14` `Group-14`."""
    text = str(int(value)) if isinstance(value, float) else str(value).upper()
    mode = "GCM-" if "GCM" in text else ""
    numbers = re.findall(r"\d+", re.sub(r"GCM-\d+|SHA2", "", text))
    return mode + (numbers[0] if numbers else text)


def _interface(interfaces: Iterable[Mapping[str, Any]], number: Any) -> str | None:
    return next((i.get("ipAddress") for i in interfaces if int(i.get("id", -1)) == int(number)), None)
