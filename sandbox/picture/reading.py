"""Reads from a recorded graph what a picture of it shows."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sandbox.graph import Graph, Resource
from sandbox.picture.networks import Places
from sandbox.picture.regions import Regions
from sandbox.picture.scene import Aside, Box, Link, Region, Scene, Tier
from sandbox.picture.ways import Ways
from sandbox.picture.words import CardWords, Numbered, Words, WordsError


def read(graph: Graph, words: Words) -> Scene:
    """The scene of a graph that was recorded with outputs known. Raises WordsError for components without words."""
    components = _outermost(graph)
    strange = sorted({each.type for each in components} - {*words.cards, *words.aside, *words.hidden})
    if strange:
        raise WordsError(f"the words tell neither how to draw nor to hide {', '.join(strange)}")
    regions = Regions(graph, words)
    places = Places(graph, words, regions)
    held = {each.urn: [r for r in graph.descendants(each) if r.custom] for each in components}
    primary = regions.primary([resource for each in components for resource in held[each.urn]])
    reader = _Boxes(words, regions, places, primary)
    boxes = [box for each in _drawn(components, words) for box in reader.of(each, held[each.urn])]
    boxes = _settled(boxes)
    ways = Ways(graph, words, regions, places, boxes)
    found = {network.region for network in places.networks} | {box.region for box in boxes}
    return Scene(
        title=f"{graph.project} · {graph.stack}",
        regions=regions.ordered(primary, found),
        primary=primary,
        networks=places.networks,
        boxes=boxes,
        arrows=ways.arrows(),
        links=_links(places, regions),
        asides=_asides(components, words),
    )


def _outermost(graph: Graph) -> list[Resource]:
    """The components that no other component holds."""
    found = [each for each in graph.components if not _is_stack(each)]
    return [each for each in found if all(above.custom or _is_stack(above) for above in graph.ancestors(each))]


def _drawn(components: Sequence[Resource], words: Words) -> Iterator[Resource]:
    """The components with a card, but for those that a card of their name stands for already."""
    present = {(each.type, each.name) for each in components}
    for each in components:
        card = words.cards.get(each.type)
        if card and not any((other, each.name) in present for other in card.unless):
            yield each


def _is_stack(resource: Resource) -> bool:
    return resource.type.startswith("pulumi:")


class _Boxes:
    """Makes the boxes of a component: one for each region that holds a part of it."""

    def __init__(self, words: Words, regions: Regions, places: Places, primary: Region) -> None:
        self._words, self._regions, self._places, self._primary = words, regions, places, primary

    def of(self, card: Resource, held: Sequence[Resource]) -> Iterator[Box]:
        words = self._words.cards[card.type]
        parts = [resource for resource in held if resource.type in self._words.parts] or list(held)
        found = Counter(region for resource in parts if (region := self._regions.of(resource)))
        if words.layer == "names":
            home = self._primary if self._primary in found else next(iter(found), self._primary)
            yield self._box(card, words, home, parts)
            return
        for region in found:
            yield self._box(card, words, region, [part for part in parts if self._regions.of(part) == region])

    def _box(self, card: Resource, words: CardWords, region: Region, parts: Sequence[Resource]) -> Box:
        tiers = [tier for part in parts for end in self._places.ends(part) if (tier := self._places.tier(end))]
        return Box(
            card=card,
            region=region,
            layer=words.layer,
            says=words.says,
            parts=[str(word) for word in self._counted(parts)],
            tier=tiers[0] if tiers else None,
            names=_names(parts) if words.layer == "names" else (),
        )

    def _counted(self, parts: Sequence[Resource]) -> Iterator[Numbered]:
        counts = Counter(words.says for part in parts if (words := self._words.parts.get(part.type)) and words.says)
        told = {words.says: words.counted for words in self._words.parts.values()}
        yield from (Numbered(word, count, told[word]) for word, count in counts.items())


def _names(records: Sequence[Resource]) -> list[str]:
    """The names that more than one place answers; where there are none, the shortest of each first label."""
    counts = Counter(str(record["name"]) for record in records if record.get("name"))
    shortest: dict[str, str] = {}
    for name in sorted(counts, key=lambda name: (len(name), name)):
        shortest.setdefault(name.partition(".")[0], name)
    return sorted(name for name, count in counts.items() if count > 1) or sorted(shortest.values())


def _settled(boxes: Sequence[Box]) -> list[Box]:
    """What names no subnet but belongs in a network stands where others of its layer and region do."""
    homes: dict[tuple[Region, str], Counter[Tier]] = {}
    for box in boxes:
        if box.tier:
            homes.setdefault((box.region, box.layer), Counter())[box.tier] += 1
    return [_moved(box, homes.get((box.region, box.layer))) for box in boxes]


def _moved(box: Box, homes: Counter[Tier] | None) -> Box:
    if box.tier or not homes or box.layer != "services":
        return box
    return Box(box.card, box.region, box.layer, box.says, box.parts, homes.most_common(1)[0][0], box.names)


def _links(places: Places, regions: Regions) -> list[Link]:
    """One for each pair of networks that circuits or tunnels join."""
    counts: Counter[tuple[Region, Region, str]] = Counter()
    for carrier in places.model.carriers:
        ends = [regions.of(end) for end in (carrier.gateway, carrier.network, carrier.resource) if end]
        found = list(dict.fromkeys(region for region in ends if region))
        if carrier.problem is None and len(found) == 2:
            word = "tunnel" if "unnel" in carrier.resource.type else "circuit"
            counts[found[0], found[1], word] += 1
    return [Link((a, b), f"{count} {word}{'s' if count > 1 else ''}") for (a, b, word), count in counts.items()]


def _asides(components: Sequence[Resource], words: Words) -> list[Aside]:
    names: dict[str, list[str]] = {heading: [] for heading in words.aside.values()}
    for each in components:
        if each.type in words.aside:
            names[words.aside[each.type]].append(each.name)
    return [Aside(heading, _short(found)) for heading, found in names.items() if found]


def _short(names: Sequence[str]) -> list[str]:
    """The names, sorted, without the word that all of them begin with."""
    first = {name.partition("-")[0] for name in names if "-" in name}
    shared = f"{first.pop()}-" if len(names) > 1 and len(first) == 1 and all("-" in name for name in names) else ""
    return sorted({name.removeprefix(shared) for name in names})
