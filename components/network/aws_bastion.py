"""A host inside the VPC for administrators, reached by Session Manager."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.network.ranges import ANYWHERE
from components.security.key_pair import AwsKeyArgs, KeyPair, KeyPairArgs

HTTPS = 443
WEEK_SECONDS = 7 * 24 * 3600
IDLE_MINUTES = 20
AMAZON_LINUX = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


@dataclass(frozen=True, kw_only=True)
class AwsBastionArgs:
    """What an AwsBastion needs to know."""

    account_id: str
    """The account that owns the VPC, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    vpc_id: pulumi.Input[str]
    """The VPC to look into."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Private subnets the host may stand in, by zone; it moves when a zone is lost."""
    instance_type: str
    """The size of the host, of an ARM family: `t4g.micro` ..."""
    security_group_ids: Sequence[pulumi.Input[str]]
    """The groups of the access rules that say what administrators reach from the host: databases, caches ..."""
    administrators: Sequence[str]
    """ARNs of the roles that open sessions: they and the host alone use the key that encrypts them."""
    key_rotation_days: int
    """Days between two rotations of that key's material, 90 to 2560."""
    key_deletion_window_days: int
    """Days in which a scheduled deletion of that key can still be cancelled, 7 to 30."""
    log_retention_days: int
    """Days that sessions are kept in CloudWatch Logs; one of the periods CloudWatch accepts."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key of the same region that encrypts the session log."""


