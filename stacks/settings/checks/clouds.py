"""Accounts, regions, zones, residency, and the link between the halves."""

from collections.abc import Iterator

from stacks.settings.checks.draft import mistake
from stacks.settings.mistakes import Mistake
from stacks.settings.settings import Settings


def is_named_as_the_stack(stack: str, settings: Settings) -> Iterator[Mistake]:
    """The settings belong to the stack that they are used for."""
    name = settings.environment.name
    if name != stack:
        yield mistake(
            "environment",
            "name",
            value=name,
            reason=f"The stack is {stack}: its resources would carry the names and labels of {name}.",
            cure=f"write {stack}, or choose the stack {name}",
        )


def zones_lie_in_their_region(settings: Settings) -> Iterator[Mistake]:
    """A zone of another region is refused only once the first subnet is created."""
    aws = settings.aws
    yield from _foreign_zones(("aws",), aws.region, aws.zones, "a")
    if aws.recovery is not None:
        yield from _foreign_zones(("aws", "recovery"), aws.recovery.region, aws.recovery.zones, "a")
    yield from _foreign_zones(("gcp",), settings.gcp.region, settings.gcp.zones, "-a")


def _foreign_zones(place: tuple[str, ...], region: str, zones: tuple[str, ...], suffix: str) -> Iterator[Mistake]:
    for index, zone in enumerate(zones):
        if zone.rstrip("abcdefghijklmnopqrstuvwxyz").removesuffix("-") != region:
            yield mistake(
                *place,
                "zones",
                index,
                value=zone,
                reason=f"The zone is not one of the region {region}: no subnet can be made there.",
                cure=f"write a zone of {region}, such as {region}{suffix}",
            )


def recovery_is_elsewhere(settings: Settings) -> Iterator[Mistake]:
    """Copies in the same region are lost with it."""
    recovery = settings.aws.recovery
    if recovery is not None and recovery.region == settings.aws.region:
        yield mistake(
            "aws",
            "recovery",
            "region",
            value=recovery.region,
            reason="It is the primary region too: copies would be lost together with what they copy.",
            cure="write another region, or null for `recovery` where nothing is copied",
        )


def recovery_has_a_network(settings: Settings) -> Iterator[Mistake]:
    """The recovery region and its network come together."""
    region, network = settings.aws.recovery, settings.network.recovery
    if region is not None and network is None:
        yield mistake(
            "network",
            "recovery",
            value=None,
            reason=f"The recovery region {region.region} has no network to put anything in.",
            cure="write a network in the shape of `network.aws`, with ranges of its own",
        )
    if region is None and network is not None:
        yield mistake(
            "network",
            "recovery",
            value=network.cidr,
            reason="There is no recovery region that this network could be in.",
            cure="write null, or set `platform:aws.recovery`",
        )


def administrators_belong_to_the_account(settings: Settings) -> Iterator[Mistake]:
    """A role of another account is a slip between two files, and would administer this one's keys."""
    account = settings.aws.account_id
    for index, arn in enumerate(settings.aws.administrators):
        if arn.split(":")[4] != account:
            yield mistake(
                "aws",
                "administrators",
                index,
                value=arn,
                reason=f"The role belongs to another account than {account}, and would administer its keys.",
                cure=f"write the ARN of a role of {account}",
            )


def data_stays_in_allowed_regions(settings: Settings) -> Iterator[Mistake]:
    """Every region in use is one that may hold data."""
    residency, aws, gcp = settings.residency, settings.aws, settings.gcp
    used: list[tuple[tuple[str, ...], str, str, tuple[str, ...]]] = [
        (("aws", "region"), aws.region, "aws_regions", residency.aws_regions)
    ]
    if aws.recovery is not None:
        place = ("aws", "recovery", "region")
        used.append((place, aws.recovery.region, "aws_regions", residency.aws_regions))
    if gcp.enabled:
        used.append((("gcp", "region"), gcp.region, "gcp_regions", residency.gcp_regions))
    for place, region, key, allowed in used:
        if region not in allowed:
            yield mistake(
                *place,
                value=region,
                reason=f"Data may not leave {', '.join(allowed) or 'AWS'}: the region is not allowed to hold any.",
                cure=f"choose an allowed region, or add it to `platform:residency.{key}` if the law permits",
            )


def link_fits_the_standby_half(settings: Settings) -> Iterator[Mistake]:
    """A link needs two ends, and two halves need a link."""
    enabled, transport = settings.gcp.enabled, settings.network.link.transport
    if not enabled and transport != "none":
        yield mistake(
            "network",
            "link",
            "transport",
            value=transport,
            reason="The standby half is switched off: the link would have no other end, and cost money.",
            cure="write none, or switch on `platform:gcp.enabled`",
        )
    if enabled and transport == "none":
        yield mistake(
            "network",
            "link",
            "transport",
            value=transport,
            reason="The standby half is switched on and nothing carries the replication to it.",
            cure="write vpn or interconnect, or switch off `platform:gcp.enabled`",
        )


def interconnect_is_described(settings: Settings) -> Iterator[Mistake]:
    """Circuits are written where they are the transport, and nowhere else."""
    link = settings.network.link
    if link.transport == "interconnect" and link.interconnect is None:
        yield mistake(
            "network",
            "link",
            "interconnect",
            value=None,
            reason="The transport is interconnect, and nothing says over which circuits.",
            cure="write `bandwidth_mbps`, `direct_connect_asn` and `paths`, or another transport",
        )
    if link.transport != "interconnect" and link.interconnect is not None:
        yield mistake(
            "network",
            "link",
            "interconnect",
            value=dict(link.interconnect.paths),
            reason=f"The transport is {link.transport}: these circuits would stay unused.",
            cure="write null, or interconnect for `platform:network.link.transport`",
        )


def circuits_share_nothing(settings: Settings) -> Iterator[Mistake]:
    """Two paths over one circuit fail together."""
    interconnect = settings.network.link.interconnect
    if interconnect is None:
        return
    for key in ("interconnect", "connection_id"):
        owner: dict[str, str] = {}
        for name, path in interconnect.paths.items():
            circuit = getattr(path, key)
            first = owner.setdefault(circuit, name)
            if first != name:
                yield mistake(
                    *("network", "link", "interconnect", "paths", name, key),
                    value=circuit,
                    reason=f"It is that of the path {first} too: both would fail together.",
                    cure="write another circuit",
                )


def certificates_are_where_the_vpn_is(settings: Settings) -> Iterator[Mistake]:
    """Client VPN reads certificates of its own region and account."""
    vpn, aws = settings.network.access.client_vpn, settings.aws
    if vpn is None:
        return
    for key in ("server_certificate_arn", "client_root_certificate_arn"):
        arn = getattr(vpn, key)
        if arn.split(":")[3:5] != [aws.region, aws.account_id]:
            yield mistake(
                "network",
                "access",
                "client_vpn",
                key,
                value=arn,
                reason=f"Client VPN takes a certificate of its own region and account: {aws.region} of"
                f" {aws.account_id}.",
                cure="import the certificate there, and write the ARN that it has there",
            )


CHECKS = (
    zones_lie_in_their_region,
    recovery_is_elsewhere,
    recovery_has_a_network,
    administrators_belong_to_the_account,
    data_stays_in_allowed_regions,
    link_fits_the_standby_half,
    interconnect_is_described,
    circuits_share_nothing,
    certificates_are_where_the_vpn_is,
)
