"""The networks of a graph with their subnets, grouped by what these are for."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from sandbox.graph import Graph, Resource
from sandbox.picture.regions import Regions
from sandbox.picture.scene import Network, Tier
from sandbox.picture.words import Numbered, Words
from sandbox.reachability import Endpoint, Reachability
from sandbox.reachability.aws_routes import SUBNET
from sandbox.reachability.google_routes import NETWORK, SUBNETWORK

VPC: Final = "aws:ec2/vpc:Vpc"
CONNECTION: Final = "gcp:servicenetworking/connection:Connection"
CLOUD_RUN: Final = "gcp:cloudrunv2/service:Service"


class Places:
    """Where resources sit: the endpoints of each, and the tier of each subnet."""

    def __init__(self, graph: Graph, words: Words, regions: Regions) -> None:
        self.model = Reachability(graph)
        self._graph, self._words, self._regions = graph, words, regions
        self._tiers: dict[str, Tier] = {}
        self.networks: list[Network] = [*self._vpcs(), *self._google_networks()]
        """Every network, in the order of the graph."""

    def tier(self, end: Endpoint) -> Tier | None:
        """The tier that an endpoint sits in."""
        home = end.subnet or getattr(end.place, "connection", None)
        return self._tiers.get(home.urn) if home else None

    def ends(self, resource: Resource) -> list[Endpoint]:
        """Where a resource sits; none for one that is in no network."""
        if resource.type == CLOUD_RUN:
            return self._serverless(resource)
        return self.model.of(resource) or [self.model.managed_services(c) for c in self._connections(resource)]

    def _serverless(self, service: Resource) -> list[Endpoint]:
        template = service.inputs.get("template") or {}
        cards = (template.get("vpcAccess") or {}).get("networkInterfaces") or ()
        found = [(card, self._subnet(str(card.get("subnetwork")))) for card in cards]
        return [
            self.model.subnet(subnet, tags=card.get("tags") or (), serverless=True) for card, subnet in found if subnet
        ]

    def _subnet(self, name: str) -> Resource | None:
        """The subnet of this id or name."""
        owner = self._graph.referred(name)
        return owner if owner and owner.type == SUBNETWORK else None

    def _connections(self, resource: Resource) -> list[Resource]:
        """The connections that Google offers a database or cache behind, for one that waits for such a connection."""
        return [each for each in self._graph.dependencies(resource) if each.type == CONNECTION]

    def _vpcs(self) -> Iterator[Network]:
        for vpc in self._graph.of_type(VPC):
            subnets = [s for s in self._graph.of_type(SUBNET) if s["vpcId"] == vpc.id]
            yield from self._network(vpc, subnets, str(vpc["cidrBlock"]))

    def _google_networks(self) -> Iterator[Network]:
        for home in self._graph.of_type(NETWORK):
            whole = {str(home.id), str(home.get("selfLink"))}
            subnets = [s for s in self._graph.of_type(SUBNETWORK) if s["network"] in whole]
            connections = [c for c in self._graph.of_type(CONNECTION) if c["network"] in whole]
            yield from self._network(home, [*subnets, *connections], None)

    def _network(self, home: Resource, subnets: Sequence[Resource], cidr: str | None) -> Iterator[Network]:
        region = next((found for found in map(self._regions.of, [*subnets, home]) if found), None)
        if region is None:
            return
        owner = self._graph.parent(home)
        name = owner.name if owner and not owner.type.startswith("pulumi:") else home.name
        roles: dict[str, list[Resource]] = defaultdict(list)
        for subnet in subnets:
            roles[_role(subnet, name)].append(subnet)
        fixtures = self._fixtures({subnet.urn: role for role, found in roles.items() for subnet in found})
        tiers: list[Tier] = []
        for role, found in roles.items():
            ranges = [piece for subnet in found for piece in self._ranges(subnet, region.name)]
            tier = Tier(name, role, ranges, [str(word) for word in fixtures.get(role, ())])
            self._tiers |= {subnet.urn: tier for subnet in found}
            tiers.append(tier)
        yield Network(region, name, cidr, tiers)

    def _ranges(self, subnet: Resource, region: str) -> Iterator[tuple[str, str]]:
        if subnet.type == SUBNET:
            yield str(subnet["availabilityZone"]).removeprefix(region), str(subnet["cidrBlock"])
        elif subnet.type == CONNECTION:
            yield from (("", str(cidr)) for cidr in self.model.managed_services(subnet).ranges)
        else:
            yield "", str(subnet["ipCidrRange"])
            secondary = subnet.inputs.get("secondaryIpRanges") or ()
            yield from ((str(item["rangeName"]), str(item["ipCidrRange"])) for item in secondary)

    def _fixtures(self, roles: dict[str, str]) -> dict[str, list[Numbered]]:
        """Words for what of the network itself sits in each role's subnets."""
        found: dict[str, list[Numbered]] = defaultdict(list)
        for token, words in self._words.fixtures.items():
            counts: Counter[str] = Counter()
            for resource in self._graph.of_type(token):
                homes = {end.subnet.urn for end in self.model.of(resource) if end.subnet}
                counts.update({roles[urn] for urn in homes if urn in roles})
            for role, count in counts.items():
                found[role].append(Numbered(words.says or token, count, words.counted))
        return found


def _role(subnet: Resource, network: str) -> str:
    """The name of a subnet without what it shares with the others of its role: its network's name and its zone."""
    zone = str(subnet.inputs.get("availabilityZone") or "")
    return subnet.name.removeprefix(f"{network}-").removesuffix(f"-{zone}").replace("-", " ") or subnet.name
