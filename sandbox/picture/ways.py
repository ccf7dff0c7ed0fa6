"""The ways between the boxes of a picture: what the networks let through, and what single resources tell of."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from sandbox.graph import Graph, Resource
from sandbox.picture.networks import Places
from sandbox.picture.regions import Regions
from sandbox.picture.scene import Arrow, Box
from sandbox.picture.words import Kind, Way, Words
from sandbox.reachability import Endpoint

ASKING: Final = ("edge", "services")
"""Layers that open connections; what holds data opens them to follow other data alone, which is a way of its own."""
_Key = tuple[Kind, Box | None, Box]
SHORTEST_TELLING: Final = 7
"""Characters from which a text that two resources share is no accident."""


class Ways:
    """Finds the arrows between the boxes of one graph."""

    def __init__(self, graph: Graph, words: Words, regions: Regions, places: Places, boxes: Sequence[Box]) -> None:
        self._graph, self._words, self._regions, self._places, self._boxes = graph, words, regions, places, boxes
        self._by_card: dict[str, list[Box]] = defaultdict(list)
        for box in boxes:
            self._by_card[box.card.urn].append(box)
        self._cards = {r.urn: box.card for box in boxes for r in (box.card, *graph.descendants(box.card))}
        # An account or a project stands in many outputs and is no way to anywhere.
        everywhere = {text for provider in graph.providers for text in _texts(provider.inputs)}
        published = [(box.card, text) for box in boxes for text in _texts(box.card.registered)]
        self._published = _owners((card, text) for card, text in published if text not in everywhere)
        self._records: dict[str, list[Resource]] = defaultdict(list)
        for record in graph.of_type(*sorted(words.addresses)):
            self._records[str(record.inputs.get("name"))].append(record)

    def arrows(self) -> list[Arrow]:
        """Every way once, with all of its ports; in the order of the boxes."""
        ports: dict[_Key, set[int]] = defaultdict(set)
        for kind, tail, head, port in [*self._through_networks(), *self._from_the_internet(), *self._told()]:
            ports[kind, tail, head] |= {port} if port else set()
        for kind, tail, head, port in self._by_other_names():
            if ("requests", tail, head) not in ports:
                ports[kind, tail, head] |= {port} if port else set()
        for key in [key for key in ports if key[0] == "requests"]:
            _tell_once(ports, key)
        return [Arrow(kind, tail, head, frozenset(found)) for (kind, tail, head), found in ports.items()]

    # What the networks let through

    def _through_networks(self) -> Iterator[tuple[Kind, Box, Box, int]]:
        ends = {box.key: self._ends(box) for box in self._boxes}
        asking = [box for box in self._boxes if box.layer in ASKING]
        anyone = {(head.key, port) for _kind, _tail, head, port in self._from_the_internet()}
        for head in self._boxes:
            for port in sorted(self._ports(head, ends[head.key])):
                for tail in asking if (head.key, port) not in anyone else ():
                    if tail is not head and self._reaches(ends[tail.key], ends[head.key], port):
                        yield "requests", tail, head, port

    def _reaches(self, tails: Sequence[Endpoint], heads: Sequence[Endpoint], port: int) -> bool:
        return bool(tails and heads and self._places.model.any_path(tails, heads, port=port))

    def _ends(self, box: Box) -> list[Endpoint]:
        """Where the parts of a box sit, those that differ by no filter once."""
        found = {(end.label, end.groups, end.tags): end for part in self._parts(box) for end in self._places.ends(part)}
        return list(found.values())

    def _ports(self, box: Box, ends: Iterable[Endpoint]) -> set[int]:
        told = {port for part in self._parts(box) if (port := self._words.parts[part.type].port)}
        return told or {
            port for end in ends for protocol, port in self._places.model.rule_ports(end) if protocol == "tcp"
        }

    def _parts(self, box: Box) -> list[Resource]:
        held = self._graph.descendants(box.card)
        return [r for r in held if r.type in self._words.parts and self._regions.of(r) == box.region]

    def _from_the_internet(self) -> Iterator[tuple[Kind, None, Box, int]]:
        for exposure in self._places.model.reachable_from_internet():
            box = self._box(exposure.resource)
            if box and exposure.protocol == "tcp":
                yield "requests", None, box, exposure.port

    # What single resources tell of

    def _told(self) -> Iterator[tuple[Kind, Box, Box, int]]:
        for way, resource, tail, head in self._ways():
            if not _by_another_name(tail, resource):
                yield way.kind, tail, head, 0

    def _by_other_names(self) -> Iterator[tuple[Kind, Box, Box, int]]:
        """What has a name of its own, beside the names that customers use, waits to be put behind one of these."""
        for _way, resource, tail, head in self._ways():
            if _by_another_name(tail, resource):
                yield "failover", tail, head, 0

    def _ways(self) -> Iterator[tuple[Way, Resource, Box, Box]]:
        for way in self._words.ways:
            for resource in self._graph.of_type(way.by):
                if all(_at(resource.inputs, path) == value for path, value in way.where.items()):
                    for tail, head in self._ends_of(way, resource):
                        yield way, resource, tail, head

    def _ends_of(self, way: Way, resource: Resource) -> Iterator[tuple[Box, Box]]:
        own = self._box(resource)
        tails = [box for key in way.tail for box in self._named(resource, key, way)] if way.tail else [own]
        heads = [box for key in way.head for box in self._named(resource, key, way)] if way.head else [own]
        yield from ((tail, head) for tail in tails for head in heads if tail and head and tail is not head)

    def _named(self, resource: Resource, key: str, way: Way) -> list[Box]:
        """The boxes that an input leads to, other than the resource's own when any input may."""
        own = self._box(resource) if key == "*" else None
        found = self._led_to(resource, key, way.at, frozenset())
        return [box for box in dict.fromkeys(found) if box is not own and (not way.among or box.layer in way.among)]

    def _led_to(self, resource: Resource, key: str, at: str | None, seen: frozenset[str]) -> Iterator[Box]:
        """Boxes of the resources that an input was made of, of published outputs in it, and of names in it."""
        keys = resource.property_dependencies if key == "*" else (key,)
        urns = {urn for each in keys for urn in resource.property_dependencies.get(each, ())}
        for found in (each for each in self._graph if each.urn in urns and at in (None, each.type)):
            yield from self._boxes_behind(found, resource, at, seen | {resource.urn})
        if at is None:
            own = {str(resource.inputs.get("name")), str(resource.id)}
            for text in dict.fromkeys(_texts(resource.inputs if key == "*" else resource.inputs.get(key))):
                if text not in own:
                    yield from self._behind_text(text, resource, seen)

    def _behind_text(self, text: str, asked_by: Resource, seen: frozenset[str]) -> Iterator[Box]:
        for record in self._records.get(text, ()):
            if record.urn not in seen:
                yield from self._led_to(record, "*", None, seen | {asked_by.urn, record.urn})
        # Further on, a text is as likely to be a word that both have in common.
        card = None if seen else self._published.get(text)
        if card:
            region = self._regions.of(asked_by)
            yield min(self._by_card[card.urn], key=lambda box: box.region != region)

    def _boxes_behind(self, found: Resource, asked_by: Resource, at: str | None, seen: frozenset[str]) -> Iterator[Box]:
        """The box that a resource is a part of; what is no part of one leads on, inside its own component alone."""
        card = self._cards.get(found.urn)
        if card is None or found.urn in seen:
            return
        if found.type in self._words.parts or found.type == at:
            box = self._box(found)
            if box:
                yield box
        elif self._cards.get(asked_by.urn) is card:
            yield from self._led_to(found, "*", None, seen | {found.urn})

    def _box(self, resource: Resource) -> Box | None:
        """The box that a resource is drawn in."""
        card = self._cards.get(resource.urn)
        if card is None:
            return None
        boxes, region = self._by_card[card.urn], self._regions.of(resource)
        return next((box for box in boxes if box.region == region), boxes[0] if boxes else None)


