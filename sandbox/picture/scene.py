"""What a picture shows, before anybody decides where on the page."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.graph import Resource
from sandbox.picture.words import Kind, Layer


@dataclass(frozen=True)
class Region:
    """A region of a cloud: a column of the picture."""

    package: str
    """`aws`, `gcp`."""
    name: str
    """`us-east-1`."""
    cloud: str
    """What the cloud is called."""


@dataclass(frozen=True, eq=False)
class Tier:
    """The subnets of one network that play one role, over all their zones."""

    network: str
    """Logical name of the network."""
    role: str
    """What they are for, as their names tell: `public`, `database`."""
    ranges: Sequence[tuple[str, str]]
    """Zone (empty for a regional subnet) and addresses of each."""
    fixtures: Sequence[str] = ()
    """What of the network itself sits there: `3 NAT gateways`."""


@dataclass(frozen=True)
class Network:
    """A VPC or a network of Google Cloud, in one region."""

    region: Region
    name: str
    cidr: str | None
    tiers: Sequence[Tier]


@dataclass(frozen=True, eq=False)
class Box:
    """A component as far as one region holds it."""

    card: Resource
    """The component."""
    region: Region
    layer: Layer
    says: str
    """What it is."""
    parts: Sequence[str] = ()
    """What it holds in this region."""
    tier: Tier | None = None
    """The subnets that it sits in; None outside of any network."""
    names: Sequence[str] = ()
    """The names that it answers, for a box of the layer `names`."""

    @property
    def title(self) -> str:
        """The logical name of the component."""
        return self.card.name

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all other boxes."""
        return self.card.urn, self.region.name


@dataclass(frozen=True)
class Arrow:
    """A way from one box to another; None stands for the internet."""

    kind: Kind
    tail: Box | None
    head: Box
    ports: frozenset[int] = frozenset()
    """Ports that the head listens on, where the networks tell."""


@dataclass(frozen=True)
class Link:
    """What joins the networks of two regions."""

    ends: tuple[Region, Region]
    says: str
    """`4 tunnels`."""


@dataclass(frozen=True)
class Aside:
    """Components that many others use, under one heading."""

    heading: str
    names: Sequence[str]


@dataclass(frozen=True)
class Scene:
    """The whole."""

    title: str
    regions: Sequence[Region]
    """From left to right."""
    primary: Region
    """The region that holds most."""
    networks: Sequence[Network]
    boxes: Sequence[Box]
    arrows: Sequence[Arrow] = field(default_factory=list[Arrow])
    links: Sequence[Link] = field(default_factory=list[Link])
    asides: Sequence[Aside] = field(default_factory=list[Aside])

    def boxes_of(self, region: Region, *layers: Layer) -> list[Box]:
        """The boxes of these layers in a region."""
        return [box for box in self.boxes if box.region == region and box.layer in layers]

    def asked_from_the_top(self, box: Box) -> bool:
        """Whether names or the internet lead to a box."""
        return any(arrow.head is box and (arrow.tail is None or arrow.tail.layer == "names") for arrow in self.arrows)

    def led_to(self, box: Box) -> bool:
        """Whether any way ends at a box."""
        return any(arrow.head is box for arrow in self.arrows)

    def lines_of(self, boxes: Sequence[Box]) -> list[list[Box]]:
        """The boxes in lines: first those that are asked from elsewhere or by nobody, then those that these ask."""
        asked = {
            box: [a.tail for a in self.arrows if a.head is box and a.kind == "requests" and a.tail is not box]
            for box in boxes
        }
        left = list(boxes)
        lines = [[box for box in left if not asked[box] or any(tail not in asked for tail in asked[box])] or left]
        left = [box for box in left if box not in lines[0]]
        while left:
            nearer = [box for box in left if any(tail in lines[-1] for tail in asked[box])] or left
            lines.append(nearer)
            left = [box for box in left if box not in nearer]
        return lines

    def network_of(self, region: Region) -> Network | None:
        """The network of a region."""
        return next((network for network in self.networks if network.region == region), None)
