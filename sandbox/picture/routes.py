"""The lines of a picture: one for each pair of groups, so that many ways make no tangle."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sandbox.picture.canvas import Point, Rect
from sandbox.picture.layout import BETWEEN, SIDE, STEP, Layout
from sandbox.picture.scene import Arrow, Box
from sandbox.picture.words import Kind

MOST_PORTS: Final = 4
RIGHT_OF_WORDS: Final = 0.73
"""Where a way from outside enters subnets: the share of their width that their names and addresses leave free."""
CLEAR: Final = 3
"""Pixels between the head of a line and what it points at."""


@dataclass(frozen=True)
class Route:
    """A line on the page."""

    kind: Kind | Literal["link"]
    points: Sequence[Point]
    both: bool = False
    """Whether it has a head at both ends."""
    label: str = ""
    label_at: Point | None = None


def routes(layout: Layout) -> list[Route]:
    """Every line, those that others may cover first."""
    found = [*_links(layout), *_level(layout), *_events(layout), *_copies(layout)]
    found += [*_downwards(layout), *_inside(layout), *_from_the_top(layout)]
    return [route for route in found if route.points]


def _told(ports: set[int]) -> str:
    listed = [str(port) for port in sorted(ports)]
    return ", ".join([*listed[:MOST_PORTS], *(["…"] if len(listed) > MOST_PORTS else [])])


# From the names and the internet to what takes requests


def _from_the_top(layout: Layout) -> Iterator[Route]:
    names = [box for box in layout.scene.boxes if box.layer == "names"]
    for box in names:
        place = layout.cards[box.key]
        yield Route("requests", [(place.x - 40, place.middle[1]), (place.x - CLEAR, place.middle[1])])
    for arrow in layout.scene.arrows:
        if arrow.tail is None or arrow.tail.layer == "names":
            head, over = layout.cards[arrow.head.key], layout.column(arrow.head.region).place.y - 22
            top = layout.cards[arrow.tail.key] if arrow.tail else layout.internet
            x = _free_x(layout, arrow.head, head)
            begin = max(top.x + 24, min(x, top.right - 24))
            turns = [] if begin == x else [(begin, over), (x, over)]
            points = [(begin, top.bottom), *turns, (x, head.y - CLEAR)]
            yield Route(arrow.kind, points, label=_told(set(arrow.ports)), label_at=(x, over + (16 if turns else 0)))


def _free_x(layout: Layout, box: Box, head: Rect) -> float:
    """Where a line from above reaches a card without crossing another one."""
    above = [
        layout.cards[other.key]
        for other in layout.scene.boxes_of(box.region, "edge", "services", "data")
        if other is not box and layout.cards[other.key].bottom <= head.y
    ]
    steps = [head.x + head.width * share / 20 for share in (17, 18, 16, 15, 14, 12, 10, 8, 5, 2)]
    return next((x for x in steps if not any(r.x - 6 < x < r.right + 6 for r in above)), steps[0])


# Down a column


def _downwards(layout: Layout) -> Iterator[Route]:
    """From each row to the next ones of its region."""
    groups: dict[tuple[object, object], list[Arrow]] = defaultdict(list)
    for arrow in layout.scene.arrows:
        tail, head = arrow.tail, arrow.head
        near = tail and tail.layer != "names" and tail.region == head.region and arrow.kind == "requests"
        if near and tail and _group(tail) != _group(head):
            groups[_group(tail), _group(head)].append(arrow)
    for found in groups.values():
        yield _down(layout, found)


def _inside(layout: Layout) -> Iterator[Route]:
    """Between two cards of the same subnets, one of which reaches over the other's whole width."""
    for arrow in layout.scene.arrows:
        tail, head = arrow.tail, arrow.head
        if tail is None or arrow.kind != "requests" or tail.tier is None or tail.tier is not head.tier:
            continue
        start, end = layout.cards[tail.key], layout.cards[head.key]
        between = [rect for rect in layout.cards.values() if start.bottom <= rect.y and rect.bottom <= end.y]
        left, right = max(start.x, end.x), min(start.right, end.right)
        x = (left + right) / 2
        if start.bottom < end.y and left < right and not any(rect.x < x < rect.right for rect in between):
            yield Route("requests", [(x, start.bottom), (x, end.y - CLEAR)])


