"""The base of every section, and the scalars that sections share."""

import ipaddress
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema, core_schema

Item = TypeVar("Item")


class InvalidSettingError(AttributeError):
    """A check asked for a setting that has a mistake of its own."""


class Section(BaseModel):
    """Part of a stack's settings: immutable, without room for unknown keys or for values of another type.

    The string under a field is its description: editors show it, and the table of mistakes gives it as the reason.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


@dataclass(frozen=True)
class Prefix:
    """Annotates an IPv4Network: the prefix lengths that fit, from the largest network to the smallest."""

    largest: int
    smallest: int
    example: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The network's own schema, then the length."""
        text = core_schema.no_info_after_validator_function(self._network, core_schema.str_schema(strict=True))
        return core_schema.json_or_python_schema(json_schema=text, python_schema=text)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """What an editor can check while typing: an address, a slash, a length that fits."""
        lengths = "|".join(str(length) for length in range(self.largest, self.smallest + 1))
        return {
            "type": "string",
            "pattern": rf"^[0-9]{{1,3}}(\.[0-9]{{1,3}}){{3}}/({lengths})$",
            "examples": [self.example],
        }

    def _network(self, text: str) -> IPv4Network:
        try:
            network = IPv4Network(text)
        except ipaddress.NetmaskValueError as error:
            raise ValueError("the prefix length is not one of an IPv4 network") from error
        except ValueError as error:
            raise ValueError(_why_no_network(text)) from error
        if "/" not in text:
            raise ValueError("an address alone is not a network: the prefix length is missing")
        if not self.largest <= network.prefixlen <= self.smallest:
            fits = f"/{self.largest}"
            if self.smallest != self.largest:
                fits = f"from /{self.largest} to /{self.smallest}"
            raise ValueError(f"the prefix length has to be {fits}, this is a /{network.prefixlen}")
        return network


def _why_no_network(text: str) -> str:
    try:
        network = ipaddress.IPv4Interface(text).network
    except ValueError:
        return "this is not an IPv4 network in CIDR notation"
    return f"host bits are set: the network of this address is {network}"


def _without_repeats(values: tuple[Item, ...]) -> tuple[Item, ...]:
    repeated = sorted({str(value) for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"listed more than once: {', '.join(repeated)}")
    return values


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


Number = BeforeValidator(_no_truth)
"""Metadata of a choice among numbers that has 0 or 1: without it, false and true would be taken for these."""

Unique = (AfterValidator(_without_repeats), Field(json_schema_extra={"uniqueItems": True}))
"""Metadata of a list that may not repeat itself: `Annotated[tuple[X, ...], *Unique]`."""

AwsRegion = Annotated[
    str,
    Field(
        pattern=r"^(af|ap|ca|eu|il|me|mx|sa|us)-(north|south|east|west|central|northeast|southeast|northwest|southwest)-[1-9]$",
        examples=["us-east-1"],
    ),
]
AwsZone = Annotated[str, Field(pattern=r"^[a-z]{2}-[a-z]+-[1-9][a-h]$", examples=["us-east-1a"])]
GcpRegion = Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+[1-9][0-9]?$", examples=["us-central1"])]
GcpZone = Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+[1-9][0-9]?-[a-z]$", examples=["us-central1-a"])]
Label = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$", examples=["platform-engineering"])]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["01:00"])]
DailyWindow = Annotated[
    str,
    Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$",
        examples=["01:00-02:00"],
    ),
]
WeeklyWindow = Annotated[
    str,
    Field(
        pattern=r"^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]"
        r"-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$",
        examples=["sun:03:00-sun:04:00"],
    ),
]
