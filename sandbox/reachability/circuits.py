"""Private circuits between the clouds: Cross-Cloud Interconnect on Direct Connect."""

from typing import Final

from sandbox.graph import Resource
from sandbox.reachability.link import TRANSIT_GATEWAY, Carrier, Sessions, asn
from sandbox.reachability.packets import DroppedError, network, region_of

VLAN_ATTACHMENT: Final = "gcp:compute/interconnectAttachment:InterconnectAttachment"
VIRTUAL_INTERFACE: Final = "aws:directconnect/transitVirtualInterface:TransitVirtualInterface"
DX_GATEWAY: Final = "aws:directconnect/gateway:Gateway"
DX_ASSOCIATION: Final = "aws:directconnect/gatewayAssociation:GatewayAssociation"


class Circuits(Sessions):
    """Reads the VLANs of a graph that cross from one cloud to the other."""

    def carriers(self) -> list[Carrier]:
        """Every VLAN attachment, in the order of the graph."""
        return [self._carrier(attachment) for attachment in self.graph.of_type(VLAN_ATTACHMENT)]

    def _carrier(self, attachment: Resource) -> Carrier:
        try:
            return self._working(attachment)
        except DroppedError as dropped:
            return Carrier(resource=attachment, label=attachment.name, problem=dropped.reason)

    def _working(self, attachment: Resource) -> Carrier:
        own, far = attachment["cloudRouterIpAddress"], attachment["customerRouterIpAddress"]
        interface = self._far_end(attachment, own, far)
        router, peer = self.session(attachment, "interconnectAttachment", own, far.partition("/")[0])
        gateway = self.found(interface, "dxGatewayId", DX_GATEWAY)
        ties = self.graph.of_type(DX_ASSOCIATION)
        tie = next((tie for tie in ties if self.directory.find(tie["dxGatewayId"], DX_GATEWAY) is gateway), None)
        if tie is None:
            raise DroppedError(f"{gateway.name} is associated with no Transit Gateway", gateway)
        transit = self.found(tie, "associatedGatewayId", TRANSIT_GATEWAY)
        if asn(gateway["amazonSideAsn"]) == asn(transit.inputs.get("amazonSideAsn")):
            raise DroppedError(f"{gateway.name} and {transit.name} have the same ASN", gateway)
        expected = interface.inputs.get("bgpAsn") or interface.inputs.get("bgpAsnLong")
        self.agree_on_numbers(router, peer, gateway["amazonSideAsn"], expected)
        if (peer.inputs.get("md5AuthenticationKey") or {}).get("key") != interface.inputs.get("bgpAuthKey"):
            raise DroppedError(f"{peer.name} and {interface.name} have different BGP keys", peer)
        home = self.home(router)
        return Carrier(
            resource=attachment,
            label=attachment.name,
            gateway=transit,
            attachment=str(tie["transitGatewayAttachmentId"]),
            network=home,
            region=region_of(self.graph, router),
            advertised=self.advertised(home, router, peer),
            allowed=tuple(network(prefix) for prefix in tie.get("allowedPrefixes") or ()),
        )

    def _far_end(self, attachment: Resource, own: str, far: str) -> Resource:
        """The virtual interface that has the other address, and expects this one."""
        interfaces = self.graph.of_type(VIRTUAL_INTERFACE)
        found = next((i for i in interfaces if i.get("amazonAddress") == far and i.get("customerAddress") == own), None)
        if found is None:
            raise DroppedError(f"no virtual interface has {far} and expects {own}", attachment)
        if int(found["vlan"]) != int(attachment["vlanTag8021q"]):
            raise DroppedError(f"VLAN {found['vlan']} at AWS, {attachment['vlanTag8021q']} at Google Cloud", found)
        return found
