"""Container image registries of both clouds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after

SECONDS_A_DAY = 86_400

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
PUSH = [
    *PULL,
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


@dataclass(frozen=True, kw_only=True)
class RegistryReplica:
    """The copies of the AWS repositories in the recovery region."""

    region: str
    """The recovery region."""
    key_arn: pulumi.Input[str]
    """The KMS key there, such as the replica of the repositories' own."""


@dataclass(frozen=True, kw_only=True)
class AwsRegistryArgs:
    """The AWS half of a RegistryPair."""

    account_id: str
    """The account that owns the repositories, 12 digits."""
    region: str
    """The region of the provider, such as `us-east-1`."""
    key_arn: pulumi.Input[str]
    """The KMS key that encrypts the images."""
    replica: RegistryReplica | None
    """The copies in the recovery region; None where there is no such region."""
    readers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """ARNs of roles that pull, by what they are for, beside those that IAM allows to."""
    publishers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """ARNs of roles that push, by what they are for, beside those that IAM allows to."""


@dataclass(frozen=True, kw_only=True)
class GcpRegistryArgs:
    """The Google Cloud half of a RegistryPair."""

    project_id: str
    """The project that owns the repository."""
    region: str
    """The location of the repository."""
    key_id: pulumi.Input[str]
    """The Cloud KMS key of that region; Artifact Registry's service agent may use it."""
    readers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """IAM members that pull, by what they are for."""
    publishers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """IAM members that push, by what they are for."""


@dataclass(frozen=True, kw_only=True)
class RegistryPairArgs:
    """What a RegistryPair needs to know."""

    prefix: str
    """What the path of every image begins with, in both clouds: `<host>/<prefix>/<image>`."""
    images: Sequence[str]
    """The images by name, such as `backend-api`."""
    keep_images: int
    """Tagged images kept of each name, the newest; more than releases that might be rolled back."""
    untagged_days: int
    """Days after which an image without a tag is deleted."""
    aws: AwsRegistryArgs
    """The AWS half."""
    gcp: GcpRegistryArgs | None
    """The Google Cloud half; None where there is no standby cloud."""


