"""What services run on, wherever they do: processors, logs, machines, and what stands by in the recovery region."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.network import FlowLogDays as LogDays
from stacks.settings.section import Section
from stacks.settings.services import ServiceName


class Ec2Machines(Section):
    """The machines of services whose primary is `ec2`; a copy of a service has one for itself."""

    instance_type: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9-]*\.([0-9]*x?large|nano|micro|small|medium)$", examples=["m7g.large"])
    ]
    """Their size, of a family with the processor that `architecture` says."""
    image_id: Annotated[str, Field(pattern=r"^ami-([0-9a-f]{8}|[0-9a-f]{17})$", examples=["ami-0123456789abcdef0"])]
    """The image of an Amazon Linux 2023 in the primary region, by its own id: only that can be rolled back to."""
    disk_gib: Annotated[int, Field(ge=8, le=16384)]
    """GiB of the encrypted disk of each, 8 to 16384."""


class CloudRunPlace(Section):
    """What all services on Cloud Run share; not built without the standby half."""

    egress: Literal["all_traffic", "private_ranges"]
    """What leaves by way of the VPC, its firewall and its NAT: everything, or only what goes to private addresses."""
    deletion_protection: bool
    """Whether Google Cloud refuses to delete the services."""


class Compute(Section):
    """Where services run."""

    architecture: Literal["ARM64", "X86_64"]
    """The processors in AWS. Cloud Run has x86-64 alone: an image that runs in both clouds is built for both."""
    spot: bool
    """Whether tasks of ECS run on Fargate Spot: cheaper by two thirds, and taken away with two minutes' notice."""
    log_retention_days: LogDays
    """Days that the output of services is kept; CloudWatch takes only certain numbers."""
    ec2: Ec2Machines | None
    """The machines, or null where no service runs on any."""
    cloud_run: CloudRunPlace
    """What all services on Cloud Run share."""
    recovery: Mapping[ServiceName, Annotated[int, Field(ge=1, le=100)]]
    """Services of ECS that stand by in the recovery region, and how many copies of each; every copy is paid for."""
