"""Draws a scene: the page, its columns and cards, then the ways over them."""

from collections.abc import Sequence
from typing import Final

from sandbox.picture import cards
from sandbox.picture.canvas import Canvas, Rect
from sandbox.picture.layout import BAND_HEAD, INSET, MARGIN, SIDE, TOP, Column, Layout
from sandbox.picture.routes import RIGHT_OF_WORDS, Route, routes
from sandbox.picture.scene import Aside, Box, Scene, Tier
from sandbox.picture.text import fitted, width, wrapped
from sandbox.picture.words import Kind

SMALL: Final = (10.5, 10, 9.5)
ROLE: Final = 11.5
LEGEND: Final[dict[Kind, str]] = {
    "requests": "requests",
    "failover": "requests after a failure",
    "replication": "copies of data",
    "events": "events",
}


def draw(scene: Scene) -> str:
    """The scene as an SVG document, the same for the same scene."""
    layout, canvas = Layout(scene), Canvas()
    found = routes(layout)
    foot = _foot(scene, layout)
    height = layout.bottom + foot + MARGIN
    canvas.rect(Rect(0, 0, layout.width, height), "page", radius=0)
    canvas.text((MARGIN, 46), scene.title, "strong", 22, bold=True)
    _internet(canvas, layout)
    for column in layout.columns:
        _column(canvas, layout, column)
    for route in found:
        canvas.line(route.points, route.kind, start=route.both, end=route.kind != "link")
    for box in scene.boxes:
        _box(canvas, layout, box)
    for route in found:
        _label(canvas, route)
    _legend(canvas, layout, {route.kind for route in found})
    _asides(canvas, layout, layout.bottom + 62)
    return canvas.svg(layout.width, height, scene.title, _description(scene))


def _internet(canvas: Canvas, layout: Layout) -> None:
    place = layout.internet
    canvas.rect(place, "frame", radius=TOP.height / 2)
    canvas.text((place.middle[0], place.middle[1] + 4.5), "Internet", "strong", 14, bold=True, anchor="middle")


def _column(canvas: Canvas, layout: Layout, column: Column) -> None:
    place, home = column.place, layout.scene.network_of(column.region)
    canvas.rect(place, "column", radius=12)
    canvas.text((place.x + SIDE, place.y + 27), column.region.cloud, "strong", 15, bold=True)
    canvas.text((place.x + SIDE, place.y + 46), column.region.name, "plain", 12.5)
    if column.frame is None or home is None:
        return
    canvas.rect(column.frame, "frame", radius=9)
    at = column.frame.x + INSET, column.frame.y + 21
    name, size = fitted(home.name, column.frame.width - 2 * INSET, (12.5, 11.5, 10.5, 9.5), bold=True)
    canvas.text(at, name, "strong", size, bold=True)
    after = at[0] + width(name, size, bold=True) + INSET
    # At the right of a network enter the ways from above.
    if home.cidr and after + width(home.cidr, SMALL[0]) <= column.frame.x + column.frame.width * RIGHT_OF_WORDS:
        canvas.text((after, at[1]), home.cidr, "faint", SMALL[0])
    roles = max((width(tier.role, ROLE, bold=True) for tier in home.tiers), default=0)
    for tier, band in column.bands.items():
        canvas.rect(band, "band")
        _tier(canvas, tier, Rect(band.x + INSET, band.y, band.width - 2 * INSET, BAND_HEAD), roles, bold=True)
        fixtures, size = fitted(", ".join(tier.fixtures), band.width - 2 * INSET, SMALL)
        canvas.text((band.x + INSET, band.bottom - 7), fixtures, "faint", size)
    for tier, y in column.minor:
        place = Rect(column.frame.x + 2 * INSET, y - BAND_HEAD + 10, column.frame.width - 4 * INSET, BAND_HEAD)
        _tier(canvas, tier, place, roles, bold=False)


def _tier(canvas: Canvas, tier: Tier, place: Rect, roles: float, *, bold: bool) -> None:
    """The head of some subnets: what they are for, then their addresses, in line with those above and below."""
    y = place.bottom - 10
    canvas.text((place.x, y), tier.role, "plain", ROLE, bold=bold)
    fixtures = "" if bold else " · ".join(["", *tier.fixtures])
    for begin in (roles, width(tier.role, ROLE, bold=bold)):
        room = place.width - begin - INSET
        text = next((text for text in _ranges(tier, fixtures) if width(text, SMALL[0]) <= room), None)
        if text:
            canvas.text((place.x + begin + INSET, y), text, "faint", SMALL[0])
            return