class RegistryPair(Component):
    """ECR repositories, one an image, and an Artifact Registry repository with the same paths.

    Owns the repositories, their copies in the recovery region, and the registry-wide scanning and replication of the
    account and region, of which AWS has one each: two RegistryPairs in one account and region would overwrite each
    other's. Guarantees that a tag never moves, that every image is scanned and encrypted, and that a repository that
    holds images is not deleted. Leaves out the images: the release copies them from ECR to Artifact Registry by digest,
    so that both clouds run the same bytes.
    """

    aws_repository_urls: Mapping[str, Output[str]]
    """Where to push and pull, by image."""
    aws_repository_arns: Mapping[str, Output[str]]
    """The repositories, by image."""
    aws_replica_repository_urls: Mapping[str, Output[str]]
    """Where the recovery region pulls from, by image; empty if there is none."""
    aws_replica_repository_arns: Mapping[str, Output[str]]
    """The repositories there, by image; empty if there is none."""
    gcp_repository_url: Output[str] | None
    """What `/<image>` is added to; None without the Google half."""

    def __init__(self, name: str, args: RegistryPairArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:registry:RegistryPair", name, None, opts)
        self._name, self._args = name, args

        repositories = {image: self._aws_repository(image, args.aws.region, args.aws.key_arn) for image in args.images}
        self.aws_repository_urls = {image: each.repository_url for image, each in repositories.items()}
        self.aws_repository_arns = {image: each.arn for image, each in repositories.items()}
        self._aws_scanning()
        copies = self._aws_replication(args.aws.replica) if args.aws.replica else {}
        self.aws_replica_repository_urls = {image: each.repository_url for image, each in copies.items()}
        self.aws_replica_repository_arns = {image: each.arn for image, each in copies.items()}
        self.gcp_repository_url = self._gcp_repository(args.gcp) if args.gcp else None
        self.publish()

    def _aws_repository(self, image: str, region: str, key_arn: pulumi.Input[str]) -> aws.ecr.Repository:
        role = f"aws-{image}" if region == self._args.aws.region else f"aws-{region}-{image}"
        repository = aws.ecr.Repository(
            f"{self._name}-{role}",
            region=region,
            name=f"{self._args.prefix}/{image}",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=key_arn)
            ],
            force_delete=False,
            opts=self.child(protect=True),
        )
        aws.ecr.LifecyclePolicy(
            f"{self._name}-{role}",
            region=region,
            repository=repository.name,
            policy=policy.rendered(lifecycle_policy(self._args.keep_images, self._args.untagged_days)),
            opts=self.child(),
        )
        self._aws_access(role, region, repository.name)
        return repository

    def _aws_access(self, role: str, region: str, repository_name: Output[str]) -> None:
        half = self._args.aws
        if half.readers or half.publishers:
            aws.ecr.RepositoryPolicy(
                f"{self._name}-{role}",
                region=region,
                repository=repository_name,
                policy=policy.rendered(repository_policy(half.readers, half.publishers)),
                opts=self.child(),
            )

    def _aws_scanning(self) -> None:
        """When pushed, and again whenever a new vulnerability is published; copies have the same digests."""
        aws.ecr.RegistryScanningConfiguration(
            f"{self._name}-aws",
            scan_type="ENHANCED",
            rules=[
                aws.ecr.RegistryScanningConfigurationRuleArgs(
                    scan_frequency="CONTINUOUS_SCAN",
                    repository_filters=[
                        aws.ecr.RegistryScanningConfigurationRuleRepositoryFilterArgs(
                            filter=f"{self._args.prefix}/*", filter_type="WILDCARD"
                        )
                    ],
                )
            ],
            opts=self.child(),
        )

    def _aws_replication(self, replica: RegistryReplica) -> dict[str, aws.ecr.Repository]:
        """ECR copies images, not settings: a repository it made itself would have movable tags and no key of ours."""
        copies = {image: self._aws_repository(image, replica.region, replica.key_arn) for image in self._args.images}
        rules = aws.ecr.ReplicationConfigurationReplicationConfigurationRuleArgs(
            destinations=[
                aws.ecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArgs(
                    region=replica.region, registry_id=self._args.aws.account_id
                )
            ],
            repository_filters=[
                aws.ecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArgs(
                    filter=f"{self._args.prefix}/", filter_type="PREFIX_MATCH"
                )
            ],
        )
        aws.ecr.ReplicationConfiguration(
            f"{self._name}-aws",
            replication_configuration=aws.ecr.ReplicationConfigurationReplicationConfigurationArgs(rules=[rules]),
            # An image pushed before its copy's repository exists would make ECR create one, in the way of ours.
            opts=self.child(depends_on=list(copies.values())),
        )
        return copies

    def _gcp_repository(self, half: GcpRegistryArgs) -> Output[str]:
        repository = gcp.artifactregistry.Repository(
            f"{self._name}-gcp",
            project=half.project_id,
            location=half.region,
            repository_id=self._args.prefix,
            format="DOCKER",
            description="Images of the platform, copied by the release",
            docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
            vulnerability_scanning_config=gcp.artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
                enablement_config="INHERITED"
            ),
            kms_key_name=half.key_id,
            cleanup_policies=cleanup_policies(self._args.keep_images, self._args.untagged_days),
            cleanup_policy_dry_run=False,
            deletion_policy="PREVENT",
            opts=self.child(protect=True),
        )
        return after(repository.registry_uri, self._gcp_grants(half, repository))

    def _gcp_grants(
        self, half: GcpRegistryArgs, repository: gcp.artifactregistry.Repository
    ) -> list[gcp.artifactregistry.RepositoryIamMember]:
        grants = [
            *((f"reader-{key}", "roles/artifactregistry.reader", member) for key, member in half.readers.items()),
            *((f"publisher-{key}", "roles/artifactregistry.writer", member) for key, member in half.publishers.items()),
        ]
        return [
            gcp.artifactregistry.RepositoryIamMember(
                f"{self._name}-gcp-{key}",
                project=half.project_id,
                location=half.region,
                repository=repository.name,
                role=role,
                member=member,
                opts=self.child(),
            )
            for key, role, member in grants
        ]


def lifecycle_policy(keep_images: int, untagged_days: int) -> dict[str, Any]:
    """What ECR deletes by itself, most urgent rule first."""
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": untagged_days,
    }
    tagged = {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": "imageCountMoreThan",
        "countNumber": keep_images,
    }
    rules = [
        {"rulePriority": priority, "description": description, "selection": selection, "action": {"type": "expire"}}
        for priority, description, selection in (
            (1, f"untagged for {untagged_days} days", untagged),
            (2, f"beyond the newest {keep_images}", tagged),
        )
    ]
    return {"rules": rules}


def repository_policy(
    readers: Mapping[str, pulumi.Input[str]], publishers: Mapping[str, pulumi.Input[str]]
) -> dict[str, Any]:
    """Pull and push for the roles named; in a repository's policy the resource is the repository and not written."""
    statements: list[dict[str, Any]] = []
    if readers:
        statements.append(policy.allow("ReadersPull", PULL, principals={"AWS": list(readers.values())}))
    if publishers:
        statements.append(policy.allow("PublishersPush", PUSH, principals={"AWS": list(publishers.values())}))
    return policy.document(*statements)


def cleanup_policies(keep_images: int, untagged_days: int) -> list[gcp.artifactregistry.RepositoryCleanupPolicyArgs]:
    """What Artifact Registry deletes by itself; keeping wins over deleting.

    Tagged images are not among it: where tags are immutable, Google lets nothing delete an image that has one.
    """
    return [
        gcp.artifactregistry.RepositoryCleanupPolicyArgs(
            id="delete-untagged",
            action="DELETE",
            condition=gcp.artifactregistry.RepositoryCleanupPolicyConditionArgs(
                tag_state="UNTAGGED", older_than=f"{untagged_days * SECONDS_A_DAY}s"
            ),
        ),
        gcp.artifactregistry.RepositoryCleanupPolicyArgs(
            id="keep-newest",
            action="KEEP",
            most_recent_versions=gcp.artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(
                keep_count=keep_images
            ),
        ),
    ]
