"""The public names of services that answer from AWS, and from Google Cloud when AWS does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component

Place = Literal["aws", "gcp"]
PlaceName = Literal["aws", "gcp", "recovery"]
"""A recovery region has a name and no vote: people move the names of AWS there."""
HTTPS = 443
ALIAS_TTL_SECONDS = 60
"""What Route 53 answers for load balancers and CloudFront; an alias cannot ask for less."""
MARGIN_SECONDS = 30
"""The last probe runs into its time limit, and the checkers' votes travel to the name servers."""
CHECKER_REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-west-1",
        "sa-east-1",
        "us-east-1",
        "us-west-1",
        "us-west-2",
    }
)
"""Where Route 53 has health checkers."""


@dataclass(frozen=True, kw_only=True)
class Checking:
    """How the health of a place is found out."""

    regions: Sequence[str]
    """Where checkers ask from, 3 or more of CHECKER_REGIONS; firewalls have to let those countries in."""
    interval_seconds: Literal[10, 30]
    """Seconds between two questions of one checker."""
    failure_threshold: int
    """Wrong answers in a row that make a place unhealthy, and right ones that make it healthy again, 1 to 10."""

    def __post_init__(self) -> None:
        """Raise ValueError for what Route 53 refuses."""
        if unknown := sorted(set(self.regions) - CHECKER_REGIONS):
            raise ValueError(f"Route 53 has no health checkers in {', '.join(unknown)}")
        if len(set(self.regions)) < 3:
            raise ValueError("Route 53 takes three regions or more: with fewer, a cut cable would look like an outage")
        if self.interval_seconds not in (10, 30):
            raise ValueError(f"interval_seconds is {self.interval_seconds}; Route 53 asks every 10 or every 30 seconds")
        if not 1 <= self.failure_threshold <= 10:
            raise ValueError(f"failure_threshold is {self.failure_threshold}; Route 53 takes 1 to 10")


@dataclass(frozen=True, kw_only=True)
class Standstill:
    """A page outside AWS whose presence takes AWS out of service."""

    host: str
    """The host that serves it; it must not stand on what it is to replace."""
    path: str
    """Its path; there while traffic is to leave AWS, 404 otherwise."""


@dataclass(frozen=True, kw_only=True)
class AliasTarget:
    """A load balancer or distribution in AWS."""

    dns_name: pulumi.Input[str]
    """Its own name."""
    zone_id: pulumi.Input[str]
    """The zone of that name, which AWS owns."""


@dataclass(frozen=True, kw_only=True)
class PublicName:
    """A name that both clouds answer."""

    name: str
    """The name, in full: `api.example.com`."""
    aws: AliasTarget | None
    """Where AWS answers; None for a service that is in Google Cloud alone."""
    gcp_address: pulumi.Input[str] | None
    """The IPv4 address at which Google Cloud answers; None for a service that is in AWS alone."""
    health_path: str
    """What the checkers ask for, such as `/health/ready`."""
    gcp_percent: int | None = None
    """The share of Google Cloud, 0 to 100, for a service with two primaries; None keeps it as the standby."""
    recovery: AliasTarget | None = None
    """Where AWS's recovery region answers, by a name of that place alone; None for a service that is not there."""

    def __post_init__(self) -> None:
        """Raise ValueError for a share of a place that is not there, or that is no percentage."""
        if self.aws is None and self.gcp_address is None:
            raise ValueError(f"{self.name} is answered nowhere; give `aws` or `gcp_address`")
        if self.gcp_percent is not None and (self.gcp_address is None or self.aws is None):
            raise ValueError(f"{self.name} shares traffic between two clouds, of which it has one")
        if not 0 <= (self.gcp_percent or 0) <= 100:
            raise ValueError(f"gcp_percent of {self.name} is {self.gcp_percent}; it is a percentage")


@dataclass(frozen=True, kw_only=True)
class GcpRecordsArgs:
    """Where the names of the Google half live."""

    project_id: str
    """The project that owns the zone."""
    zone_name: pulumi.Input[str]
    """The zone `gcp.<domain>` in Cloud DNS."""


