"""SVG in its smallest words: boxes, texts, lines, and the colours for light and dark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from sandbox.picture.words import Kind

FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
LineKind = Kind | Literal["link"]

# Class to declarations, by day and by night.
_FILLS: Final[Mapping[str, tuple[str, str]]] = {
    "page": ("fill:#ffffff", "fill:#0d1117"),
    "column": ("fill:#f6f7f9;stroke:#d5d9e0", "fill:#141a23;stroke:#303a48"),
    "frame": ("fill:#ffffff;stroke:#aeb6c2", "fill:#0f141c;stroke:#465266"),
    "band": ("fill:#f3f5f8", "fill:#19212c"),
    "names": ("fill:#eef3fb;stroke:#9fb9de", "fill:#16233a;stroke:#3d5f92"),
    "guard": ("fill:#fbf3ea;stroke:#dfc19a", "fill:#2b2115;stroke:#7a5c30"),
    "edge": ("fill:#eef3fb;stroke:#9fb9de", "fill:#16233a;stroke:#3d5f92"),
    "services": ("fill:#ffffff;stroke:#b9c0cb", "fill:#222b38;stroke:#4b586b"),
    "data": ("fill:#edf6f0;stroke:#9cc7ab", "fill:#14281c;stroke:#3c6e4e"),
    "events": ("fill:#f4effa;stroke:#bda8dc", "fill:#231b33;stroke:#66528c"),
    "beside": ("fill:#ffffff;stroke:#c8ced7", "fill:#1a212c;stroke:#3c4757"),
    "label": ("fill:#ffffff", "fill:#0d1117"),
    "strong": ("fill:#1c2430", "fill:#e8edf4"),
    "plain": ("fill:#465264", "fill:#b4bfcd"),
    "faint": ("fill:#6a7687", "fill:#8b97a8"),
}
_LINES: Final[Mapping[LineKind, tuple[str, str, str]]] = {
    "requests": ("#2f66ad", "#78a9ee", ""),
    "failover": ("#b26a0c", "#e2a24b", "stroke-dasharray:6 4"),
    "replication": ("#2c7d4b", "#62bd86", "stroke-dasharray:2 3"),
    "events": ("#7a52b3", "#b394e6", ""),
    "link": ("#7b8696", "#8b97a8", "stroke-width:5"),
}


@dataclass(frozen=True)
class Rect:
    """A rectangle of the page, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def within(self, left: float, top: float, right: float, bottom: float) -> "Rect":
        """What is left of it inside these margins."""
        return Rect(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)


class Canvas:
    """Collects the elements of a picture; what is drawn later lies above."""

    def __init__(self) -> None:
        self._elements: list[str] = []

    def rect(self, place: Rect, style: str, *, radius: float = 6, tip: str = "") -> None:
        """A box; `tip` is shown to whoever points at it."""
        inner = f"<title>{escape(tip)}</title>" if tip else ""
        size = f'x="{_n(place.x)}" y="{_n(place.y)}" width="{_n(place.width)}" height="{_n(place.height)}"'
        self._elements.append(f'<rect class="{style}" {size} rx="{_n(radius)}">{inner}</rect>')

    def text(
        self, at: Point, text: str, style: str, size: float, *, bold: bool = False, anchor: Anchor = "start"
    ) -> None:
        """One line of text, `at` being the end of its base line that the anchor says."""
        weight = ' font-weight="600"' if bold else ""
        side = "" if anchor == "start" else f' text-anchor="{anchor}"'
        where = f'x="{_n(at[0])}" y="{_n(at[1])}" font-size="{_n(size)}"'
        self._elements.append(f'<text class="{style}" {where}{weight}{side}>{escape(text)}</text>')

    def line(self, points: Sequence[Point], kind: LineKind, *, start: bool = False, end: bool = True) -> None:
        """A line with round corners through these points, with a head at its ends."""
        heads = f' marker-start="url(#{kind})"' if start else ""
        heads += f' marker-end="url(#{kind})"' if end else ""
        self._elements.append(f'<path class="way {kind}-way" d="{_path(points)}"{heads}/>')

    def svg(self, width: float, height: float, title: str, description: str) -> str:
        """The whole document."""
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" '
                f'height="{_n(height)}" font-family="{escape(FONT)}" role="img" aria-labelledby="title description">',
                f'<title id="title">{escape(title)}</title>',
                f'<desc id="description">{escape(description)}</desc>',
                f"<style>\n{_style()}\n</style>",
                f"<defs>\n{_heads()}\n</defs>",
                *self._elements,
                "</svg>",
                "",
            ]
        )


def _style() -> str:
    fills = list(_FILLS.items())
    day = [f".{name}{{{by_day}}}" for name, (by_day, _) in fills]
    night = [f".{name}{{{by_night}}}" for name, (_, by_night) in fills]
    day.append(".way{fill:none;stroke-width:1.6;stroke-linejoin:round}")
    for kind, (by_day, by_night, rest) in _LINES.items():
        day.append(f".{kind}-way{{stroke:{by_day};{rest}}} .{kind}-head{{fill:{by_day}}}")
        night.append(f".{kind}-way{{stroke:{by_night}}} .{kind}-head{{fill:{by_night}}}")
    return "\n".join([*day, "@media (prefers-color-scheme: dark) {", *night, "}"])


def _heads() -> str:
    shape = '<path class="{0}-head" d="M0 0 8 4 0 8z"/>'
    size = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse"'
    return "\n".join(
        f'<marker id="{kind}" {size} orient="auto-start-reverse">{shape.format(kind)}</marker>'
        for kind in _LINES
        if kind != "link"
    )


def _path(points: Sequence[Point]) -> str:
    """Straight pieces, the corners between them rounded."""
    steps = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        near, far = _towards(corner, before), _towards(corner, after)
        steps.append(f"L{_n(near[0])} {_n(near[1])}Q{_n(corner[0])} {_n(corner[1])} {_n(far[0])} {_n(far[1])}")
    return "".join([*steps, f"L{_n(points[-1][0])} {_n(points[-1][1])}"])


def _towards(corner: Point, other: Point, most: float = 6) -> Point:
    along, down = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(along), abs(down)) or 1
    step = min(most, length / 2) / length
    return corner[0] + along * step, corner[1] + down * step


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
