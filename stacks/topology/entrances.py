"""The ways in from the internet, and the one by which services call each other: load balancers and firewalls of AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pulumi import Output

from components.data.bucket import Bucket, BucketArgs
from components.data.bucket_policy import LogWriter
from components.data.lifecycle import Lifecycle
from components.edge.certificate import Certificate
from components.edge.edge_security import CLOUDFRONT_REGION, AwsEdgeArgs, EdgeSecurity, EdgeSecurityArgs, GcpEdgeArgs
from components.edge.headers import API_CONTENT_SECURITY_POLICY, security_headers
from components.edge.load_balancer import LoadBalancer, LoadBalancerArgs
from components.edge.private_names import PrivateNames, PrivateNamesArgs
from components.security.generated_secret import GeneratedSecret, GeneratedSecretArgs
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.topology.firewall import edge_rules
from stacks.topology.names import Names
from stacks.topology.network import Networks
from stacks.topology.placement import at_the_edge, inside, private_host
from stacks.topology.providers import Providers
from stacks.topology.regions import AwsRegion, primary_region

EDGE, INTERNAL, SITES = "edge", "internal", "sites"
EDGE_OF_RECOVERY = "edge-recovery"
UNDO_DAYS = 1
"""Lines of a log are written once."""


@dataclass(frozen=True, kw_only=True)
class Entrances:
    """What services and sites attach to."""

    public: LoadBalancer | None
    """The load balancer that the internet reaches; None where no service of AWS is public."""
    internal: LoadBalancer | None
    """The load balancer by which services call each other; None where none is called."""
    security: EdgeSecurity
    """The firewalls."""
    origin_secret: Output[str] | None
    """What CloudFront proves itself with to the public load balancer; None where no site is there."""
    request_logs: Bucket
    """Where the load balancers and the CDN log every request."""


def entrances(
    settings: Settings, providers: Providers, keys: Mapping[str, KeyPair], network: Networks, names: Names
) -> Entrances:
    """The load balancers of AWS behind their firewall, and the firewalls of the CDN and of Google Cloud."""
    region = primary_region(settings, providers, keys, network)
    logs = _request_logs("request-logs", settings, region, _writers())
    public = _public(EDGE, settings, region, names, logs) if at_the_edge(settings) else None
    secret = _origin_secret(providers) if settings.sites else None
    internal = _internal(settings, region, names, logs)
    if internal is not None:
        _private_names(settings, providers, network, internal)
    return Entrances(
        public=public,
        internal=internal,
        security=_security(settings, region, keys["logs"], public, secret),
        origin_secret=secret,
        request_logs=logs,
    )


def recovery_entrances(
    settings: Settings, region: AwsRegion, names: Names, origin_secret: Output[str] | None
) -> Entrances:
    """The load balancer of the recovery region behind a firewall with the same rules; the CDN keeps its own."""
    logs = _request_logs(
        "request-logs-recovery", settings, region, [LogWriter(source="load_balancer", prefix=EDGE_OF_RECOVERY)]
    )
    public = _public(EDGE_OF_RECOVERY, settings, region, names, logs)
    security = EdgeSecurity(
        "edge-security-recovery",
        EdgeSecurityArgs(
            rules=edge_rules(settings), aws=_regional_firewall(settings, region, public, origin_secret), gcp=None
        ),
        region.options(),
    )
    return Entrances(public=public, internal=None, security=security, origin_secret=origin_secret, request_logs=logs)


def _writers() -> list[LogWriter]:
    return [
        LogWriter(source="load_balancer", prefix=EDGE),
        LogWriter(source="load_balancer", prefix=INTERNAL),
        LogWriter(source="log_delivery", prefix=SITES),
    ]


def _request_logs(name: str, settings: Settings, region: AwsRegion, writers: Sequence[LogWriter]) -> Bucket:
    """With S3's own key: load balancers write with no other."""
    return Bucket(
        name,
        BucketArgs(
            account_id=settings.aws.account_id,
            region=region.name,
            key_arn=None,
            lifecycle=Lifecycle(noncurrent_days=UNDO_DAYS, expire_after_days=settings.edge.request_log_days),
            access_logs=None,
            writers=writers,
        ),
        region.options(),
    )


