"""Where everything stands on the page: regions as columns, layers as rows that run through all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from sandbox.picture import cards
from sandbox.picture.canvas import Rect
from sandbox.picture.scene import Box, Network, Region, Scene, Tier

MARGIN: Final = 24
BETWEEN: Final = 76
"""Room between two columns, for what joins them."""
WIDE, NEAR, FAR = 596, 260, 344
"""Widths of the primary region, of others of its cloud, and of those of other clouds."""
SIDE: Final = 24
"""Room at both sides of a column, for ways around its network."""
INSET: Final = 12
GAP: Final = 38
"""Room between two rows, for a way with its label."""
TIGHT: Final = 8
STEP: Final = 24
"""Room between two lines of cards, for short ways."""
CELL: Final = 140
"""The least width of a card."""
TOP: Final = Rect(MARGIN, 78, 0, 56)
COLUMNS_Y: Final = 178
COLUMN_HEAD, FRAME_HEAD, BAND_HEAD = 60, 32, 28
GUARD, ROW, MINOR, FIXTURES = 30, 46, 19, 20
ROWS: Final = ("data", "events", "beside")
"""Layers in which what stands in several regions takes a row of its own, level in all of them."""
RANKS: Final = {"beside": 1, "edge": 0, "data": 2, "services": 1}
"""The row of subnets by what stands in them; of several, the last one here decides."""
LOOSE: Final = ("services", "data", "beside")
"""Layers that are drawn below the networks as far as they are in none."""


@dataclass
class Column:
    """A region on the page."""

    region: Region
    place: Rect
    frame: Rect | None = None
    """Its network."""
    bands: dict[Tier, Rect] = field(default_factory=dict[Tier, Rect])
    """The subnets that hold cards, or that stand beside such ones of another region."""
    minor: list[tuple[Tier, float]] = field(default_factory=list[tuple[Tier, float]])
    """The other subnets, each with its base line."""

    @property
    def inner(self) -> Rect:
        """Without the room at its sides."""
        return self.place.within(SIDE, COLUMN_HEAD, SIDE, 0)


class Layout:
    """Places a scene. Rows of one layer stand at the same height in every column, so that what joins them is level."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.columns = self._columns()
        self.width = self.columns[-1].place.right + MARGIN
        self.internet = Rect(MARGIN, TOP.y, 150, TOP.height)
        self.cards: dict[tuple[str, str], Rect] = {}
        """The place of each box."""
        self._ranks = self._ranks_of_tiers()
        self._rows = self._shared_rows()
        outside = COLUMNS_Y + COLUMN_HEAD + self._guards()
        under = self._networks(self._edges(outside))
        self.bottom = self._beside(self._events(under)) + SIDE
        for column in self.columns:
            column.place = Rect(column.place.x, COLUMNS_Y, column.place.width, self.bottom - COLUMNS_Y)
        self._names()

    def column(self, region: Region) -> Column:
        """The column of a region."""
        return next(column for column in self.columns if column.region == region)

    def band(self, box: Box) -> Rect | None:
        """The subnets that a box stands in."""
        return self.column(box.region).bands.get(box.tier) if box.tier else None

    def _columns(self) -> list[Column]:
        found: list[Column] = []
        x = float(MARGIN)
        for region in self.scene.regions:
            near = NEAR if region.package == self.scene.primary.package else FAR
            wide = WIDE if region == self.scene.primary else near
            found.append(Column(region, Rect(x, COLUMNS_Y, wide, 0)))
            x += wide + BETWEEN
        return found

    def _names(self) -> None:
        boxes = [box for box in self.scene.boxes if box.layer == "names"]
        x, room = MARGIN + 190, self.width - 2 * MARGIN - 190
        for number, box in enumerate(boxes):
            each = (room - TIGHT * (len(boxes) - 1)) / len(boxes)
            self.cards[box.key] = Rect(x + number * (each + TIGHT), TOP.y, each, TOP.height)

    # Rows

    def _ranks_of_tiers(self) -> dict[tuple[str, str], int]:
        """The row of each role of a cloud's subnets, by what stands in them somewhere."""
        found: dict[tuple[str, str], int] = {}
        for layer, rank in RANKS.items():
            for box in self.scene.boxes:
                if box.tier and box.layer == layer:
                    found[box.region.package, box.tier.role] = rank
        return found

    def _shared_rows(self) -> dict[str, list[str]]:
        """The cards that stand in several regions, by layer: each takes the same row in all of them."""
        found: dict[str, list[str]] = {}
        for layer in ROWS:
            layers = LOOSE if layer == "beside" else (layer,)
            titles = [
                box.title
                for box in self.scene.boxes
                if box.layer in layers and (layer == "events" or (box.tier is None) == (layer == "beside"))
            ]
            found[layer] = sorted(
                {title for title in titles if titles.count(title) > 1}, key=lambda title: (-titles.count(title), title)
            )
        return found

    def _guards(self) -> float:
        boxes = [box for box in self.scene.boxes if box.layer == "guard"]
        for box in boxes:
            inner = self.column(box.region).inner
            self.cards[box.key] = Rect(inner.x, inner.y, inner.width, GUARD)
        return GUARD + GAP - 8 if boxes else 0

    def _edges(self, y: float) -> dict[Region, float]:
        """The lower end of what takes requests outside of networks, by region."""
        found: dict[Region, float] = {}
        for column in self.columns:
            boxes = [box for box in self.scene.boxes_of(column.region, "edge") if box.tier is None]
            # A way from the top ends in the first line, where the cards at the right lead no further down.
            boxes.sort(key=lambda box: not self.scene.asked_from_the_top(box))
            found[column.region] = self._grid(boxes, column.inner, y, last_at_right=True) + GAP if boxes else y
        return found

    def _networks(self, above: dict[Region, float]) -> float:
        """The networks; the frame of each begins with the first row that it has subnets in."""
        homes = {c.region: home for c in self.columns if (home := self.scene.network_of(c.region))}
        ranks = {region: self._ranked(home) for region, home in homes.items()}
        first = {region: min(found, default=None) for region, found in ranks.items()}
        y = 0.0
        for rank in sorted({rank for found in ranks.values() for rank in found}):
            begins = [above[region] + FRAME_HEAD for region in homes if first[region] == rank]
            top = max([y, *begins])
            ends = [self._bands(self.column(region), found.get(rank, []), top) for region, found in ranks.items()]
            y = self._stretched(max(ends), top) + GAP
        under = y - GAP + INSET if y else max(above.values())
        return self._frames(homes, above, ranks, under)

    def _ranked(self, home: Network) -> dict[int, list[Tier]]:
        found: dict[int, list[Tier]] = {}
        for tier in home.tiers:
            rank = self._ranks.get((home.region.package, tier.role))
            if rank is not None:
                found.setdefault(rank, []).append(tier)
        return found

    def _bands(self, column: Column, tiers: Sequence[Tier], top: float) -> float:
        """The subnets of one row, one below the other; returns where they end."""
        y = top
        for tier in tiers:
            place = column.inner.within(INSET, 0, INSET, 0)
            inner = Rect(place.x + INSET, y + BAND_HEAD, place.width - 2 * INSET, 0)
            bottom = self._lines(tier, column.region, inner)
            stored = [box for box in self.scene.boxes_of(column.region, "data") if box.tier is tier]
            bottom = self._whole_rows("data", stored, inner, bottom)
            bottom += FIXTURES if tier.fixtures else INSET
            column.bands[tier] = Rect(place.x, y, place.width, bottom - y)
            y = bottom + TIGHT
        return y - TIGHT if tiers else top

    def _lines(self, tier: Tier, region: Region, inner: Rect) -> float:
        """What answers requests in some subnets, below each other in the order in which they ask."""
        boxes = [box for box in self.scene.boxes_of(region, "edge", "services", "beside") if box.tier is tier]
        bottom = inner.y
        for number, line in enumerate(self.scene.lines_of(boxes) if boxes else []):
            y = bottom + (STEP if number else 0)
            bars = [box for box in line if box.layer == "edge"]
            bottom = self._grid(bars, inner, y, across=len(bars))
            bottom = self._grid([box for box in line if box.layer != "edge"], inner, bottom + TIGHT * bool(bars))
        return bottom

    def _stretched(self, bottom: float, top: float) -> float:
        """Lets the last band of each column in the row that begins at `top` reach the end of the row."""
        for column in self.columns:
            own = [(tier, rect) for tier, rect in column.bands.items() if rect.y >= top]
            for tier, rect in own[-1:]:
                column.bands[tier] = Rect(rect.x, rect.y, rect.width, bottom - rect.y)
        return bottom

    def _frames(
        self,
        homes: dict[Region, Network],
        above: dict[Region, float],
        ranks: dict[Region, dict[int, list[Tier]]],
        under: float,
    ) -> float:
        bottom = under
        for region, home in homes.items():
            column, drawn = self.column(region), [tier for found in ranks[region].values() for tier in found]
            rest = [tier for tier in home.tiers if tier not in drawn]
            column.minor = [(tier, under + MINOR * (number + 0.7)) for number, tier in enumerate(rest)]
            bottom = max(bottom, under + MINOR * len(rest) + (INSET / 2 if rest else 0))
        for region in homes:
            column = self.column(region)
            top = min((rect.y for rect in column.bands.values()), default=above[region] + FRAME_HEAD) - FRAME_HEAD
            column.frame = Rect(column.inner.x, top, column.inner.width, bottom - top)
        return bottom

    def _events(self, y: float) -> float:
        if not any(box.layer == "events" for box in self.scene.boxes):
            return y
        return max(
            self._whole_rows("events", self.scene.boxes_of(column.region, "events"), column.inner, y + GAP)
            for column in self.columns
        )

    def _beside(self, y: float) -> float:
        """What stands in no network: first the rows that several regions share, then the rest, those led to first."""
        boxes = {c.region: [b for b in self.scene.boxes_of(c.region, *LOOSE) if b.tier is None] for c in self.columns}
        if not any(boxes.values()):
            return y
        shared = self._rows["beside"]
        top, ends = y + STEP, [y]
        for column in self.columns:
            rows = [box for box in boxes[column.region] if box.title in shared]
            self._whole_rows("beside", rows, column.inner, top)
            rest = [box for box in boxes[column.region] if box.title not in shared]
            rest.sort(key=lambda box: not self.scene.led_to(box))
            under = top + len(shared) * (ROW + TIGHT) if rows else top
            ends.append(self._grid(rest, column.inner, under) if rest else under - TIGHT)
        return max(ends)

    # Cards

    def _whole_rows(self, layer: str, boxes: Sequence[Box], inner: Rect, y: float) -> float:
        """Cards below each other, each as wide as there is room; returns where the last one ends."""
        shared = {box.key: self._rows[layer].index(box.title) for box in boxes if box.title in self._rows[layer]}
        free = (row for row in count() if row not in shared.values())
        bottom = y
        for box in boxes:
            top = y + (shared[box.key] if box.key in shared else next(free)) * (ROW + TIGHT)
            self.cards[box.key] = Rect(inner.x, top, inner.width, ROW)
            bottom = max(bottom, top + ROW)
        return bottom

    def _grid(
        self, boxes: Sequence[Box], inner: Rect, y: float, *, across: int = 0, last_at_right: bool = False
    ) -> float:
        """Cards of one size beside each other, line by line; returns where the last line ends."""
        if not boxes:
            return y
        most = max(1, int((inner.width + TIGHT) // (CELL + TIGHT)))
        across = min(most, across or most)
        while across > 1 and not all(cards.has_room(box, _cell(inner, across)) for box in boxes):
            across -= 1
        room = _cell(inner, across)
        for start in range(0, len(boxes), across):
            line = boxes[start : start + across]
            skipped = across - len(line) if last_at_right and start else 0
            high = max(cards.height(cards.lines(self.scene, box, room)) for box in line)
            for number, box in enumerate(line):
                self.cards[box.key] = Rect(inner.x + (skipped + number) * (room + TIGHT), y, room, high)
            y += high + TIGHT
        return y - TIGHT


def _cell(inner: Rect, across: int) -> float:
    return (inner.width - TIGHT * (across - 1)) / across
