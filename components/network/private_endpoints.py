"""Private ways from a VPC to AWS services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component

HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class PrivateEndpointsArgs:
    """What PrivateEndpoints need to know."""

    account_id: str
    """The account that owns the VPC, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    vpc_id: pulumi.Input[str]
    """The VPC the endpoints live in."""
    cidr: IPv4Network
    """The range of the VPC, which may call the endpoints."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Where interface endpoints get an address, by zone."""
    route_table_ids: Mapping[str, pulumi.Input[str]]
    """The route tables that get a way to S3, by role and zone."""
    services: Sequence[str]
    """AWS services behind interface endpoints, as in their endpoint names: `ecr.api`, `secretsmanager`, `kms` ..."""


class PrivateEndpoints(Component):
    """A gateway endpoint to S3, and interface endpoints to the services named.

    Owns the endpoints and the security group of the interface endpoints. Guarantees that S3 is used by this account's
    principals only, and that interface endpoints answer to addresses of the VPC on HTTPS alone. Leaves out the private
    zones of the services' names: AWS attaches those to the VPC by itself.
    """

    security_group_id: Output[str]
    """The security group of the interface endpoints."""

    def __init__(self, name: str, args: PrivateEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:PrivateEndpoints", name, None, opts)
        self._name, self._args = name, args

        self._s3()
        self.security_group_id = self._security_group()
        self._interface_endpoints()
        self.publish()

    def _s3(self) -> None:
        """S3 by route, free of charge, so that images and backups do not pass a NAT gateway."""
        aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self._args.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{self._args.region}.s3",
            route_table_ids=list(self._args.route_table_ids.values()),
            policy=policy.rendered(s3_endpoint_policy(self._args.account_id, self._args.region)),
            tags={"Name": f"{self._name}-s3"},
            opts=self.child(),
        )

    def _security_group(self) -> Output[str]:
        group = aws.ec2.SecurityGroup(
            self._name,
            description="Interface endpoints: HTTPS from inside the VPC",
            vpc_id=self._args.vpc_id,
            tags={"Name": self._name},
            opts=self.child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-https",
            security_group_id=group.id,
            description="HTTPS from inside the VPC",
            cidr_ipv4=str(self._args.cidr),
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            opts=self.child(),
        )
        return group.id

    def _interface_endpoints(self) -> None:
        for service in self._args.services:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service}",
                vpc_id=self._args.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{self._args.region}.{service}",
                subnet_ids=list(self._args.subnet_ids.values()),
                security_group_ids=[self.security_group_id],
                private_dns_enabled=True,
                tags={"Name": f"{self._name}-{service}"},
                opts=self.child(),
            )


def s3_endpoint_policy(account_id: str, region: str) -> dict[str, object]:
    """Our principals, and the public places that images and packages come from without a signature of ours.

    Layers of ECR come by presigned URLs from a bucket of AWS, those of registry.k8s.io and the packages of Amazon Linux
    from public ones in the same region. Without this, pulls and updates fail with an error that does not name the
    endpoint.
    """
    return policy.document(
        policy.allow(
            "OwnPrincipals",
            ["s3:*"],
            ["*"],  # which buckets a principal may use is decided by its role and the bucket's policy
            principals="*",
            conditions={"StringEquals": {"aws:PrincipalAccount": account_id}},
        ),
        policy.allow(
            "ImageLayersAndPackages",
            ["s3:GetObject"],
            [
                f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*",
                f"arn:aws:s3:::al2023-repos-{region}-de612dc2/*",
                f"arn:aws:s3:::prod-registry-k8s-io-{region}/*",
            ],
            principals="*",
        ),
    )