def _ranges(tier: Tier, fixtures: str) -> list[str]:
    """Zones with their addresses and what else is there, then with less and less of it."""
    full = " · ".join(" ".join(filter(None, pair)) for pair in tier.ranges)
    short = " ".join(zone or cidr for zone, cidr in tier.ranges)
    return [full + fixtures, full, short + fixtures, short]


def _box(canvas: Canvas, layout: Layout, box: Box) -> None:
    place = layout.cards[box.key]
    if box.layer == "names":
        _names(canvas, place, box)
    elif box.layer == "guard":
        canvas.rect(place, box.layer)
        text, size = fitted(" · ".join([box.title, *(box.parts or [box.says])]), place.width - 20, (11.5, 10.5, 9.5))
        canvas.text((place.middle[0], place.middle[1] + 4), text, "plain", size, anchor="middle")
    else:
        cards.draw_card(canvas, place, box, cards.lines(layout.scene, box, place.width))


def _names(canvas: Canvas, place: Rect, box: Box) -> None:
    canvas.rect(place, box.layer, radius=9)
    domain = _common_domain(box.names)
    labels = " · ".join(name.removesuffix(f".{domain}") for name in box.names)
    room = place.width - 28 - width(domain, 13)
    text, size = fitted(labels, room, (14, 13, 12, 11), bold=True)
    canvas.text((place.x + 14, place.y + 24), text, "strong", size, bold=True)
    canvas.text((place.x + 22 + width(text, size, bold=True), place.y + 24), domain, "plain", 13)
    says, size = fitted(box.says, place.width - 28, (11.5, 10.5, 9.5))
    canvas.text((place.x + 14, place.y + 42), says, "plain", size)


def _common_domain(names: Sequence[str]) -> str:
    """What all names end with after their first label; empty where they differ."""
    ends = {name.partition(".")[2] for name in names}
    return ends.pop() if len(ends) == 1 else ""


def _label(canvas: Canvas, route: Route) -> None:
    """Beside a line that goes down; on a link."""
    if not route.label or route.label_at is None:
        return
    (x, y), lines = route.label_at, route.label.split("\n")
    if route.kind != "link":
        canvas.text((x + 7, y + 3.5), route.label, "plain", 10)
        return
    wide = max(width(line, 10) for line in lines) + 12
    high = 13 * len(lines) + 4
    canvas.rect(Rect(x - wide / 2, y - high / 2, wide, high), "label", radius=4)
    for number, line in enumerate(lines):
        canvas.text((x, y - high / 2 + 12 + 13 * number), line, "plain", 10, anchor="middle")


def _legend(canvas: Canvas, layout: Layout, kinds: set[str]) -> None:
    x, y = float(MARGIN), layout.bottom + 28
    for kind, word in LEGEND.items():
        if kind in kinds:
            canvas.line([(x, y), (x + 34, y)], kind)
            canvas.text((x + 42, y + 4), word, "plain", 11.5)
            x += 42 + width(word, 11.5) + 30
    if "link" in kinds:
        canvas.line([(x, y), (x + 34, y)], "link", end=False)
        canvas.text((x + 42, y + 4), "link between the networks", "plain", 11.5)


def _foot(scene: Scene, layout: Layout) -> float:
    """The height of what stands below the columns."""
    lines = [len(_lines(aside, layout)) for aside in scene.asides]
    return 62 + 14 * max(lines, default=0)


def _aside_room(layout: Layout) -> float:
    return (layout.width - 2 * MARGIN) / max(1, len(layout.scene.asides)) - 24


def _lines(aside: Aside, layout: Layout) -> list[str]:
    return wrapped(aside.names, _aside_room(layout), 11)


def _asides(canvas: Canvas, layout: Layout, y: float) -> None:
    for number, aside in enumerate(layout.scene.asides):
        x = MARGIN + number * (_aside_room(layout) + 24)
        canvas.text((x, y), aside.heading, "strong", 11.5, bold=True)
        for row, line in enumerate(_lines(aside, layout)):
            canvas.text((x, y + 16 + 14 * row), line, "plain", 11)


def _description(scene: Scene) -> str:
    """The picture in words, for who cannot see it."""
    where = [f"{region.cloud} {region.name}" for region in scene.regions]
    ways = [
        f"{arrow.tail.title if arrow.tail else 'the internet'} to {arrow.head.title} in {arrow.head.region.name}"
        f" ({arrow.kind})"
        for arrow in scene.arrows
    ]
    return f"Regions: {', '.join(where)}. Ways: {'; '.join(ways)}."