def _public(name: str, settings: Settings, region: AwsRegion, names: Names, logs: Bucket) -> LoadBalancer:
    return _balancer(name, "public", EDGE, names.certificate, settings, region, logs)


def _internal(settings: Settings, region: AwsRegion, names: Names, logs: Bucket) -> LoadBalancer | None:
    if names.internal_certificate is None:
        return None
    return _balancer(INTERNAL, "internal", INTERNAL, names.internal_certificate, settings, region, logs)


def _balancer(
    name: str,
    exposure: Literal["public", "internal"],
    party: str,
    certificate: Certificate,
    settings: Settings,
    region: AwsRegion,
    logs: Bucket,
) -> LoadBalancer:
    return LoadBalancer(
        name,
        LoadBalancerArgs(
            exposure=exposure,
            subnet_ids=region.public_subnet_ids if exposure == "public" else region.private_subnet_ids,
            security_group_ids=[region.security_group_ids[party]],
            certificate_arn=certificate.arns[region.name],
            access_logs_bucket=logs.bucket_name,
            idle_timeout_seconds=settings.edge.idle_timeout_seconds,
            headers=security_headers(API_CONTENT_SECURITY_POLICY),
            deletion_protection=settings.edge.deletion_protection,
        ),
        region.options(),
    )


def _private_names(settings: Settings, providers: Providers, network: Networks, internal: LoadBalancer) -> None:
    PrivateNames(
        "private-names",
        PrivateNamesArgs(
            zone_id=network.pair.aws_zone_id,
            hosts={name: private_host(settings, name, "aws") for name in inside(settings)},
            balancer_dns_name=internal.dns_name,
            balancer_zone_id=internal.zone_id,
        ),
        providers.options(),
    )


def _origin_secret(providers: Providers) -> Output[str]:
    """Not rotated: CloudFront and the rules of the load balancer cannot change it at the same moment."""
    return GeneratedSecret("origin-secret", GeneratedSecretArgs(kind="token"), providers.options()).value


def _security(
    settings: Settings,
    region: AwsRegion,
    logs_key: KeyPair,
    public: LoadBalancer | None,
    origin_secret: Output[str] | None,
) -> EdgeSecurity:
    regional = _regional_firewall(settings, region, public, origin_secret)
    return EdgeSecurity(
        "edge-security",
        EdgeSecurityArgs(
            rules=edge_rules(settings),
            aws=replace(regional, cloudfront_logs_key_arn=_cloudfront_key(settings, logs_key))
            if settings.sites
            else regional,
            gcp=GcpEdgeArgs(project_id=settings.gcp.project_id) if settings.gcp.enabled else None,
        ),
        region.options(),
    )


def _regional_firewall(
    settings: Settings, region: AwsRegion, public: LoadBalancer | None, origin_secret: Output[str] | None
) -> AwsEdgeArgs:
    return AwsEdgeArgs(
        account_id=settings.aws.account_id,
        region=region.name,
        log_retention_days=settings.edge.log_retention_days,
        logs_key_arn=region.key_arns["logs"],
        cloudfront_logs_key_arn=None,
        origin_secret=origin_secret,
        load_balancer_arns={EDGE: public.arn} if public else {},
    )


def _cloudfront_key(settings: Settings, logs_key: KeyPair) -> Output[str]:
    """Raises LookupError where neither region of the platform is CloudFront's, which the settings' checks refuse."""
    if settings.aws.region == CLOUDFRONT_REGION:
        return logs_key.aws_key_arn
    if settings.aws.recovery is None or settings.aws.recovery.region != CLOUDFRONT_REGION:
        raise LookupError(f"there is no key in {CLOUDFRONT_REGION}")
    if logs_key.aws_replica_key_arn is None:
        raise LookupError("the key of logs has no replica")
    return logs_key.aws_replica_key_arn
