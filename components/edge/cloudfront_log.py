"""The log of a CloudFront distribution."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.edge.edge_security import CLOUDFRONT_REGION

LOGGED_FIELDS = (
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(User-Agent)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
)
"""No cookies, referrers and query strings: sessions and tokens travel in them."""


@dataclass(frozen=True, kw_only=True)
class LogTarget:
    """Where a log goes."""

    bucket_arn: pulumi.Input[str]
    """A bucket that lets `log_delivery` write."""
    prefix: str
    """The folder in it, without slashes at its ends."""


@dataclass(frozen=True, kw_only=True)
class CloudFrontLogArgs:
    """What a CloudFrontLog needs to know."""

    distribution_arn: pulumi.Input[str]
    """Whose requests are written down."""
    target: LogTarget
    """Where they are written."""


class CloudFrontLog(Component):
    """Every request of a distribution, in a bucket, as JSON.

    Guarantees that nothing by which somebody could sign in is written down. Leaves out the bucket, and for how long it
    keeps what it is given.
    """

    delivery_arn: Output[str]
    """The delivery."""

    def __init__(self, name: str, args: CloudFrontLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:CloudFrontLog", name, None, opts)
        self._name, self._args = name, args

        self.delivery_arn = self._delivery(self._source(), self._destination())
        self.publish()

    def _source(self) -> Output[str]:
        return aws.cloudwatch.LogDeliverySource(
            f"{self._name}-source",
            region=CLOUDFRONT_REGION,
            name=self._name,
            log_type="ACCESS_LOGS",
            resource_arn=self._args.distribution_arn,
            opts=self.child(),
        ).name

    def _destination(self) -> Output[str]:
        target = self._args.target
        return aws.cloudwatch.LogDeliveryDestination(
            f"{self._name}-destination",
            region=CLOUDFRONT_REGION,
            name=self._name,
            output_format="json",
            delivery_destination_configuration=aws.cloudwatch.LogDeliveryDestinationDeliveryDestinationConfigurationArgs(
                destination_resource_arn=Output.concat(target.bucket_arn, "/", target.prefix)
            ),
            opts=self.child(),
        ).arn

    def _delivery(self, source: Output[str], destination: Output[str]) -> Output[str]:
        return aws.cloudwatch.LogDelivery(
            f"{self._name}-delivery",
            region=CLOUDFRONT_REGION,
            delivery_source_name=source,
            delivery_destination_arn=destination,
            record_fields=list(LOGGED_FIELDS),
            s3_delivery_configurations=[
                aws.cloudwatch.LogDeliveryS3DeliveryConfigurationArgs(
                    enable_hive_compatible_path=False, suffix_path="{yyyy}/{MM}/{dd}"
                )
            ],
            opts=self.child(),
        ).arn