def _by_another_name(tail: Box, record: Resource) -> bool:
    return tail.layer == "names" and record.get("name") not in tail.names


def _tell_once(ports: dict[_Key, set[int]], key: _Key) -> None:
    """A way that is only taken when another fails is no other way; nor is the internet's, beside that of a name."""
    _kind, tail, head = key
    if ("failover", tail, head) in ports:
        ports["failover", tail, head] |= ports.pop(key)
    elif tail is None:
        named = [each for each in ports if each[2] is head and each[1] and each[1].layer == "names"]
        for each in named:
            ports[each] |= ports[key]
        if named:
            del ports[key]


def _owners(pairs: Iterable[tuple[Resource, str]]) -> dict[str, Resource]:
    """The one component that published each text."""
    found: dict[str, dict[str, Resource]] = defaultdict(dict)
    for card, text in pairs:
        found[text][card.urn] = card
    return {text: next(iter(cards.values())) for text, cards in found.items() if len(cards) == 1}


def _texts(value: Any) -> Iterator[str]:
    """Every text inside a value that is long enough to be told from others."""
    if isinstance(value, str):
        if len(value) >= SHORTEST_TELLING:
            yield value
    elif isinstance(value, Mapping):
        for item in cast("Mapping[str, Any]", value).values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in cast("Sequence[Any]", value):
            yield from _texts(item)


def _at(value: Any, path: str) -> Any:
    """What stands at a dotted path of keys and numbers; None where there is nothing."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = cast("Mapping[str, Any]", value).get(step)
        elif isinstance(value, list | tuple) and step.isdigit() and int(step) < len(cast("Sequence[Any]", value)):
            value = cast("Sequence[Any]", value)[int(step)]
        else:
            return None
    return value