@dataclass(frozen=True, kw_only=True)
class FailoverRecordsArgs:
    """What FailoverRecords needs to know."""

    domain: str
    """The public domain of the environment."""
    zone_id: pulumi.Input[str]
    """Its zone in Route 53."""
    names: Mapping[str, PublicName]
    """The names, by the label of their places: `api` gives `api.aws.<domain>` and `api.gcp.<domain>`."""
    active: Place
    """`aws`; `gcp` after a promotion, so that a recovered AWS gets no writes before its data are back."""
    checking: Checking
    """How the health of a place is found out."""
    ttl_seconds: int
    """Seconds that resolvers keep the address in Google Cloud, 1 or more; aliases of AWS take 60."""
    standstill: Standstill | None
    """How an operator empties AWS while its control plane is down; None for by health alone."""
    gcp: GcpRecordsArgs | None
    """Where the names of the Google half live; None where there is no standby cloud."""
    origins: Mapping[str, Mapping[PlaceName, AliasTarget]] = field(
        default_factory=dict[str, Mapping[PlaceName, AliasTarget]]
    )
    """Places of AWS that nobody but a CDN asks, by label: they have names like all others, and no public one."""

    def __post_init__(self) -> None:
        """Raise ValueError for names that could not be resolved, or would never move."""
        if stranded := [each.name for each in self.names.values() if each.gcp_address is not None and self.gcp is None]:
            raise ValueError(f"{', '.join(stranded)}: an address in Google Cloud needs the zone there; give `gcp`")
        if outside := [each.name for each in self.names.values() if not self._holds(each.name)]:
            raise ValueError(f"{', '.join(outside)} is not below {self.domain}, whose zone these records go into")
        if alone := [each.name for each in self.names.values() if each.gcp_address is None and self.active == "gcp"]:
            raise ValueError(f"active is `gcp`, where {', '.join(alone)} has no address")

    def _holds(self, name: str) -> bool:
        return name == self.domain or name.endswith(f".{self.domain}")


