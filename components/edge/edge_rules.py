"""What the firewalls at the edge look for, in words that both clouds can be told in."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Literal
from zlib import crc32

Mode = Literal["count", "enforce"]
Side = Literal["listed", "others"]
Threat = Literal["common", "known_bad_inputs", "sql_injection", "ip_reputation", "anonymous_ip"]

INSPECTED_BYTES = 8192
"""How much of a body both firewalls look into; what lies beyond passes unseen."""
SLOTS, SLOT_SIZE, BAND_SIZE = 5_000, 20, 100_000
"""A rule has a slot of its own in the band of its kind; Cloud Armor may need several rules for one of ours."""
ADDRESSES_A_RULE = 10
"""What one rule of Cloud Armor takes when it looks at nothing but the address."""
CONDITIONS_A_RULE = 5
"""What one expression of Cloud Armor holds."""
WINDOWS = (60, 120, 300, 600)
"""Seconds over which both firewalls can count requests."""


@dataclass(frozen=True, kw_only=True)
class EdgeRule:
    """What every rule has; the kinds below say what it looks for."""

    key: str
    """Its name, which also decides its number: changing it makes another rule."""
    mode: Mode
    """`count` writes down what would have been refused; a new rule begins with it."""
    paths: Sequence[str] = ()
    """Paths that it looks at, with what lies below them; none means all."""
    except_paths: Sequence[str] = ()
    """Paths that it leaves alone, with what lies below them, such as the one that health checkers ask."""

    def __post_init__(self) -> None:
        """Raise ValueError for a key or a path that one of the clouds would refuse or read in another way."""
        if re.fullmatch(r"[a-z][a-z0-9-]{1,39}", self.key) is None:
            raise ValueError(f"rule key {self.key!r} is 2 to 40 small letters, digits and hyphens")
        for path in (*self.paths, *self.except_paths):
            if re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+", path) is None:
                raise ValueError(
                    f"path {path!r} of rule {self.key} is written like `/api/login`, without `/` at its end"
                )


@dataclass(frozen=True, kw_only=True)
class AddressList(EdgeRule):
    """Addresses that are refused, or that alone are let in."""

    addresses: Sequence[IPv4Network | IPv6Network]
    """The list."""
    refuses: Side
    """`listed` refuses who is on it, `others` everybody else."""

    def __post_init__(self) -> None:
        """Raise ValueError for a list that is empty or that Cloud Armor has no room for."""
        super().__post_init__()
        if not self.addresses:
            raise ValueError(f"rule {self.key} lists no addresses")
        conditions = len(self.addresses) + bool(self.paths) + bool(self.except_paths)
        if not self.plain and conditions > CONDITIONS_A_RULE:
            raise ValueError(f"rule {self.key} has {conditions} conditions; an expression of Cloud Armor holds five")
        if len(self.addresses) > ADDRESSES_A_RULE * SLOT_SIZE:
            raise ValueError(
                f"rule {self.key} lists more than {ADDRESSES_A_RULE * SLOT_SIZE} addresses; make two of it"
            )

    @property
    def plain(self) -> bool:
        """Whether nothing but the address matters."""
        return self.refuses == "listed" and not self.paths and not self.except_paths


@dataclass(frozen=True, kw_only=True)
class GeoList(EdgeRule):
    """Countries that are refused, or that alone are let in."""

    countries: Sequence[str]
    """Two letters each, in capitals: `US`. Route 53's health checkers ask from their own countries."""
    refuses: Side
    """`listed` refuses who comes from them, `others` everybody else."""

    def __post_init__(self) -> None:
        """Raise ValueError for a list that is empty or holds what is no country."""
        super().__post_init__()
        if not self.countries or not all(re.fullmatch("[A-Z]{2}", each) for each in self.countries):
            raise ValueError(f"rule {self.key} names its countries by two capital letters, such as `US`")


@dataclass(frozen=True, kw_only=True)
class BodySize(EdgeRule):
    """Bodies longer than the firewalls look into; `except_paths` are the uploads."""


@dataclass(frozen=True, kw_only=True)
class ManagedGroup(EdgeRule):
    """Patterns of attacks that the clouds keep up to date."""

    threat: Threat
    """What they are patterns of; the two kinds of addresses are known to AWS only."""
    aws_counted: Sequence[str] = ()
    """Rules of the AWS group that only count, because they refuse what the application needs."""
    gcp_opted_out: Sequence[str] = ()
    """Signatures of Google's rules that are left out for the same reason: `owasp-crs-v030301-id942350-sqli`."""


@dataclass(frozen=True, kw_only=True)
class RateLimit(EdgeRule):
    """Requests of one address within a time.

    AWS counts a request for every limit that it matches, Google only for the one with the deepest path: give a deeper
    path the smaller number.
    """

    requests: int
    """Requests that pass, 10 or more."""
    window_seconds: int
    """The time in which they are counted: 60, 120, 300 or 600."""
    ban_seconds: int | None = None
    """How long Google goes on refusing; AWS refuses for as long as the count stays above."""

    def __post_init__(self) -> None:
        """Raise ValueError for a limit that one of the clouds refuses."""
        super().__post_init__()
        if self.window_seconds not in WINDOWS:
            raise ValueError(f"rule {self.key} counts over {self.window_seconds} seconds; both clouds take {WINDOWS}")
        if self.requests < 10:
            raise ValueError(f"rule {self.key} lets {self.requests} requests pass; AWS counts from 10 up")


_BANDS: Mapping[type[EdgeRule], int] = {AddressList: 10, GeoList: 11, BodySize: 12, ManagedGroup: 13, RateLimit: 14}
"""Limits come last: Cloud Armor lets through what keeps to one, without a look at the rules behind it."""
_DEEPEST = 9


def priority(rule: EdgeRule) -> int:
    """The number of a rule, lower ones first: of its kind, the depth of its path if it is a limit, and its key.

    It does not depend on the other rules: Cloud Armor changes them one by one, and a rule added to a counted list would
    push all later ones through each other's places.
    """
    depth = min((path.count("/") for path in rule.paths), default=0) if isinstance(rule, RateLimit) else _DEEPEST
    band = _BANDS[type(rule)] + max(_DEEPEST - depth, 0)
    return band * BAND_SIZE + crc32(rule.key.encode()) % SLOTS * SLOT_SIZE


def checked(rules: Sequence[EdgeRule]) -> list[EdgeRule]:
    """The rules in the order of their numbers; ValueError if two have one key or one number."""
    for what, values in (("key", [rule.key for rule in rules]), ("number", [priority(rule) for rule in rules])):
        if twice := [value for value, count in Counter(values).items() if count > 1]:
            keys = [rule.key for rule in rules if rule.key in twice or priority(rule) in twice]
            raise ValueError(f"rules {', '.join(keys)} have the same {what}; give one of them another key")
    return sorted(rules, key=priority)


def below(paths: Sequence[str]) -> str:
    """A pattern of these paths and all below them, however many slashes; for paths that were decoded before."""
    return f"^(?:{_alternatives(paths).replace('/', '/+')})(?:/|$)"


def plainly_below(paths: Sequence[str]) -> str:
    """A pattern of these paths and plain paths below them, so narrow that `/uploads/../api` is not one.

    Written without backslashes, which the two languages would each take for something else.
    """
    return f"^(?:{_alternatives(paths)})(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*/?$"


def _alternatives(paths: Sequence[str]) -> str:
    return "|".join(path.replace(".", "[.]") for path in paths)
