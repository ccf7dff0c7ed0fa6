"""A host inside the Google Cloud network for administrators, reached by the Identity-Aware Proxy."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component
from components.network.ranges import GOOGLE_IAP

SSH = 22
ALLOW_PRIORITY = 1000
ACCOUNT_ID_LENGTHS = range(6, 31)


@dataclass(frozen=True, kw_only=True)
class GcpBastionArgs:
    """What a GcpBastion needs to know."""

    project_id: str
    """The project of the network."""
    zone: str
    """The zone the host stands in, such as `us-central1-a`."""
    network_id: pulumi.Input[str]
    """The network to look into."""
    subnetwork_id: pulumi.Input[str]
    """The subnet the host stands in."""
    machine_type: str
    """The size of the host: `e2-micro` ..."""
    image: str
    """The image the host starts from, or a family of images: `projects/debian-cloud/global/images/family/debian-12`."""
    network_tags: Sequence[pulumi.Input[str]]
    """The tags of the access rules that say what administrators reach from the host: databases, caches ..."""
    administrators: Sequence[str]
    """Who may open a tunnel and sign in, with sudo: `group:...`, `user:...`."""


class GcpBastion(Component):
    """One private instance whose only door is a tunnel of the Identity-Aware Proxy.

    Owns the instance, its service account without a role, the firewall rule for the proxy and the grants on this
    instance. Guarantees that it has no public address, that its SSH answers the proxy alone, and that who gets in is
    decided by IAM: keys in the metadata of the project or instance do not count. Leaves out what the host reaches,
    which is for the access rules to say.
    """

    instance_name: Output[str]
    """The instance: `gcloud compute ssh --tunnel-through-iap`."""
    service_account_email: Output[str]
    """The identity of the host, which may do nothing."""

    def __init__(self, name: str, args: GcpBastionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:GcpBastion", name, None, opts)
        self._name, self._args = name, args

        account = self._service_account()
        self.service_account_email = account.email
        self._firewall()
        self.instance_name = self._instance()
        for member in args.administrators:
            self._administrator(member, account)
        self.publish()

    def _service_account(self) -> gcp.serviceaccount.Account:
        if len(self._name) not in ACCOUNT_ID_LENGTHS:
            raise ValueError(f"{self._name!r} cannot name a service account: Google takes 6 to 30 characters")
        return gcp.serviceaccount.Account(
            self._name,
            project=self._args.project_id,
            account_id=self._name,
            display_name=f"Host {self._name}",
            description="Has no role: administrators bring their own permissions",
            opts=self.child(),
        )

    def _firewall(self) -> None:
        gcp.compute.Firewall(
            f"{self._name}-iap",
            project=self._args.project_id,
            network=self._args.network_id,
            description="SSH from the Identity-Aware Proxy",
            direction="INGRESS",
            priority=ALLOW_PRIORITY,
            source_ranges=[str(GOOGLE_IAP)],
            target_service_accounts=[self.service_account_email],
            allows=[gcp.compute.FirewallAllowArgs(protocol="tcp", ports=[str(SSH)])],
            log_config=gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
            opts=self.child(),
        )

    def _instance(self) -> Output[str]:
        return gcp.compute.Instance(
            self._name,
            project=self._args.project_id,
            zone=self._args.zone,
            description=f"Host {self._name} for administrators",
            machine_type=self._args.machine_type,
            boot_disk=gcp.compute.InstanceBootDiskArgs(
                auto_delete=True,
                initialize_params=gcp.compute.InstanceBootDiskInitializeParamsArgs(
                    image=self._args.image, type="pd-balanced", size=10
                ),
            ),
            # An interface without access configuration gets no public address.
            network_interfaces=[gcp.compute.InstanceNetworkInterfaceArgs(subnetwork=self._args.subnetwork_id)],
            metadata={
                "enable-oslogin": "TRUE",
                "block-project-ssh-keys": "TRUE",
                "serial-port-enable": "FALSE",
            },
            service_account=gcp.compute.InstanceServiceAccountArgs(
                email=self.service_account_email, scopes=["cloud-platform"]
            ),
            shielded_instance_config=gcp.compute.InstanceShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
            ),
            tags=list(self._args.network_tags),
            can_ip_forward=False,
            allow_stopping_for_update=True,
            opts=self.child(),
        ).name

    def _administrator(self, member: str, account: gcp.serviceaccount.Account) -> None:
        """Three doors in a row: the tunnel, the sign-in, and the identity that the host runs as."""
        key = member.replace(":", "-")
        gcp.iap.TunnelInstanceIAMMember(
            f"{self._name}-{key}",
            project=self._args.project_id,
            zone=self._args.zone,
            instance=self.instance_name,
            role="roles/iap.tunnelResourceAccessor",
            member=member,
            opts=self.child(),
        )
        gcp.compute.InstanceIAMMember(
            f"{self._name}-{key}",
            project=self._args.project_id,
            zone=self._args.zone,
            instance_name=self.instance_name,
            role="roles/compute.osAdminLogin",
            member=member,
            opts=self.child(),
        )
        gcp.serviceaccount.IAMMember(
            f"{self._name}-{key}",
            service_account_id=account.name,
            role="roles/iam.serviceAccountUser",
            member=member,
            opts=self.child(),
        )
