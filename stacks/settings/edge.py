"""What stands between the internet and the services: load balancers, CDN, and the rules of the firewalls."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from stacks.settings.network import FlowLogDays as LogDays
from stacks.settings.section import Section, Unique


def _address_range(text: Any) -> IPv4Network | IPv6Network:
    if not isinstance(text, str):
        raise ValueError("an address range is text")
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ValueError("this is no address range in CIDR notation, or has host bits set") from error
    if network.prefixlen == 0:
        raise ValueError("AWS takes no range of all addresses")
    return network


AddressRange = Annotated[
    IPv4Network | IPv6Network,
    PlainValidator(_address_range),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[0-9a-fA-F:.]+(/[0-9]{1,3})?$",
            "examples": ["203.0.113.0/24", "2001:db8::/32"],
        }
    ),
]
RulePath = Annotated[
    str, Field(pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$", max_length=128, examples=["/api/auth"])
]
Paths = Annotated[tuple[RulePath, ...], *Unique]
RuleKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$", examples=["sql-injection"])]
Side = Literal["listed", "others"]
PrefixList = Annotated[str, Field(pattern=r"^pl-([0-9a-f]{8}|[0-9a-f]{17})$", examples=["pl-3b927c52"])]


class Rule(Section):
    """What every rule has; the kinds below say what it looks for."""

    mode: Literal["count", "enforce"]
    """`count` writes down what would have been refused; a new rule begins with it."""
    paths: Paths = ()
    """Paths that it looks at, with what lies below them; none means all."""
    except_paths: Paths = ()
    """Paths that it leaves alone, with what lies below them."""


class AddressList(Rule):
    """Addresses that are refused, or that alone are let in."""

    kind: Literal["addresses"]
    """Which kind of rule it is."""
    addresses: Annotated[tuple[AddressRange, ...], Field(min_length=1, max_length=200), *Unique]
    """Address ranges of either version, 1 to 200; Cloud Armor has no room for more in one rule."""
    refuses: Side
    """`listed` refuses who is on it, `others` everybody else."""


class GeoList(Rule):
    """Countries that are refused, or that alone are let in."""

    kind: Literal["countries"]
    """Which kind of rule it is."""
    countries: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["US"])], ...], Field(min_length=1), *Unique
    ]
    """Two capital letters each; Route 53's health checkers ask from their own countries."""
    refuses: Side
    """`listed` refuses who comes from them, `others` everybody else."""


class BodySize(Rule):
    """Bodies longer than the 8 KiB that the firewalls look into; `except_paths` are the uploads."""

    kind: Literal["body_size"]
    """Which kind of rule it is."""


class ManagedGroup(Rule):
    """Patterns of attacks that the clouds keep up to date."""

    kind: Literal["managed"]
    """Which kind of rule it is."""
    threat: Literal["common", "known_bad_inputs", "sql_injection", "ip_reputation", "anonymous_ip"]
    """What they are patterns of; the two kinds of addresses are known to AWS only."""
    aws_counted: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$", examples=["GenericRFI_BODY"])], ...], *Unique
    ] = ()
    """Rules of the AWS group that only count, because they refuse what the application needs."""
    gcp_opted_out: Annotated[
        tuple[
            Annotated[
                str,
                Field(pattern=r"^owasp-crs-v[0-9]+-id[0-9]+-[a-z]+$", examples=["owasp-crs-v030301-id942350-sqli"]),
            ],
            ...,
        ],
        *Unique,
    ] = ()
    """Signatures of Google's rules that are left out for the same reason."""


class RateLimit(Rule):
    """Requests of one address within a time.

    AWS counts a request for every limit that it matches, Google only for the one with the deepest path: give a deeper
    path the smaller number.
    """

    kind: Literal["rate_limit"]
    """Which kind of rule it is."""
    requests: Annotated[int, Field(ge=10, le=1_000_000)]
    """Requests that pass, 10 to 1000000."""
    window_seconds: Literal[60, 120, 300, 600]
    """The time in which they are counted, as both clouds can."""
    ban_seconds: Annotated[int, Field(ge=60, le=86_400)] | None = None
    """How long Google goes on refusing; AWS refuses for as long as the count stays above."""


_TAGS: Mapping[str, str] = {
    "addresses": "AddressList",
    "countries": "GeoList",
    "body_size": "BodySize",
    "managed": "ManagedGroup",
    "rate_limit": "RateLimit",
}

RULES: Mapping[str, type[Rule]] = {
    rule.__name__: rule for rule in (AddressList, GeoList, BodySize, ManagedGroup, RateLimit)
}
"""The kinds of rule by the tags that the validator tells them apart by; these stand in error locations alone."""
KINDS = tuple(RULES)


def rule_kind(value: Any) -> str | None:
    """The tag of a rule; None for what does not say of which kind it is."""
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return _TAGS.get(kind) if isinstance(kind, str) else None


AnyRule: TypeAlias = Annotated[
    Annotated[AddressList, Tag("AddressList")]
    | Annotated[GeoList, Tag("GeoList")]
    | Annotated[BodySize, Tag("BodySize")]
    | Annotated[ManagedGroup, Tag("ManagedGroup")]
    | Annotated[RateLimit, Tag("RateLimit")],
    Discriminator(rule_kind),
]
"""A rule of any kind; its `kind` says which."""


class Edge(Section):
    """Load balancers, CDN and firewalls."""

    deletion_protection: bool
    """Whether AWS refuses to delete the load balancers."""
    idle_timeout_seconds: Annotated[int, Field(ge=1, le=4000)]
    """Seconds after which a load balancer closes a silent connection, 1 to 4000; longer than between two pings."""
    log_retention_days: LogDays
    """Days that requests which met a rule are kept; CloudWatch takes only certain numbers."""
    request_log_days: Annotated[int, Field(ge=1, le=3653)]
    """Days that the log of all requests stays in its bucket, 1 to 3653."""
    origin_prefix_list: PrefixList
    """AWS's list of the addresses from which CloudFront asks, in the primary region; each region has one of its own."""
    recovery_origin_prefix_list: PrefixList | None
    """The one of the recovery region, or null where nothing behind a CDN stands by there."""
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
    """From where CloudFront delivers: North America and Europe, most of the world, or all of it; more costs more."""
    undo_days: Annotated[int, Field(ge=1, le=365)]
    """Days in which the files of an earlier release of a site can be brought back, 1 to 365."""
    google_log_sampling: Annotated[float, Field(gt=0, le=1)]
    """Share of the requests that Google's load balancer logs, above 0, at most 1; logs cost by volume."""
    rules: Mapping[RuleKey, AnyRule]
    """What the firewalls of both clouds look for, by a name that stays: another name makes another rule."""
