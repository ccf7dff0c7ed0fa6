"""The load balancer in front of the services in AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.edge.headers import ALB_TLS_POLICY

HTTP = 80
HTTPS = 443
LONGEST_IDLE_SECONDS = 4000


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """What a LoadBalancer needs to know."""

    exposure: Literal["public", "internal"]
    """`public`: reached from the internet; `internal`: from inside the VPC, where services call each other."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Subnets of two zones or more, by zone: public ones, or private ones for `internal`."""
    security_group_ids: Sequence[pulumi.Input[str]]
    """The group of its party in the access rules."""
    certificate_arn: pulumi.Input[str]
    """The certificate, issued already, of all names that lead here."""
    access_logs_bucket: pulumi.Input[str]
    """The bucket that keeps a line for every request; encrypted by S3 itself, since none is written with a KMS key."""
    idle_timeout_seconds: int
    """Seconds after which a silent connection is closed, 1 to 4000; longer than between two pings of a socket."""
    headers: Mapping[str, str]
    """Headers of every response, its own errors included, as `headers.security_headers` writes them."""
    deletion_protection: bool
    """Whether AWS refuses to delete it."""

    def __post_init__(self) -> None:
        if not 1 <= self.idle_timeout_seconds <= LONGEST_IDLE_SECONDS:
            raise ValueError(
                f"idle_timeout_seconds is {self.idle_timeout_seconds}; a load balancer waits for 1 to "
                f"{LONGEST_IDLE_SECONDS} seconds"
            )
        if len(self.subnet_ids) < 2:
            raise ValueError("a load balancer needs subnets of two zones: AWS creates none in a single one")


class LoadBalancer(Component):
    """An application load balancer with one HTTPS listener, which turns away what no service has asked for.

    Owns the load balancer, its listeners and their headers. Guarantees current TLS, that requests which two parsers
    could read differently are refused, that the public one answers plain HTTP with a redirect alone, and that a request
    without a service gets a 404. Leaves out the rules, which each service adds for itself, and the firewall, which is
    attached by ARN.

    An internal one carries the calls between services. Service Connect and Cloud Map know no weights between two
    releases of a service; the rules of a load balancer do, and are the ones that customers' requests go by.
    """

    arn: Output[str]
    """The load balancer, for a firewall."""
    arn_suffix: Output[str]
    """What its metrics call it."""
    listener_arn: Output[str]
    """The HTTPS listener, which services add their rules to."""
    dns_name: Output[str]
    """The target of alias records."""
    zone_id: Output[str]
    """The hosted zone of that target."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:LoadBalancer", name, None, opts)
        self._name, self._args = name, args

        balancer = self._load_balancer()
        self.arn = balancer.arn
        self.arn_suffix = balancer.arn_suffix
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.listener_arn = self._listener()
        if args.exposure == "public":
            self._redirect()
        self.publish()

    def _load_balancer(self) -> aws.lb.LoadBalancer:
        return aws.lb.LoadBalancer(
            self._name,
            load_balancer_type="application",
            internal=self._args.exposure == "internal",
            subnets=list(self._args.subnet_ids.values()),
            security_groups=list(self._args.security_group_ids),
            idle_timeout=self._args.idle_timeout_seconds,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            # Rules and applications go by the name that the client asked for.
            preserve_host_header=True,
            xff_header_processing_mode="append",
            # With the firewall out of reach, requests wait for it rather than pass unseen.
            enable_waf_fail_open=False,
            enable_deletion_protection=self._args.deletion_protection,
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(
                bucket=self._args.access_logs_bucket, prefix=self._name, enabled=True
            ),
            opts=self.child(),
        )

    def _listener(self) -> Output[str]:
        headers = self._args.headers
        return aws.lb.Listener(
            f"{self._name}-https",
            load_balancer_arn=self.arn,
            port=HTTPS,
            protocol="HTTPS",
            ssl_policy=ALB_TLS_POLICY,
            certificate_arn=self._args.certificate_arn,
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="text/plain", message_body="Not found", status_code="404"
                    ),
                )
            ],
            routing_http_response_server_enabled=False,
            routing_http_response_strict_transport_security_header_value=headers["Strict-Transport-Security"],
            routing_http_response_content_security_policy_header_value=headers["Content-Security-Policy"],
            routing_http_response_x_content_type_options_header_value=headers["X-Content-Type-Options"],
            routing_http_response_x_frame_options_header_value=headers["X-Frame-Options"],
            opts=self.child(),
        ).arn

    def _redirect(self) -> None:
        aws.lb.Listener(
            f"{self._name}-http",
            load_balancer_arn=self.arn,
            port=HTTP,
            protocol="HTTP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="redirect",
                    redirect=aws.lb.ListenerDefaultActionRedirectArgs(
                        protocol="HTTPS", port=str(HTTPS), status_code="HTTP_301"
                    ),
                )
            ],
            routing_http_response_server_enabled=False,
            opts=self.child(),
        )