class AwsBastion(Component):
    """One private instance that nothing can connect to, from which Session Manager opens sessions.

    Owns the instance, its role, its security group, the session log, the session document and the key that encrypts
    sessions beyond TLS. Guarantees that no port
    is open and no SSH key exists, that sessions by the document are logged and encrypted with our keys, and that no
    host is older than a week, each starting from the newest Amazon Linux. Leaves out who may start a session, which is
    for the roles of administrators to say, and the account's default document, which may exist already.
    """

    autoscaling_group_name: Output[str]
    """The group that keeps one host running; its instance is the target of a session."""
    security_group_id: Output[str]
    """The host's own security group: nothing in, HTTPS out."""
    role_arn: Output[str]
    """The role of the host."""
    session_document_name: Output[str]
    """What to start a session with: `aws ssm start-session --document-name`."""
    log_group_name: Output[str]
    """Where sessions are logged."""

    def __init__(self, name: str, args: AwsBastionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:network:AwsBastion", name, None, opts)
        self._name, self._args = name, args

        self.security_group_id = self._security_group()
        logs = self._log_group()
        self.log_group_name = logs.name
        role = self._role()
        self.role_arn = role.arn
        session_key_arn = self._session_key()
        self.session_document_name = self._session_document(session_key_arn)
        self._permissions(role, logs.arn, session_key_arn)
        self.autoscaling_group_name = self._instance(role)
        self.publish()

    def _security_group(self) -> Output[str]:
        group = aws.ec2.SecurityGroup(
            self._name,
            description="Bastion: nothing in, HTTPS out",
            vpc_id=self._args.vpc_id,
            tags={"Name": self._name},
            opts=self.child(),
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-https",
            security_group_id=group.id,
            description="Session Manager, packages and the Kubernetes APIs",
            cidr_ipv4=str(ANYWHERE),
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            opts=self.child(),
        )
        return group.id

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-sessions",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._args.logs_key_arn,
            opts=self.child(),
        )

    def _session_key(self) -> Output[str]:
        """A key of its own: its policy names the host's role, which has to exist before."""
        users = {arn.rpartition("/")[2]: arn for arn in self._args.administrators}
        return KeyPair(
            f"{self._name}-sessions",
            KeyPairArgs(
                purpose=f"Sessions on {self._name}",
                rotation_days=self._args.key_rotation_days,
                deletion_window_days=self._args.key_deletion_window_days,
                aws=AwsKeyArgs(
                    account_id=self._args.account_id,
                    region=self._args.region,
                    recovery_region=None,
                    administrators=self._args.administrators,
                    users={**users, "host": self.role_arn},
                ),
                gcp=None,
            ),
            self.child(),
        ).aws_key_arn

    def _session_document(self, session_key_arn: Output[str]) -> Output[str]:
        """Preferences of a session: encrypted, logged while it runs, closed when idle."""
        return aws.ssm.Document(
            f"{self._name}-session",
            document_type="Session",
            document_format="JSON",
            content=Output.json_dumps(
                {
                    "schemaVersion": "1.0",
                    "description": f"Session on {self._name}, logged and encrypted",
                    "sessionType": "Standard_Stream",
                    "inputs": {
                        "kmsKeyId": session_key_arn,
                        "cloudWatchLogGroupName": self.log_group_name,
                        "cloudWatchEncryptionEnabled": True,
                        "cloudWatchStreamingEnabled": True,
                        "idleSessionTimeout": str(IDLE_MINUTES),
                    },
                }
            ),
            opts=self.child(),
        ).name

    def _role(self) -> aws.iam.Role:
        return aws.iam.Role(
            self._name,
            description=f"Host {self._name}: registers with Session Manager and logs sessions",
            assume_role_policy=policy.rendered(
                policy.document(
                    policy.allow("InstanceAssumes", ["sts:AssumeRole"], principals={"Service": "ec2.amazonaws.com"})
                )
            ),
            opts=self.child(),
        )

    def _permissions(self, role: aws.iam.Role, log_group_arn: Output[str], session_key_arn: Output[str]) -> None:
        aws.iam.RolePolicyAttachment(
            f"{self._name}-session-manager",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
            opts=self.child(),
        )
        aws.iam.RolePolicy(
            f"{self._name}-session-log",
            role=role.id,
            policy=policy.rendered(session_policy(log_group_arn, session_key_arn)),
            opts=self.child(),
        )

    def _instance(self, role: aws.iam.Role) -> Output[str]:
        profile = aws.iam.InstanceProfile(self._name, role=role.name, opts=self.child())
        template = self._launch_template(profile)
        return aws.autoscaling.Group(
            self._name,
            min_size=1,
            max_size=1,
            desired_capacity=1,
            vpc_zone_identifiers=list(self._args.subnet_ids.values()),
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            max_instance_lifetime=WEEK_SECONDS,
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(
                strategy="Rolling",
                # A single host can only be replaced by letting it go.
                preferences=aws.autoscaling.GroupInstanceRefreshPreferencesArgs(min_healthy_percentage=0),
            ),
            health_check_type="EC2",
            opts=self.child(),
        ).name

    def _launch_template(self, profile: aws.iam.InstanceProfile) -> aws.ec2.LaunchTemplate:
        return aws.ec2.LaunchTemplate(
            self._name,
            image_id=AMAZON_LINUX,
            instance_type=self._args.instance_type,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            update_default_version=True,
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    associate_public_ip_address="false",
                    delete_on_termination="true",
                    security_groups=[self.security_group_id, *self._args.security_group_ids],
                )
            ],
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    # With AWS's own key: ours would have to be granted to the role by which all groups start instances.
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        encrypted="true", volume_type="gp3", volume_size=8, delete_on_termination="true"
                    ),
                )
            ],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags={"Name": self._name})
                for kind in ("instance", "volume")
            ],
            opts=self.child(),
        )


def session_policy(log_group_arn: pulumi.Input[str], session_key_arn: pulumi.Input[str]) -> dict[str, object]:
    """Write to the session log and decrypt what the administrator sends."""
    return policy.document(
        policy.allow(
            "WriteSessionLog",
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            [log_group_arn, Output.concat(log_group_arn, ":*")],
        ),
        # The agent lists all groups to see that ours is encrypted, and writes nothing if it may not.
        policy.allow(
            "FindSessionLog",
            ["logs:DescribeLogGroups"],
            [Output.from_input(log_group_arn).apply(lambda arn: f"{arn.partition(':log-group:')[0]}:log-group:*")],
        ),
        policy.allow("DecryptSession", ["kms:Decrypt"], [session_key_arn]),
    )