def _group(box: Box) -> object:
    """What a box is drawn as one with: the others of its subnets; outside of them, nothing."""
    return box.tier or box.key


def _down(layout: Layout, arrows: Sequence[Arrow]) -> Route:
    kind, ports = arrows[0].kind, {port for arrow in arrows for port in arrow.ports}
    tails = list(dict.fromkeys(arrow.tail for arrow in arrows if arrow.tail))
    heads = list(dict.fromkeys(arrow.head for arrow in arrows))
    start = layout.cards[tails[0].key] if len(tails) == 1 and tails[0].layer == "edge" else _rect(layout, tails)
    band = layout.band(heads[0])
    end = layout.cards[heads[0].key] if len(heads) == 1 and heads[0].layer == "edge" else band or _rect(layout, heads)
    if end.y < start.bottom:
        return Route(kind, [])
    return _drop(kind, start, end, _told(ports), outside=tails[0].tier is None, to_card=end is not band)


def _drop(kind: Kind, start: Rect, end: Rect, label: str, *, outside: bool, to_card: bool) -> Route:
    """Straight down where both are above each other; from outside of a network past its name and addresses."""
    left, right = max(start.x, end.x), min(start.right, end.right)
    x = end.x + end.width * RIGHT_OF_WORDS
    if outside and to_card and start.right < x:
        y = start.middle[1]
        return Route(kind, [(start.right, y), (x, y), (x, end.y - CLEAR)], label=label, label_at=(x, y + 19))
    if left < right:
        x = right - 18 if outside else (left + right) / 2
        return Route(kind, [(x, start.bottom), (x, end.y - CLEAR)], label=label, label_at=(x, end.y - 19))
    beside = start.right if end.x >= start.right else start.x
    x, y = end.middle[0], start.middle[1]
    return Route(kind, [(beside, y), (x, y), (x, end.y - CLEAR)], label=label, label_at=(x, end.y - 19))


def _rect(layout: Layout, boxes: Sequence[Box]) -> Rect:
    """What the boxes stand in: their subnets, else what holds them all."""
    band = layout.band(boxes[0])
    if band:
        return band
    places = [layout.cards[box.key] for box in boxes]
    left, top = min(place.x for place in places), min(place.y for place in places)
    return Rect(left, top, max(p.right for p in places) - left, max(p.bottom for p in places) - top)


# Between columns


def _level(layout: Layout) -> Iterator[Route]:
    """What goes from one region to the same row of another."""
    pairs: dict[tuple[Kind, frozenset[tuple[str, str]]], list[Arrow]] = defaultdict(list)
    for arrow in layout.scene.arrows:
        if arrow.tail and arrow.tail.region != arrow.head.region and arrow.kind in ("replication", "events"):
            pairs[arrow.kind, frozenset((arrow.tail.key, arrow.head.key))].append(arrow)
    for (kind, _ends), arrows in pairs.items():
        tail, head = arrows[0].tail, arrows[0].head
        start, end = layout.cards[tail.key] if tail else None, layout.cards[head.key]
        if start is None:
            continue
        both = len({arrow.head.key for arrow in arrows}) > 1
        to_right = end.x > start.x
        x1 = (start.right if to_right else start.x) + (CLEAR if both else 0) * (1 if to_right else -1)
        x2 = end.x - CLEAR if to_right else end.right + CLEAR
        y1, y2 = start.middle[1], end.middle[1]
        turn = (x1 + x2) / 2
        points = [(x1, y1), (x2, y2)] if y1 == y2 else [(x1, y1), (turn, y1), (turn, y2), (x2, y2)]
        yield Route(kind, points, both)