class FailoverRecords(Component):
    """The A records and health checks by which a service's public name follows its health.

    Every service has three names: one of each place, which always answers from there (`api.aws.<domain>`,
    `api.gcp.<domain>`), and the public one, which answers from AWS while AWS is healthy. The checkers ask the name of
    the place: asked by its public name, a failed AWS would look healthy the moment traffic had left it. The load
    balancers and certificates of a place must therefore know its name too. Where AWS has a recovery region, that has a
    name as well (`api.recovery.<domain>`), by which it can be tried out while nothing else leads there.

    Guarantees that all records of a name are of one type and one kind of routing, that both are there before they are
    needed, and that a switch is a decision of Route 53's health checkers: nothing of AWS's control plane takes part.
    Leaves out IPv6, clients that keep an answer for longer than they are told, and the promotion of the databases. A
    name that moves between failover and weights is taken out first: Route 53 refuses to hold both kinds at once.
    """

    failover_seconds: Output[int]
    """Seconds from the failure of AWS to the moment from which resolvers answer with Google Cloud, at the most."""
    failback_seconds: Output[int]
    """Seconds from the recovery of AWS to the moment from which resolvers answer with AWS, at the most."""
    aws_health_check_ids: Mapping[str, Output[str]]
    """The checks that decide, by label; their metrics exist in us-east-1 only."""
    gcp_health_check_ids: Mapping[str, Output[str]]
    """The checks of the standby, by label: they raise alarms, and decide only for weighted names."""

    def __init__(self, name: str, args: FailoverRecordsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:FailoverRecords", name, None, opts)
        self._name, self._args = name, args

        self.failover_seconds = Output.from_input(self._seconds(ALIAS_TTL_SECONDS))
        self.failback_seconds = Output.from_input(self._seconds(args.ttl_seconds))
        self._places(args.gcp)
        standstill = self._standstill_check(args.standstill) if args.standstill else None
        self.aws_health_check_ids = {
            label: self._decision(label, public, standstill)
            for label, public in args.names.items()
            if public.aws is not None
        }
        self.gcp_health_check_ids = {
            label: self._check(label, "gcp", public.health_path)
            for label, public in args.names.items()
            if public.gcp_address is not None
        }
        for label, public in args.names.items():
            self._public_name(label, public)
        self.publish()

    def _seconds(self, ttl_seconds: int) -> int:
        checking = self._args.checking
        return switching_seconds(checking.failure_threshold, checking.interval_seconds, ttl_seconds)

    def _places(self, half: GcpRecordsArgs | None) -> None:
        for label, public in self._args.names.items():
            if public.aws is not None:
                self._aws_place(label, "aws", public.aws)
            if public.recovery is not None:
                self._aws_place(label, "recovery", public.recovery)
            if half is not None and public.gcp_address is not None:
                self._gcp_place(label, public.gcp_address, half)
        for label, targets in self._args.origins.items():
            for place, target in targets.items():
                self._aws_place(label, place, target)

    def _aws_place(self, label: str, place: PlaceName, target: AliasTarget) -> None:
        aws.route53.Record(
            f"{self._name}-{label}-{place}-place",
            zone_id=self._args.zone_id,
            name=place_name(label, place, self._args.domain),
            type="A",
            aliases=[_alias(target)],
            opts=self.child(),
        )

    def _gcp_place(self, label: str, address: pulumi.Input[str], half: GcpRecordsArgs) -> None:
        gcp.dns.RecordSet(
            f"{self._name}-{label}-gcp-place",
            project=half.project_id,
            managed_zone=half.zone_name,
            name=f"{place_name(label, 'gcp', self._args.domain)}.",
            type="A",
            ttl=self._args.ttl_seconds,
            rrdatas=[address],
            opts=self.child(),
        )

    def _check(self, label: str, place: Place, path: str) -> Output[str]:
        host = place_name(label, place, self._args.domain)
        return self._https_check(f"{label}-{place}", host, path)

    def _standstill_check(self, page: Standstill) -> Output[str]:
        """Healthy unless the page is there: whoever cannot reach it, or has none, stays where they are."""
        return self._https_check("standstill", page.host, page.path, inverted=True)

    def _https_check(self, role: str, host: str, path: str, *, inverted: bool = False) -> Output[str]:
        return aws.route53.HealthCheck(
            f"{self._name}-{role}",
            type="HTTPS",
            fqdn=host,
            port=HTTPS,
            resource_path=path,
            enable_sni=True,
            invert_healthcheck=inverted,
            regions=sorted(set(self._args.checking.regions)),
            request_interval=self._args.checking.interval_seconds,
            failure_threshold=self._args.checking.failure_threshold,
            tags={"Name": f"{host}{path}"},
            opts=self.child(),
        ).id

    def _decision(self, label: str, public: PublicName, standstill: Output[str] | None) -> Output[str]:
        """AWS is in service while it answers, nobody has put up the page, and the settings say so.

        Route 53 never holds a check healthy that needs more children than it has, so that `active: gcp` is an update of
        this one number: no record changes.
        """
        children = [self._check(label, "aws", public.health_path), *([standstill] if standstill is not None else [])]
        return aws.route53.HealthCheck(
            f"{self._name}-{label}",
            type="CALCULATED",
            child_healthchecks=children,
            child_health_threshold=len(children) if self._args.active == "aws" else len(children) + 1,
            tags={"Name": public.name},
            opts=self.child(),
        ).id

    def _public_name(self, label: str, public: PublicName) -> None:
        if public.aws is None or public.gcp_address is None:
            self._record(label, public, None)
            return
        self._record(label, public, "aws")
        self._record(label, public, "gcp")

    def _record(self, label: str, public: PublicName, place: Place | None) -> None:
        """A name of one cloud has one plain record: with a health check it would answer nothing when it fails."""
        from_gcp = place == "gcp" or public.aws is None
        aws.route53.Record(
            f"{self._name}-{label}-{place}" if place else f"{self._name}-{label}",
            zone_id=self._args.zone_id,
            name=public.name,
            type="A",
            set_identifier=place,
            failover_routing_policies=_failover(place) if place and public.gcp_percent is None else None,
            weighted_routing_policies=_weight(place, public.gcp_percent)
            if place and public.gcp_percent is not None
            else None,
            health_check_id=self._health_check(label, public, place) if place else None,
            aliases=None if from_gcp or public.aws is None else [_alias(public.aws)],
            records=[public.gcp_address] if from_gcp and public.gcp_address is not None else None,
            ttl=self._args.ttl_seconds if from_gcp else None,
            opts=self.child(),
        )

    def _health_check(self, label: str, public: PublicName, place: Place) -> Output[str] | None:
        """A standby counts as healthy always: it may need requests to wake up, and there is nothing behind it.

        Were it checked and slow, Route 53 would send everybody back to the primary that it knows is down.
        """
        if place == "aws":
            return self.aws_health_check_ids[label]
        return None if public.gcp_percent is None else self.gcp_health_check_ids[label]


def place_name(label: str, place: PlaceName, domain: str) -> str:
    """The name that always answers from one place: `api.aws.example.com`."""
    return f"{label}.{place}.{domain}"


def switching_seconds(
    failure_threshold: int, interval_seconds: int, ttl_seconds: int, margin_seconds: int = MARGIN_SECONDS
) -> int:
    """Seconds from a failure (or recovery) until no resolver answers with the old place any more."""
    return failure_threshold * interval_seconds + ttl_seconds + margin_seconds


def _alias(target: AliasTarget) -> aws.route53.RecordAliasArgs:
    """The health check decides; for CloudFront, Route 53 would refuse to look at the target's own health."""
    return aws.route53.RecordAliasArgs(name=target.dns_name, zone_id=target.zone_id, evaluate_target_health=False)


def _failover(place: Place) -> list[aws.route53.RecordFailoverRoutingPolicyArgs]:
    return [aws.route53.RecordFailoverRoutingPolicyArgs(type="PRIMARY" if place == "aws" else "SECONDARY")]


def _weight(place: Place, gcp_percent: int) -> list[aws.route53.RecordWeightedRoutingPolicyArgs]:
    weight = gcp_percent if place == "gcp" else 100 - gcp_percent
    return [aws.route53.RecordWeightedRoutingPolicyArgs(weight=weight)]
