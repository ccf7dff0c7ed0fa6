"""What the parts of the model pass to each other: endpoints, places, packets, steps, and the two kinds of answer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from typing import Any, Final, cast

from sandbox.graph import Graph, Resource

ANYWHERE: Final = IPv4Network("0.0.0.0/0")
NOT_ROUTED_ON_THE_INTERNET: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
)
GOOGLE_HEALTH_CHECKS: Final = (IPv4Network("35.191.0.0/16"), IPv4Network("130.211.0.0/22"))
GOOGLE_TUNNELLED_SSH: Final = (IPv4Network("35.235.240.0/20"),)
GOOGLE_DNS_FORWARDERS: Final = (IPv4Network("35.199.192.0/19"),)
GOOGLE_PRIVATE_APIS: Final = (IPv4Network("199.36.153.4/30"), IPv4Network("199.36.153.8/30"))


class NotModelledError(LookupError):
    """The program uses something on the way that this model knows nothing of; a silent answer would be a guess."""


class DroppedError(Exception):
    """Ends a packet's way; `at` is the resource that ended it."""

    def __init__(self, reason: str, at: Resource | None = None) -> None:
        super().__init__(reason)
        self.reason, self.at = reason, at


@dataclass(frozen=True, slots=True)
class VpcPlace:
    """In a subnet of an AWS VPC."""

    subnet: Resource


@dataclass(frozen=True, slots=True)
class TransitPlace:
    """In a Transit Gateway, having come in by the attachment of this id."""

    gateway: Resource
    attachment: str


@dataclass(frozen=True, slots=True)
class NetworkPlace:
    """In a Google network; dynamic routes depend on the region."""

    network: Resource
    region: str | None


@dataclass(frozen=True, slots=True)
class ProducerPlace:
    """In the network of Google's managed services, on the other side of a private connection."""

    connection: Resource


@dataclass(frozen=True, slots=True)
class EdgePlace:
    """At Google's own front ends, which reach and answer every instance by routes that no one sees."""


@dataclass(frozen=True, slots=True)
class GatewayEndpointPlace:
    """An AWS service behind a gateway endpoint."""

    endpoint: Resource


@dataclass(frozen=True, slots=True)
class InternetPlace:
    """Anywhere else."""


Place = VpcPlace | TransitPlace | NetworkPlace | ProducerPlace | EdgePlace | GatewayEndpointPlace | InternetPlace


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Addresses that share one place and one set of filters."""

    label: str
    """What a reader calls it."""
    ranges: tuple[IPv4Network, ...]
    """Its addresses; an answer holds for each of them."""
    place: Place
    """Where the addresses live."""
    subnet: Resource | None = None
    """The subnet they belong to; without one, no firewall of a Google network looks at them."""
    groups: frozenset[str] | None = None
    """Ids of its security groups; None asks for routes alone, and is a member of no group."""
    tags: frozenset[str] = frozenset()
    """Network tags."""
    service_account: str | None = None
    """Email of the service account it runs as."""
    public: bool = False
    """Whether it has an address on the internet."""
    secondary_range: str | None = None
    """The name of the subnet's secondary range that holds the addresses."""
    serverless: bool = False
    """Whether it is an instance of Cloud Run."""
    lists: frozenset[str] = frozenset()
    """Ids of AWS prefix lists that hold its addresses."""

    @property
    def anonymous(self) -> bool:
        """Whether no rule can tell by tag or service account that it is this one who sends."""
        return self.secondary_range is not None or self.serverless


@dataclass(frozen=True, slots=True)
class Packet:
    """The opening packet of a connection, or, with `reply`, an answer to one."""

    source: IPv4Address
    destination: IPv4Address
    protocol: str
    port: int | None
    """The port listened on; None stands for any port."""
    reply: bool = False

    def __str__(self) -> str:
        return f"{self.protocol}/{'any port' if self.port is None else self.port}"


@dataclass(frozen=True, slots=True)
class Hop:
    """One stretch of the way, in words."""

    text: str
    at: Resource | None = None
    carriers: tuple[Resource, ...] = ()
    """The tunnels or circuits that share this stretch."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Step:
    """What a place does with a packet."""

    hops: tuple[Hop, ...]
    places: tuple[Place, ...] = ()
    """Where it may go on, all of which must deliver it; none when it has arrived."""
    source: Endpoint | None = None
    """Who sends it from here on, when its source was translated."""


@dataclass(frozen=True)
class Path:
    """B answers A. True in a condition."""

    hops: tuple[Hop, ...]
    """The way there."""
    returned: tuple[Hop, ...]
    """The way of the answer."""

    @property
    def carriers(self) -> tuple[Resource, ...]:
        """The tunnels or circuits that carry the connection there and back, in the order of the graph."""
        there = [carrier for hop in self.hops for carrier in hop.carriers]
        back = [carrier for hop in self.returned for carrier in hop.carriers]
        return tuple(carrier for carrier in there if carrier in back)

    def __str__(self) -> str:
        return " -> ".join(map(str, self.hops)) + "; answered by " + " -> ".join(map(str, self.returned))


@dataclass(frozen=True)
class Blocked:
    """B does not answer A. False in a condition."""

    reason: str
    at: Resource | None = None
    """The resource that ends the way."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return self.reason + (f" (at {self.at!r})" if self.at else "")


