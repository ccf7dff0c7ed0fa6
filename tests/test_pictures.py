"""The pictures of the environments: all of them can be drawn, and the one that the README shows is current."""

from functools import cache
from pathlib import Path

from sandbox.picture import Scene, Words, draw, read
from tests.environments import ROOT, recorded
from tests.sandbox.pages import untidy

WORDS = ROOT / "docs" / "picture.toml"
SHOWN = Path("docs/production.svg")


@cache
def scene(environment: str) -> Scene:
    return read(recorded(environment), Words.read(WORDS))


def test_nothing_in_the_picture_of_an_environment_covers_anything_else(environment: str) -> None:
    assert untidy(scene(environment)) == []


def test_every_service_database_and_entrance_leads_somewhere_or_is_led_to(environment: str) -> None:
    found = scene(environment)
    ends = {box.title for arrow in found.arrows for box in (arrow.tail, arrow.head) if box}
    loose = {box.title for box in found.boxes if box.layer in ("edge", "data", "events") and box.title not in ends}
    assert loose == set(), "a way is missing in docs/picture.toml, or in the network"


def test_the_readme_shows_production_as_it_is() -> None:
    assert f"({SHOWN})" in (ROOT / "README.md").read_text(encoding="utf-8")
    current = draw(scene("production"))
    assert (ROOT / SHOWN).read_text(encoding="utf-8") == current, "run: make picture STACK=production"
