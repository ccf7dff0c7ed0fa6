"""The ways in for people: bastions and the certificate VPN. None of them opens SSH to the internet."""

from dataclasses import dataclass
from typing import Any

from components.network.aws_bastion import AwsBastion, AwsBastionArgs
from components.network.client_vpn import ClientVpn, ClientVpnArgs
from components.network.gcp_bastion import GcpBastion, GcpBastionArgs
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.topology.network import Networks
from stacks.topology.providers import Providers


@dataclass(frozen=True, kw_only=True)
class Administrators:
    """How people come in; None for each way that the settings leave out."""

    aws_bastion: AwsBastion | None
    """The host in AWS."""
    gcp_bastion: GcpBastion | None
    """The host in Google Cloud."""
    client_vpn: ClientVpn | None
    """The way to the Kubernetes APIs of both clouds."""

    def outputs(self) -> dict[str, Any]:
        """What people connect to."""
        return {
            "aws_bastion_session": self.aws_bastion.session_document_name if self.aws_bastion else None,
            "gcp_bastion_instance": self.gcp_bastion.instance_name if self.gcp_bastion else None,
            "client_vpn_endpoint": self.client_vpn.dns_name if self.client_vpn else None,
        }


def administrators(settings: Settings, providers: Providers, network: Networks, logs_key: KeyPair) -> Administrators:
    """The ways in that the settings ask for, each in the cloud that is there."""
    return Administrators(
        aws_bastion=_aws_bastion(settings, providers, network, logs_key),
        gcp_bastion=_gcp_bastion(settings, providers, network),
        client_vpn=_client_vpn(settings, providers, network, logs_key),
    )


def _aws_bastion(settings: Settings, providers: Providers, network: Networks, logs_key: KeyPair) -> AwsBastion | None:
    bastion = settings.network.access.bastion
    if bastion is None:
        return None
    return AwsBastion(
        "bastion",
        AwsBastionArgs(
            account_id=settings.aws.account_id,
            region=settings.aws.region,
            vpc_id=network.pair.vpc_id,
            subnet_ids=network.pair.private_subnet_ids,
            instance_type=bastion.aws_instance_type,
            security_group_ids=[network.aws_access.security_group_ids["bastion"]],
            administrators=settings.aws.administrators,
            key_rotation_days=settings.keys.rotation_days,
            key_deletion_window_days=settings.keys.deletion_window_days,
            log_retention_days=settings.network.aws.flow_log_retention_days,
            logs_key_arn=logs_key.aws_key_arn,
        ),
        providers.options(),
    )


def _gcp_bastion(settings: Settings, providers: Providers, network: Networks) -> GcpBastion | None:
    bastion, subnetwork, vpc = (
        settings.network.access.bastion,
        network.pair.nodes_subnetwork_id,
        network.pair.network_id,
    )
    if bastion is None or subnetwork is None or vpc is None or network.gcp_access is None:
        return None
    return GcpBastion(
        "gcp-bastion",
        GcpBastionArgs(
            project_id=settings.gcp.project_id,
            zone=settings.gcp.zones[0],
            network_id=vpc,
            subnetwork_id=subnetwork,
            machine_type=bastion.gcp_machine_type,
            image=bastion.gcp_image,
            network_tags=[network.gcp_access.network_tags["gcp-bastion"]],
            administrators=settings.gcp.administrators,
        ),
        providers.options(),
    )


def _client_vpn(settings: Settings, providers: Providers, network: Networks, logs_key: KeyPair) -> ClientVpn | None:
    vpn = settings.network.access.client_vpn
    if vpn is None:
        return None
    google = {"gcp-control-plane": settings.network.gcp.control_plane} if network.pair.transit_gateway_id else {}
    return ClientVpn(
        "client-vpn",
        ClientVpnArgs(
            vpc_id=network.pair.vpc_id,
            vpc_cidr=settings.network.aws.cidr,
            subnet_ids=network.pair.private_subnet_ids,
            client_cidr=vpn.cidr,
            server_certificate_arn=vpn.server_certificate_arn,
            client_root_certificate_arn=vpn.client_root_certificate_arn,
            targets={"kubernetes": settings.network.aws.cidr, **google},
            session_hours=vpn.session_hours,
            log_retention_days=settings.network.aws.flow_log_retention_days,
            logs_key_arn=logs_key.aws_key_arn,
        ),
        providers.options(),
    )