class Directory:
    """Finds the resource of a type by what others call it: id, ARN, self link or name."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._found: dict[str, dict[str, list[Resource]]] = {}

    def find(self, value: Any, *types: str) -> Resource | None:
        """The resource called so; None when it is not in the graph. Raises LookupError when several are."""
        if not isinstance(value, str):
            return None
        found = {r.urn: r for token in types for r in self._called(token).get(_short(value), ())}
        if len(found) > 1:
            raise LookupError(f"{value!r} is the name of {', '.join(found)}")
        return next(iter(found.values()), None)

    def _called(self, token: str) -> Mapping[str, list[Resource]]:
        if token not in self._found:
            names: dict[str, list[Resource]] = {}
            for resource in self.graph.of_type(token):
                called = {resource.id, *(resource.get(key) for key in ("arn", "selfLink", "name"))}
                for value in {_short(value) for value in called if isinstance(value, str)}:
                    names.setdefault(value, []).append(resource)
            self._found[token] = names
        return self._found[token]

    @cached_property
    def prefixes(self) -> tuple[IPv4Network, ...]:
        """Every range that the program names anywhere, and every range that the internet treats apart."""
        named = {prefix for resource in self.graph for prefix in _ranges_in(resource.inputs)}
        return tuple(sorted({*named, *NOT_ROUTED_ON_THE_INTERNET}))


def region_of(graph: Graph, resource: Resource) -> str | None:
    """The region a resource says it is in, or that of its provider."""
    provider = graph.resources.get(resource.provider or "")
    return resource.inputs.get("region") or (provider.inputs.get("region") if provider else None)


def internet_ranges() -> tuple[IPv4Network, ...]:
    """All addresses that someone unknown may have: neither private nor of Google's own front ends."""
    ranges = [ANYWHERE]
    for block in (
        *NOT_ROUTED_ON_THE_INTERNET,
        *GOOGLE_HEALTH_CHECKS,
        *GOOGLE_TUNNELLED_SSH,
        *GOOGLE_DNS_FORWARDERS,
        *GOOGLE_PRIVATE_APIS,
    ):
        ranges = [part for whole in ranges for part in _without(whole, block)]
    return tuple(collapse_addresses(ranges))


def samples(ranges: Iterable[IPv4Network], prefixes: Iterable[IPv4Network]) -> Iterator[IPv4Address]:
    """One address of each part of the ranges that no named prefix divides, so that an answer for it is for its part."""
    edges = sorted({int(p.network_address) for p in prefixes} | {int(p.broadcast_address) + 1 for p in prefixes})
    for whole in ranges:
        first, last = int(whole.network_address), int(whole.broadcast_address)
        yield from map(IPv4Address, sorted({first, *(edge for edge in edges if first < edge <= last)}))


def network(value: Any) -> IPv4Network:
    """A range as the clouds write it; a bare address is a range of one."""
    return IPv4Network(cast("str", value), strict=False)


def _without(whole: IPv4Network, block: IPv4Network) -> list[IPv4Network]:
    if not whole.overlaps(block):
        return [whole]
    return [] if whole.subnet_of(block) else list(whole.address_exclude(block))


def _short(name: str) -> str:
    """Google accepts a full link, or only its path, for the same resource."""
    for version in ("compute/v1/", "compute/beta/"):
        _, found, path = name.partition(version)
        if found:
            return path
    return name


def _ranges_in(value: Any) -> Iterator[IPv4Network]:
    if isinstance(value, str):
        if "/" in value and value[:1].isdigit():
            try:
                yield network(value)
            except ValueError:
                return
    elif isinstance(value, Mapping):
        values = cast("Mapping[str, Any]", value)
        if isinstance(values.get("address"), str) and values.get("prefixLength"):
            yield from _ranges_in(f"{values['address']}/{int(values['prefixLength'])}")
        for item in values.values():
            yield from _ranges_in(item)
    elif isinstance(value, list | tuple):
        for item in cast("list[Any]", value):
            yield from _ranges_in(item)
