"""What stands on a card, and how much room that takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.picture.canvas import Canvas, Rect
from sandbox.picture.scene import Arrow, Box, Scene
from sandbox.picture.text import fitted, width, wrapped

PAD: Final = 10
TITLE_SIZES: Final = (13, 12, 11, 10, 9.5)
SAYS_SIZE: Final = 11
LEADS_SIZE: Final = 10
MOST_LINES: Final = 4
_FIRST, _NEXT, _LAST = 19, 15, 9


@dataclass(frozen=True)
class Line:
    """One line of a card."""

    text: str
    style: str
    size: float
    bold: bool = False


def lines(scene: Scene, box: Box, room: float) -> list[Line]:
    """The lines of a card that is so wide: its name, what it is, and where it leads."""
    inner = room - 2 * PAD
    title, size = fitted(box.title, inner, TITLE_SIZES, bold=True)
    says, leads = " · ".join([box.says, *box.parts]), _leads(scene, box)
    if width(f"{says}  {leads}", SAYS_SIZE) <= inner:
        said, led = [Line(f"{says}  {leads}".rstrip(), "plain", SAYS_SIZE)], []
    else:
        said = [Line(text, "plain", SAYS_SIZE) for text in _wrapped(says, inner, SAYS_SIZE)]
        led = [Line(text, "faint", LEADS_SIZE) for text in _wrapped(leads, inner, LEADS_SIZE)]
    return [Line(title, "strong", size, bold=True), *said, *led]


def has_room(box: Box, room: float) -> bool:
    """Whether a card so wide can show its whole name."""
    return width(box.title, TITLE_SIZES[-1], bold=True) <= room - 2 * PAD


def height(card: Sequence[Line]) -> float:
    """How high a card of these lines is."""
    return _FIRST + _NEXT * (len(card) - 1) + _LAST


def draw_card(canvas: Canvas, place: Rect, box: Box, card: Sequence[Line]) -> None:
    """The card at its place; the lines stand in the middle of a place that is higher than they need."""
    canvas.rect(place, box.layer, tip=f"{box.title}: {', '.join([box.says, *box.parts])} ({box.region.name})")
    y = place.y + (place.height - height(card)) / 2 + _FIRST
    for line in card:
        canvas.text((place.x + PAD, y), line.text, line.style, line.size, bold=line.bold)
        y += _NEXT


def leading(scene: Scene, box: Box) -> list[Arrow]:
    """The requests that begin at a box."""
    return [arrow for arrow in scene.arrows if arrow.tail is box and arrow.kind == "requests"]


def _leads(scene: Scene, box: Box) -> str:
    """The names of what a box asks in its own region, and then over the link."""
    if box.layer not in ("edge", "services"):
        return ""
    near = [arrow.head.title for arrow in leading(scene, box) if arrow.head.region == box.region]
    far = [arrow.head.title for arrow in leading(scene, box) if arrow.head.region != box.region]
    told = [", ".join(dict.fromkeys(near))] if near else []
    told += [f"across: {', '.join(dict.fromkeys(far))}"] if far else []
    return f"→ {'; '.join(told)}" if told else ""


def _wrapped(text: str, room: float, size: float) -> list[str]:
    """As few lines as there are words for; what finds no room in the last one is cut."""
    found = wrapped(text.split(), room, size, between=" ") if text else []
    kept = found[:MOST_LINES]
    if len(found) > MOST_LINES:
        kept[-1] = f"{kept[-1]} …"
    return [fitted(line, room, (size, size - 1))[0] for line in kept]
