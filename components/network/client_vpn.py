"""The certificate VPN by which administrators reach the Kubernetes APIs."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component

HTTPS = 443
CLIENT_PREFIXES = range(12, 23)


@dataclass(frozen=True, kw_only=True)
class ClientVpnArgs:
    """What a ClientVpn needs to know."""

    vpc_id: pulumi.Input[str]
    """The VPC through which clients come in."""
    vpc_cidr: IPv4Network
    """The range of the VPC, whose resolver clients use."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Private subnets through which clients come in, by zone; each is paid by the hour."""
    client_cidr: IPv4Network
    """Where clients get their addresses, /12 to /22, apart from every range in use."""
    server_certificate_arn: pulumi.Input[str]
    """The certificate in ACM by which clients know the endpoint."""
    client_root_certificate_arn: pulumi.Input[str]
    """The root in ACM whose certificates let clients in."""
    targets: Mapping[str, IPv4Network]
    """Whom clients may reach on HTTPS, by use: `kubernetes`, `gcp-control-plane` ...; in the VPC or by its routes."""
    session_hours: Literal[8, 10, 12, 24]
    """Hours after which a client has to connect anew."""
    log_retention_days: int
    """Days that connections are kept in CloudWatch Logs; one of the periods CloudWatch accepts."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key of the same region that encrypts the connection log."""

    def __post_init__(self) -> None:
        """Raise ValueError for a range that AWS refuses, or that would hide part of the VPC from clients."""
        if self.client_cidr.prefixlen not in CLIENT_PREFIXES:
            raise ValueError(f"client range {self.client_cidr} is not between /12 and /22: AWS takes no other")
        for use, cidr in {"the VPC": self.vpc_cidr, **self.targets}.items():
            if self.client_cidr.overlaps(cidr):
                raise ValueError(f"client range {self.client_cidr} overlaps {use} ({cidr}): write one apart from it")


class ClientVpn(Component):
    """A Client VPN endpoint that lets holders of a certificate reach named ranges on HTTPS.

    Owns the endpoint, its ways into the VPC, its rules and its connection log. Guarantees that a client without a
    certificate of the root gets nowhere, that one with it gets to the targets alone, and that its other traffic stays
    out of the tunnel. Leaves out the certificates, and the rules of the targets, which see the addresses of the subnets
    and not those of the clients.
    """

    endpoint_id: Output[str]
    """The Client VPN endpoint."""
    dns_name: Output[str]
    """The name that clients connect to, with any label put in front."""
    security_group_id: Output[str]
    """The security group of what clients send into the VPC."""
    log_group_name: Output[str]
    """Where connections, and attempts at them, are logged."""

    def __init__(self, name: str, args: ClientVpnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:ClientVpn", name, None, opts)
        self._name, self._args = name, args

        self.security_group_id = self._security_group()
        self.log_group_name, log_stream = self._log()
        endpoint = self._endpoint(log_stream)
        self.endpoint_id, self.dns_name = endpoint.id, endpoint.dns_name
        associations = self._associations()
        self._authorizations()
        self._routes(associations)
        self.publish()

    def _security_group(self) -> Output[str]:
        group = aws.ec2.SecurityGroup(
            self._name,
            description="Clients of the VPN: HTTPS to the targets",
            vpc_id=self._args.vpc_id,
            tags={"Name": self._name},
            opts=self.child(),
        )
        for use, cidr in self._args.targets.items():
            aws.vpc.SecurityGroupEgressRule(
                f"{self._name}-{use}",
                security_group_id=group.id,
                description=f"HTTPS to {use}",
                cidr_ipv4=str(cidr),
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                opts=self.child(),
            )
        return group.id

    def _log(self) -> tuple[Output[str], Output[str]]:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-connections",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.logs_key_arn,
            opts=self.child(),
        )
        stream = aws.cloudwatch.LogStream(f"{self._name}-connections", log_group_name=group.name, opts=self.child())
        return group.name, stream.name

    def _endpoint(self, log_stream: Output[str]) -> aws.ec2clientvpn.Endpoint:
        return aws.ec2clientvpn.Endpoint(
            self._name,
            description=f"Administrators of {self._name}",
            vpc_id=self._args.vpc_id,
            security_group_ids=[self.security_group_id],
            client_cidr_block=str(self._args.client_cidr),
            server_certificate_arn=self._args.server_certificate_arn,
            authentication_options=[
                aws.ec2clientvpn.EndpointAuthenticationOptionArgs(
                    type="certificate-authentication",
                    root_certificate_chain_arn=self._args.client_root_certificate_arn,
                )
            ],
            connection_log_options=aws.ec2clientvpn.EndpointConnectionLogOptionsArgs(
                enabled=True, cloudwatch_log_group=self.log_group_name, cloudwatch_log_stream=log_stream
            ),
            dns_servers=[str(self._resolver.network_address)],
            split_tunnel=True,
            transport_protocol="udp",
            vpn_port=HTTPS,
            session_timeout_hours=self._args.session_hours,
            disconnect_on_session_timeout=True,
            # The portal hands out the configuration to users of a directory, and certificates know no users.
            self_service_portal="disabled",
            tags={"Name": self._name},
            opts=self.child(),
        )

    @property
    def _resolver(self) -> IPv4Network:
        """Private names resolve at the third address of a VPC, and nowhere outside."""
        return IPv4Network(self._args.vpc_cidr[2])

    def _associations(self) -> dict[str, aws.ec2clientvpn.NetworkAssociation]:
        return {
            zone: aws.ec2clientvpn.NetworkAssociation(
                f"{self._name}-{zone}",
                client_vpn_endpoint_id=self.endpoint_id,
                subnet_id=subnet_id,
                opts=self.child(),
            )
            for zone, subnet_id in self._args.subnet_ids.items()
        }

    def _authorizations(self) -> None:
        for use, cidr in {**self._args.targets, "resolver": self._resolver}.items():
            aws.ec2clientvpn.AuthorizationRule(
                f"{self._name}-{use}",
                client_vpn_endpoint_id=self.endpoint_id,
                target_network_cidr=str(cidr),
                description=f"Clients reach {use}",
                authorize_all_groups=True,  # certificates carry no groups
                opts=self.child(),
            )

    def _routes(self, associations: Mapping[str, aws.ec2clientvpn.NetworkAssociation]) -> None:
        """AWS adds the route to the VPC with each association; the routes to the other cloud are ours."""
        remote = {use: cidr for use, cidr in self._args.targets.items() if not cidr.subnet_of(self._args.vpc_cidr)}
        for use, cidr in remote.items():
            for zone, association in associations.items():
                aws.ec2clientvpn.Route(
                    f"{self._name}-{use}-{zone}",
                    client_vpn_endpoint_id=self.endpoint_id,
                    destination_cidr_block=str(cidr),
                    target_vpc_subnet_id=association.subnet_id,
                    description=f"{use} by {zone}",
                    opts=self.child(),
                )
