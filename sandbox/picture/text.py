"""How wide text is, without a font: never less than what a reader's machine will make of it."""

from collections.abc import Sequence
from typing import Final

# Hundredths of the font's size by character, of DejaVu Sans: wider than what browsers on other systems take.
_WIDTHS: Final = {
    char: width
    for width, chars in {
        28: "'ijlIJ",
        34: " ,.·/:;\\|",
        40: "f-()[]t!r",
        50: '"*_`sz?c–',  # noqa: RUF001 - the dash of ranges
        60: "LFkvxyPTYao",
        64: "eESbdghnpqu$0123456789{}",
        70: "KAVBRXZC",
        79: "UHNDG&OQw",
    }.items()
    for char in chars
}
_WIDEST: Final = 100
_BOLD: Final = 1.1


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in pixels."""
    return sum(_WIDTHS.get(char, _WIDEST) for char in text) * size / 100 * (_BOLD if bold else 1)


def fitted(text: str, room: float, sizes: Sequence[float], *, bold: bool = False) -> tuple[str, float]:
    """The text in the largest of the sizes that fits; in the smallest, cut at its end, when none does."""
    for size in sizes:
        if width(text, size, bold=bold) <= room:
            return text, size
    short = text
    while short and width(f"{short}…", sizes[-1], bold=bold) > room:
        short = short[:-1]
    return f"{short.rstrip()}…", sizes[-1]


def wrapped(words: Sequence[str], room: float, size: float, *, between: str = ", ") -> list[str]:
    """The words in lines that fit; a word is never broken."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}{between}{word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            if lines:
                lines[-1] += between.rstrip()
            lines.append(word)
    return lines
