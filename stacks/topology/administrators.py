"""The ways in for people: bastions and the certificate VPN. None of them opens SSH to the internet."""

from components.network.aws_bastion import AwsBastion, AwsBastionArgs
from components.network.client_vpn import ClientVpn, ClientVpnArgs
from components.network.gcp_bastion import GcpBastion, GcpBastionArgs
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.topology.network import Networks
from stacks.topology.providers import Providers


def bastions(
    settings: Settings, providers: Providers, network: Networks, logs_key: KeyPair
) -> tuple[AwsBastion | None, GcpBastion | None]:
    """A host in each cloud that is there, where the settings ask for one."""
    if settings.network.access.bastion is None:
        return None, None
    return (
        _aws_bastion(settings, providers, network, logs_key),
        _gcp_bastion(settings, providers, network) if settings.gcp.enabled else None,
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


def client_vpn(settings: Settings, providers: Providers, network: Networks, logs_key: KeyPair) -> ClientVpn | None:
    """The way to the Kubernetes APIs of both clouds, where the settings ask for one."""
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
