"""What makes a drawn page tidy: no text, card or line covers another."""

import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

from sandbox.picture import Scene, draw
from sandbox.picture.canvas import Point, Rect
from sandbox.picture.layout import Layout
from sandbox.picture.routes import routes
from sandbox.picture.text import width

SVG = "{http://www.w3.org/2000/svg}"


def page(found: Scene) -> ET.Element:
    return ET.fromstring(draw(found))  # noqa: S314 - written by this program


def texts(drawn: ET.Element) -> dict[str, Rect]:
    """Where each text stands, measured as wide as it may be."""
    placed: dict[str, Rect] = {}
    for number, item in enumerate(drawn.iter(f"{SVG}text")):
        size, said = float(item.attrib["font-size"]), item.text or ""
        wide = width(said, size, bold="font-weight" in item.attrib)
        shift = {"start": 0.0, "middle": wide / 2, "end": wide}[item.attrib.get("text-anchor", "start")]
        x, y = float(item.attrib["x"]) - shift, float(item.attrib["y"])
        placed[f"{number} {said}"] = Rect(x, y - 0.75 * size, wide, 0.95 * size)
    return placed


def overlap(one: Rect, other: Rect) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def crossed(layout: Layout) -> list[str]:
    """Cards that a line passes through, other than the bars of a firewall, which it has to."""
    through = [box for box in layout.scene.boxes if box.layer not in ("guard", "names")]
    return [
        f"{route.kind} {start} {end} crosses {box.title}"
        for route in routes(layout)
        for start, end in pairwise(route.points)
        for box in through
        if overlap(_line(start, end), layout.cards[box.key].within(2, 2, 2, 2))
    ]


def struck(layout: Layout, placed: dict[str, Rect]) -> list[str]:
    """Texts that a line passes through, other than on a link, or on the bar of a firewall, which covers the line."""
    bars = [layout.cards[box.key] for box in layout.scene.boxes if box.layer == "guard"]
    return [
        f"{route.kind} {start} {end} strikes {text}"
        for route in routes(layout)
        if route.kind != "link"
        for start, end in pairwise(route.points)
        for text, rect in placed.items()
        if overlap(_line(start, end), rect) and not any(overlap(rect, bar) for bar in bars)
    ]


def _line(start: Point, end: Point) -> Rect:
    (x1, y1), (x2, y2) = start, end
    return Rect(min(x1, x2), min(y1, y2), abs(x1 - x2) + 0.1, abs(y1 - y2) + 0.1)


def untidy(found: Scene) -> list[str]:
    """Everything on the page that covers something else, or that is not on it."""
    drawn, layout = page(found), Layout(found)
    placed, edge, cards = texts(drawn), float(drawn.attrib["width"]), layout.cards
    return [
        *(f"{a} covers {b}" for a, b in combinations(placed, 2) if overlap(placed[a], placed[b])),
        *(f"{text} leaves the page" for text, rect in placed.items() if rect.x < 0 or rect.right > edge),
        *(f"{a} covers {b}" for a, b in combinations(cards, 2) if overlap(cards[a], cards[b])),
        *(f"{box.title} has no place" for box in found.boxes if box.key not in cards),
        *crossed(layout),
        *struck(layout, placed),
    ]