def _links(layout: Layout) -> Iterator[Route]:
    """One between the frames of two networks, at the height of the services; says which ports cross it."""
    for link in layout.scene.links:
        columns = sorted((layout.column(region) for region in link.ends), key=lambda column: column.place.x)
        left, right = columns[0].frame, columns[1].frame
        if left is None or right is None:
            continue
        crossing = {
            port
            for arrow in layout.scene.arrows
            if arrow.tail and arrow.tail.layer != "names" and {arrow.tail.region, arrow.head.region} == set(link.ends)
            for port in arrow.ports
        }
        tops = [band.y for band in columns[1].bands.values()] or [right.y]
        y = max(min(tops), left.y) + 64
        middle = (columns[0].place.right + BETWEEN / 2, y)
        words = "\n".join(filter(None, [link.says, _told(crossing)]))
        yield Route("link", [(left.right, y), (right.x, y)], label=words, label_at=middle)


# To and from what carries events


def _events(layout: Layout) -> Iterator[Route]:
    """Around the network, from the row of those who send and receive to what carries events."""
    found: dict[tuple[object, tuple[str, str]], list[Arrow]] = defaultdict(list)
    for arrow in layout.scene.arrows:
        tail, head = arrow.tail, arrow.head
        if arrow.kind == "events" and tail and tail.region == head.region:
            bus, other = (head, tail) if head.layer == "events" else (tail, head)
            found[_group(other), bus.key].append(arrow)
    for arrows in found.values():
        heads = {arrow.head.layer == "events" for arrow in arrows}
        tail, head = arrows[0].tail, arrows[0].head
        if tail is None:
            continue
        bus, other = (head, tail) if head.layer == "events" else (tail, head)
        yield _around(layout, other, bus, to_bus=True in heads, from_bus=False in heads)


def _copies(layout: Layout) -> Iterator[Route]:
    """Copies inside a region, on the other side of the network than events."""
    for arrow in layout.scene.arrows:
        tail, head = arrow.tail, arrow.head
        if tail is None or arrow.kind != "replication" or tail.region != head.region:
            continue
        start, end, place = layout.cards[tail.key], layout.cards[head.key], layout.column(head.region).place
        right = not _events_at_right(layout, head)
        x, x1 = (place.right - SIDE / 2, start.right) if right else (place.x + SIDE / 2, start.x)
        y, over = start.bottom - 9, end.y - STEP / 2
        if not right and end.x == layout.column(head.region).inner.x:
            yield Route(arrow.kind, [(x1, y), (x, y), (x, end.middle[1]), (end.x - CLEAR, end.middle[1])])
            continue
        yield Route(arrow.kind, [(x1, y), (x, y), (x, over), (end.middle[0], over), (end.middle[0], end.y - CLEAR)])


def _events_at_right(layout: Layout, box: Box) -> bool:
    """Whether ways around the network of a box pass at its right: only where no other column follows."""
    return len(layout.columns) > 1 and layout.columns[-1].region == box.region


def _around(layout: Layout, other: Box, bus: Box, *, to_bus: bool, from_bus: bool) -> Route:
    column = layout.column(bus.region)
    start, end = layout.band(other) or layout.cards[other.key], layout.cards[bus.key]
    last = _events_at_right(layout, bus)
    x = column.place.right - SIDE / 2 if last else column.place.x + SIDE / 2
    y1, y2 = start.bottom - 24, end.middle[1]
    x1 = start.right if last else start.x
    x2 = end.right if last else end.x
    away = CLEAR if last else -CLEAR
    points = [(x1 + (away if from_bus else 0), y1), (x, y1), (x, y2), (x2 + away, y2)]
    return Route("events", points if to_bus else points[::-1], both=to_bus and from_bus)
