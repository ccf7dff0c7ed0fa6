"""Pipelines on Data Fusion, where a change stream is not enough."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_gcp as gcp
from pulumi import Output

from components.component import Component


@dataclass(frozen=True, kw_only=True)
class FusionSettings:
    """An instance as it is wanted."""

    edition: Literal["DEVELOPER", "BASIC", "ENTERPRISE"]
    """What it can do; ENTERPRISE is in several zones and also replicates databases."""
    version: str
    """Its version, such as `6.11.1`."""
    subnetwork_id: pulumi.Input[str]
    """The subnet from which the instance connects to databases."""
    producer_project: str
    """Google's own project of the instance, which may connect to that subnet."""
    runner_email: pulumi.Input[str]
    """The e-mail address of the service account as which pipelines run; its rights are what a pipeline can reach."""


@dataclass(frozen=True, kw_only=True)
class DataFusionArgs:
    """What a DataFusion needs to know."""

    project_id: str
    """The project that owns the instance."""
    region: str
    """Its region."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of the region; Data Fusion's service agent may use it."""
    settings: FusionSettings
    """The instance as it is wanted."""


class DataFusion(Component):
    """A private Data Fusion instance.

    Owns the instance and the interface by which it reaches our network. Guarantees that it has no public address, that
    it is encrypted by the given key, and that its pipelines run as the given service account. Leaves out the pipelines:
    they are drawn or imported in its studio, and are lost with the instance.
    """

    instance_id: Output[str]
    """The instance."""

    def __init__(self, name: str, args: DataFusionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:DataFusion", name, None, opts)
        self._name, self._args = name, args

        self.instance_id = self._instance(self._attachment())
        self.publish()

    def _attachment(self) -> Output[str]:
        return gcp.compute.NetworkAttachment(
            self._name,
            project=self._args.project_id,
            region=self._args.region,
            description="Data Fusion reads the databases",
            subnetworks=[self._args.settings.subnetwork_id],
            connection_preference="ACCEPT_MANUAL",
            producer_accept_lists=[self._args.settings.producer_project],
            opts=self.child(),
        ).id

    def _instance(self, attachment_id: Output[str]) -> Output[str]:
        settings = self._args.settings
        return gcp.datafusion.Instance(
            self._name,
            project=self._args.project_id,
            region=self._args.region,
            type=settings.edition,
            version=settings.version,
            private_instance=True,
            network_config=gcp.datafusion.InstanceNetworkConfigArgs(
                connection_type="PRIVATE_SERVICE_CONNECT_INTERFACES",
                private_service_connect_config=gcp.datafusion.InstanceNetworkConfigPrivateServiceConnectConfigArgs(
                    network_attachment=attachment_id
                ),
            ),
            crypto_key_config=gcp.datafusion.InstanceCryptoKeyConfigArgs(key_reference=self._args.key_id),
            dataproc_service_account=settings.runner_email,
            enable_stackdriver_logging=True,
            enable_stackdriver_monitoring=True,
            opts=self.child(protect=True),
        ).id
