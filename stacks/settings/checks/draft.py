"""Settings of which some sections may be invalid, so that the others can be checked all the same."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ConfigDict

from stacks.settings.display import Location, shown, written
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings


class SectionInvalidError(Exception):
    """A check asked for a section that has mistakes of its own."""


class Draft(Settings):
    """Settings whose missing sections say so when they are asked for."""

    model_config = ConfigDict(defer_build=True)

    def __getattr__(self, name: str) -> Any:
        """Only reached for what is not there."""
        if name in Settings.model_fields:
            raise SectionInvalidError(name)
        raise AttributeError(name)


def findings(check: Callable[[Settings], Iterator[Mistake]], draft: Draft) -> list[Mistake]:
    """What a check finds until it needs a section that is not valid."""
    found: list[Mistake] = []
    try:
        for mistake in check(draft):
            found.append(mistake)
    except SectionInvalidError:
        pass
    return found


def mistake(*location: str | int, value: Any, reason: str, cure: str) -> Mistake:
    """A mistake at a place of the settings, from the value that the models hold."""
    place: Location = location
    plain = value if isinstance(value, bool | int | float | tuple | dict | None) else str(value)
    return Mistake(path=written(place), value=shown(place, plain), reason=reason, cure=cure)
