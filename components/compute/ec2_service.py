"""A service on EC2 machines, in two colours."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.compute.aws_runtime import AwsIdentity, AwsLogs, AwsPlace, AwsTarget
from components.compute.colours import bounds, check_release, of_colour, target_groups_after
from components.compute.ec2_boot import Boot, user_data
from components.compute.ec2_scaling import Ec2Scaling, Ec2ScalingArgs
from components.compute.permissions import start_statements
from components.ordering import after
from components.workloads.service import COLOURS, Colour, ServiceSpec

BOOT_SECONDS = 300
"""From a bare machine to a container that answers: packages, image, start."""
SPARE_PERCENT = 110


@dataclass(frozen=True, kw_only=True)
class Ec2Place:
    """The machines."""

    instance_type: str
    """Their size; a copy of the service has one for itself."""
    image_id: str
    """The AMI, an Amazon Linux 2023 of the same architecture as the images."""
    disk_gib: int
    """GiB of the encrypted disk."""

    def __post_init__(self) -> None:
        if not self.image_id.startswith("ami-"):
            raise ValueError(
                f"image_id is {self.image_id}; only an AMI by its own id can be rolled back to, a parameter that "
                "resolves to one has changed by then"
            )


@dataclass(frozen=True, kw_only=True)
class Ec2ServiceArgs:
    """What an Ec2Service needs to know."""

    spec: ServiceSpec
    """The service; its replicas count machines of all zones together, its secrets are ARNs."""
    place: Ec2Place
    """The machines."""
    network: AwsPlace
    """Where they stand."""
    targets: Mapping[str, AwsTarget]
    """Where its load balancers look for its copies, by `<colour>-<router>`: `green-public`; none for a worker."""
    identity: AwsIdentity
    """Who it is, and what it may do."""
    logs: AwsLogs
    """Where its output is kept."""

    def __post_init__(self) -> None:
        if self.targets:
            check_release(self.spec)


class Ec2Service(Component):
    """A service as two Auto Scaling groups, one a colour, between which a weight shares the requests.

    Owns the launch templates, groups, scaling, role and the log. Guarantees that a weight changes only bounds, and with
    them the rule of the customers, which waits for the bounds by the target groups published here; that machines are
    replaced a few at a time and put back when an alarm sounds; that no secret stands in user data, and that credentials
    are given only to requests made on the machine. Zones get equal shares: six machines in three zones are two in each.

    One role serves the machine and the code in its container, which can therefore read all secrets of its own service.
    Memory does not scale it: nothing on the machine measures any. The rule waits until machines are asked for, not
    until they answer: a service that moves here while it is used has no copies for the minutes that they boot.

    Leaves out the target groups and rules, which outlive a move to another runtime: see ServiceTargets, TrafficSplit.
    """

    autoscaling_group_names: Mapping[str, Output[str]]
    """The groups, by colour."""
    target_group_arns: Mapping[str, Output[str]]
    """Its target groups by `<colour>-<router>`, once the copies behind them have been asked for."""
    role_arn: Output[str]
    """Who its machines are to AWS, for the policies of what its code uses."""
    log_group_name: Output[str]
    """Where its output is kept; streams begin with the colour."""

    def __init__(self, name: str, args: Ec2ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:compute:Ec2Service", name, None, opts)
        self._name, self._args = name, args

        log = self._log()
        self.log_group_name = log.name
        self.role_arn, profile_arn = self._role(log)
        templates = {colour: self._launch_template(colour, profile_arn) for colour in COLOURS}
        groups = {colour: self._group(colour, templates[colour]) for colour in COLOURS}
        self.autoscaling_group_names = {colour: group.name for colour, group in groups.items()}
        self._scaling()
        self.target_group_arns = target_groups_after(args.targets, groups.values())
        self.publish()

    def _log(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._name,
            retention_in_days=self._args.logs.retention_days,
            kms_key_id=self._args.logs.key_arn,
            opts=self.child(),
        )

    def _role(self, log: aws.cloudwatch.LogGroup) -> tuple[Output[str], Output[str]]:
        identity = self._args.identity
        role = aws.iam.Role(
            self._name,
            description=f"Machines of {self._name}: pull, read its secrets, log, and what its code does",
            assume_role_policy=policy.rendered(
                policy.document(
                    policy.allow("InstanceAssumes", ["sts:AssumeRole"], principals={"Service": "ec2.amazonaws.com"})
                )
            ),
            opts=self.child(),
        )
        starts = start_statements(identity, self._args.spec.secrets.values(), log.arn)
        permissions = aws.iam.RolePolicy(
            self._name,
            role=role.id,
            policy=policy.rendered(policy.document(*starts, *identity.statements)),
            opts=self.child(),
        )
        profile = aws.iam.InstanceProfile(self._name, role=role.name, opts=self.child())
        # A machine that boots before it may read its secrets never answers.
        return role.arn, after(profile.arn, [permissions])

    def _user_data(self, colour: Colour) -> Output[str]:
        spec, region = self._args.spec, self._args.identity.region
        return Output.all(
            image=spec.release.images[colour],
            environment=dict(spec.environment),
            secrets=dict(spec.secrets),
            log_group=self.log_group_name,
        ).apply(
            lambda values: user_data(
                Boot(
                    name=spec.name,
                    region=region,
                    port=spec.port,
                    colour=colour,
                    stop_seconds=spec.graceful_stop_seconds,
                    **values,
                )
            )
        )

    def _launch_template(self, colour: Colour, profile_arn: Output[str]) -> aws.ec2.LaunchTemplate:
        place = self._args.place
        return aws.ec2.LaunchTemplate(
            f"{self._name}-{colour}",
            image_id=place.image_id,
            instance_type=place.instance_type,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile_arn),
            update_default_version=True,
            user_data=self._user_data(colour).apply(encoded),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                # The container is one hop further than the machine.
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=2,
            ),
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    associate_public_ip_address="false",
                    delete_on_termination="true",
                    security_groups=list(self._args.network.security_group_ids),
                )
            ],
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    # With AWS's own key: ours would have to be granted to the role by which all groups start instances.
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        encrypted="true", volume_type="gp3", volume_size=place.disk_gib, delete_on_termination="true"
                    ),
                )
            ],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags={"Name": f"{self._name}-{colour}"})
                for kind in ("instance", "volume")
            ],
            opts=self.child(),
        )

    def _group(self, colour: Colour, template: aws.ec2.LaunchTemplate) -> aws.autoscaling.Group:
        capacity = bounds(self._args.spec, colour)
        targets = of_colour(self._args.targets, colour)
        return aws.autoscaling.Group(
            f"{self._name}-{colour}",
            # No desired capacity: a raised minimum is met at once, and everything above belongs to scaling.
            min_size=capacity.min,
            max_size=capacity.max,
            vpc_zone_identifiers=list(self._args.network.subnet_ids.values()),
            availability_zone_distribution=aws.autoscaling.GroupAvailabilityZoneDistributionArgs(
                capacity_distribution_strategy="balanced-best-effort"
            ),
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            target_group_arns=[target.target_group_arn for target in targets],
            health_check_type="ELB" if targets else "EC2",
            health_check_grace_period=BOOT_SECONDS,
            default_instance_warmup=BOOT_SECONDS,
            # It would wait for exactly the count that it knew last, which scaling may have left since.
            wait_for_capacity_timeout="0",
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(
                strategy="Rolling",
                preferences=aws.autoscaling.GroupInstanceRefreshPreferencesArgs(
                    min_healthy_percentage=100,
                    max_healthy_percentage=SPARE_PERCENT,
                    instance_warmup=str(BOOT_SECONDS),
                    auto_rollback=True,
                    alarm_specification=_judges([target.alarm_name for target in targets]),
                ),
            ),
            opts=self.child(),
        )

    def _scaling(self) -> None:
        for colour, group_name in self.autoscaling_group_names.items():
            Ec2Scaling(
                f"{self._name}-{colour}",
                Ec2ScalingArgs(autoscaling_group_name=group_name, scaling=self._args.spec.scaling),
                self.child(),
            )


def _judges(
    alarm_names: list[pulumi.Input[str]],
) -> aws.autoscaling.GroupInstanceRefreshPreferencesAlarmSpecificationArgs | None:
    if not alarm_names:
        return None
    return aws.autoscaling.GroupInstanceRefreshPreferencesAlarmSpecificationArgs(alarms=alarm_names)


def encoded(text: str) -> str:
    """Base64, as launch templates take user data."""
    return base64.b64encode(text.encode()).decode()
