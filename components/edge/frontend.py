"""The web application: static files behind CloudFront, which also leads to the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.data.bucket_rules import lifecycle_rule
from components.data.lifecycle import Lifecycle
from components.edge.cloudfront_headers import other_places, own_places
from components.edge.cloudfront_log import CloudFrontLog, CloudFrontLogArgs, LogTarget
from components.edge.frontend_policy import files_policy
from components.edge.headers import CLOUDFRONT_TLS_POLICY, ORIGIN_HEADER, security_headers
from components.ordering import after

FILES = "files"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""Policies that AWS manages; the last one sends everything on but the name asked for, which the origin's certificate
does not hold."""
READ = ["GET", "HEAD"]
ANY = [*READ, "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
ROUTES = """\
function handler(event) {
  var request = event.request;
  var last = request.uri.slice(request.uri.lastIndexOf("/") + 1);
  if (last.indexOf(".") === -1 && request.uri.indexOf("/.well-known/") !== 0) {
    request.uri = "/index.html";
  }
  return request;
}
"""
"""A path without a file name is a page of the application, which finds its way by itself. Error pages of the
distribution would do this too, and turn every 403 and 404 of the API into a page."""


@dataclass(frozen=True, kw_only=True)
class ApiOrigin:
    """A service behind a load balancer that answers paths of the site."""

    paths: Sequence[str]
    """The paths, with all below them: `/api`."""

    host: str
    """A name of it that the certificate holds, and that never leads elsewhere: `api.aws.example.com`."""
    secret: pulumi.Input[str]
    """What the load balancer is told in ORIGIN_HEADER, held secret."""


@dataclass(frozen=True, kw_only=True)
class FrontendArgs:
    """What a Frontend needs to know."""

    account_id: str
    """The account, 12 digits."""
    region: str
    """The region of the bucket, that of the provider."""
    hosts: Sequence[str]
    """The names that lead here, all held by the certificate."""
    certificate_arn: pulumi.Input[str]
    """The certificate, issued already, in us-east-1."""
    web_acl_arn: pulumi.Input[str]
    """The firewall of scope CLOUDFRONT."""
    origins: Mapping[str, ApiOrigin]
    """Services that answer paths of the site, by name; the rest is the application's own."""
    content_security_policy: str
    """What the pages may load."""
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
    """From where in the world it is delivered: North America and Europe, most, or everywhere."""
    undo_days: int
    """Days in which the files of an earlier release can be brought back."""
    log_target: LogTarget
    """Where CloudFront's log goes."""


class Frontend(Component):
    """A bucket with the files of the application, and the distribution that alone reads it.

    Holds a bucket of its own and not the common one: the permission to read it names the distribution, which needs the
    bucket first. Guarantees that nobody gets at the files past CloudFront, that pages carry the security headers, that
    an error of the API reaches its caller as it is, and that the load balancer can tell what came through here. Leaves
    out the files: a release uploads them with a role that has `release_policy`, names that change with the content
    first and `index.html` last, without caching, and then runs `invalidation_command`.
    """

    domain_name: Output[str]
    """The distribution's own name, for alias records."""
    zone_id: Output[str]
    """The zone of that name."""
    distribution_id: Output[str]
    """The distribution."""
    distribution_arn: Output[str]
    """Its ARN, for the policy of a release."""
    bucket_name: Output[str]
    """Where the files go."""
    bucket_arn: Output[str]
    """Its ARN, for the policy of a release."""
    invalidation_command: Output[str]
    """What a release runs so that everybody gets its files."""

    def __init__(self, name: str, args: FrontendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:Frontend", name, None, opts)
        self._name, self._args = name, args

        bucket = self._bucket()
        distribution = self._distribution(bucket)
        readable = self._readable(bucket, distribution)
        CloudFrontLog(
            f"{name}-log", CloudFrontLogArgs(distribution_arn=distribution.arn, target=args.log_target), self.child()
        )
        self.domain_name, self.zone_id = distribution.domain_name, distribution.hosted_zone_id
        self.distribution_id, self.distribution_arn = after(distribution.id, [readable]), distribution.arn
        self.bucket_name, self.bucket_arn = bucket.bucket, bucket.arn
        self.invalidation_command = Output.concat(
            "aws cloudfront create-invalidation --distribution-id ", distribution.id, " --paths '/*'"
        )
        self.publish()

    def _bucket(self) -> aws.s3.Bucket:
        name = f"{self._name}-files"
        bucket = aws.s3.Bucket(name, force_destroy=False, opts=self.child(protect=True))
        aws.s3.BucketOwnershipControls(
            name,
            bucket=bucket.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self.child(),
        )
        # S3's own key: the files are public, and one of KMS would make every visitor depend on it.
        encryption = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256"
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=encryption
                )
            ],
            opts=self.child(),
        )
        versioned = aws.s3.BucketVersioning(
            name,
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self.child(),
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=[lifecycle_rule(Lifecycle(noncurrent_days=self._args.undo_days))],
            # S3 takes rules about older versions only from a bucket that keeps them.
            opts=self.child(depends_on=[versioned]),
        )
        return bucket

    def _readable(self, bucket: aws.s3.Bucket, distribution: aws.cloudfront.Distribution) -> aws.s3.BucketPolicy:
        closed = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-files",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child(),
        )
        return aws.s3.BucketPolicy(
            f"{self._name}-files",
            bucket=bucket.id,
            policy=policy.rendered(
                files_policy(bucket.arn, distribution.arn, self._args.account_id, self._args.region)
            ),
            # S3 refuses two changes of who may come in at the same time.
            opts=self.child(depends_on=[closed]),
        )

    def _distribution(self, bucket: aws.s3.Bucket) -> aws.cloudfront.Distribution:
        return aws.cloudfront.Distribution(
            self._name,
            enabled=True,
            comment=f"Web application {self._name}",
            aliases=list(self._args.hosts),
            origins=self._origins(bucket),
            default_cache_behavior=self._pages(),
            ordered_cache_behaviors=[
                self._api_path(service, pattern)
                for service, origin in self._args.origins.items()
                for path in origin.paths
                for pattern in (path, f"{path}/*")
            ],
            default_root_object="index.html",
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=self._args.price_class,
            restrictions=aws.cloudfront.DistributionRestrictionsArgs(
                geo_restriction=aws.cloudfront.DistributionRestrictionsGeoRestrictionArgs(restriction_type="none")
            ),
            viewer_certificate=aws.cloudfront.DistributionViewerCertificateArgs(
                acm_certificate_arn=self._args.certificate_arn,
                minimum_protocol_version=CLOUDFRONT_TLS_POLICY,
                ssl_support_method="sni-only",
            ),
            web_acl_id=self._args.web_acl_arn,
            opts=self.child(),
        )

    def _origins(self, bucket: aws.s3.Bucket) -> list[aws.cloudfront.DistributionOriginArgs]:
        access = aws.cloudfront.OriginAccessControl(
            f"{self._name}-files",
            description=f"CloudFront reads the files of {self._name}",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self.child(),
        )
        files = aws.cloudfront.DistributionOriginArgs(
            origin_id=FILES, domain_name=bucket.bucket_regional_domain_name, origin_access_control_id=access.id
        )
        return [files, *(_load_balancer(service, origin) for service, origin in self._args.origins.items())]

    def _pages(self) -> aws.cloudfront.DistributionDefaultCacheBehaviorArgs:
        routes = aws.cloudfront.Function(
            f"{self._name}-routes",
            runtime="cloudfront-js-2.0",
            comment="Pages of the application are found by the application",
            code=ROUTES,
            publish=True,
            opts=self.child(),
        )
        return aws.cloudfront.DistributionDefaultCacheBehaviorArgs(
            target_origin_id=FILES,
            viewer_protocol_policy="redirect-to-https",
            allowed_methods=READ,
            cached_methods=READ,
            compress=True,
            cache_policy_id=CACHING_OPTIMIZED,
            response_headers_policy_id=self._headers(),
            function_associations=[
                aws.cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs(
                    event_type="viewer-request", function_arn=routes.arn
                )
            ],
        )

    def _headers(self) -> Output[str]:
        return aws.cloudfront.ResponseHeadersPolicy(
            f"{self._name}-headers",
            comment=f"Security headers of {self._name}",
            security_headers_config=own_places(security_headers(self._args.content_security_policy)),
            custom_headers_config=other_places(security_headers(self._args.content_security_policy)),
            remove_headers_config=aws.cloudfront.ResponseHeadersPolicyRemoveHeadersConfigArgs(
                items=[aws.cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArgs(header="Server")]
            ),
            opts=self.child(),
        ).id

    def _api_path(self, service: str, pattern: str) -> aws.cloudfront.DistributionOrderedCacheBehaviorArgs:
        """No headers from here: the load balancer sets those of the API on every answer, its errors included."""
        return aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
            path_pattern=pattern,
            target_origin_id=service,
            # A request that was sent in plain text has given its token away; redirecting it would hide that.
            viewer_protocol_policy="https-only",
            allowed_methods=ANY,
            cached_methods=READ,
            compress=False,
            cache_policy_id=CACHING_DISABLED,
            origin_request_policy_id=ALL_VIEWER_EXCEPT_HOST,
        )


def _load_balancer(service: str, origin: ApiOrigin) -> aws.cloudfront.DistributionOriginArgs:
    return aws.cloudfront.DistributionOriginArgs(
        origin_id=service,
        domain_name=origin.host,
        custom_origin_config=aws.cloudfront.DistributionOriginCustomOriginConfigArgs(
            http_port=80, https_port=443, origin_protocol_policy="https-only", origin_ssl_protocols=["TLSv1.2"]
        ),
        custom_headers=[
            aws.cloudfront.DistributionOriginCustomHeaderArgs(name=ORIGIN_HEADER, value=Output.secret(origin.secret))
        ],
    )
