"""Who of each cloud may act in the other, with no key that could be stolen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
import pulumi_random as random
from pulumi import Output

from components import policy
from components.component import Component

# Google allows 32 characters; five are for what makes the id unique.
POOL_PREFIX = re.compile(r"(?!gcp-)[a-z][a-z0-9-]{2,25}[a-z0-9]")

# The role without the name of its session: Google refuses a subject of more than 127 bytes, which role and session
# together exceed for a Lambda function with long names. Which session it was stands in CloudTrail.
ROLE_OF_SESSION = (
    "assertion.arn.extract('{account}assumed-role/') + 'assumed-role/' + assertion.arn.extract('assumed-role/{role}/')"
)


@dataclass(frozen=True, kw_only=True)
class AwsCaller:
    """An AWS role that acts as a Google service account."""

    role_arn: pulumi.Input[str]
    """The role."""
    service_account_id: pulumi.Input[str]
    """The service account it acts as, by its full name: `projects/<project>/serviceAccounts/<email>`."""


@dataclass(frozen=True, kw_only=True)
class GoogleCaller:
    """A Google service account that acts as an AWS role made for it."""

    unique_id: pulumi.Input[str]
    """The account's numeric id; its e-mail address could be given to another account once this one is deleted."""
    audience: str | None
    """What the caller asks its token for; None for a Google service, which chooses for itself."""
    permissions: Mapping[str, Any]
    """What the role may do: a policy document as data."""


@dataclass(frozen=True, kw_only=True)
class CloudTrustArgs:
    """What a CloudTrust needs to know."""

    account_id: str
    """The AWS account, 12 digits."""
    project_id: str
    """The Google Cloud project."""
    pool_prefix: str
    """What the id of the identity pool begins with: 4 to 27 of `a-z0-9-`."""
    aws_callers: Mapping[str, AwsCaller] = field(default_factory=dict)
    """AWS roles that act in Google Cloud, by what they are for."""
    google_callers: Mapping[str, GoogleCaller] = field(default_factory=dict)
    """Google service accounts that act in AWS, by what they are for."""

    def __post_init__(self) -> None:
        if not POOL_PREFIX.fullmatch(self.pool_prefix):
            raise ValueError(
                f"pool_prefix {self.pool_prefix!r} cannot begin the id of an identity pool; "
                "write 4 to 27 of a-z, 0-9 and -, beginning with a letter but not with gcp-"
            )


class CloudTrust(Component):
    """Web identity between the clouds, for named callers only.

    Owns the identity pool that AWS roles come in by, the permission of each to act as one service account, and the AWS
    roles of Google service accounts. Guarantees that nobody else of either cloud gets in: a role that is not named is
    refused at the pool's door, whatever it was granted behind it, and a service account is known by its numeric id.
    With no callers it is whole and lets nobody through. Leaves out the service accounts and the roles that call: they
    belong to the parts that use them.
    """

    pool_name: Output[str]
    """The identity pool: `projects/<number>/locations/global/workloadIdentityPools/<id>`."""
    provider_name: Output[str]
    """The pool's provider for the AWS account, which callers name as the audience of their token exchange."""
    aws_role_arns: Mapping[str, Output[str]]
    """Roles of the Google callers, by what they are for."""

    def __init__(self, name: str, args: CloudTrustArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:security:CloudTrust", name, None, opts)
        self._name, self._args = name, args

        pool = self._pool()
        self.pool_name = pool.name
        self.provider_name = self._aws_provider(pool)
        self._admit_aws_callers()
        self.aws_role_arns = {key: self._google_callers_role(key, each) for key, each in args.google_callers.items()}
        self.publish()

    def _pool(self) -> gcp.iam.WorkloadIdentityPool:
        """The id of a deleted pool stays taken for 30 days, so that a chosen one could not be built again."""
        suffix = random.RandomId(f"{self._name}-pool", byte_length=2, opts=self.child())
        return gcp.iam.WorkloadIdentityPool(
            f"{self._name}-pool",
            project=self._args.project_id,
            workload_identity_pool_id=Output.concat(self._args.pool_prefix, "-", suffix.hex),
            description="Workloads in AWS that act in this project",
            # Not retained: trust must end with the environment it was for.
            opts=self.child(protect=True),
        )

    def _aws_provider(self, pool: gcp.iam.WorkloadIdentityPool) -> Output[str]:
        role_arns = [Output.from_input(caller.role_arn) for caller in self._args.aws_callers.values()]
        return gcp.iam.WorkloadIdentityPoolProvider(
            f"{self._name}-aws",
            project=self._args.project_id,
            workload_identity_pool_id=pool.workload_identity_pool_id,
            workload_identity_pool_provider_id=f"aws-{self._args.account_id}",
            description="Roles of the AWS account, admitted by name",
            aws=gcp.iam.WorkloadIdentityPoolProviderAwsArgs(account_id=self._args.account_id),
            attribute_mapping={"google.subject": ROLE_OF_SESSION, "attribute.aws_role": ROLE_OF_SESSION},
            attribute_condition=Output.all(*role_arns).apply(admission),
            opts=self.child(protect=True),
        ).name

    def _admit_aws_callers(self) -> None:
        for key, caller in self._args.aws_callers.items():
            gcp.serviceaccount.IAMMember(
                f"{self._name}-{key}",
                service_account_id=caller.service_account_id,
                role="roles/iam.workloadIdentityUser",
                member=Output.concat(
                    "principalSet://iam.googleapis.com/",
                    self.pool_name,
                    "/attribute.aws_role/",
                    Output.from_input(caller.role_arn).apply(session_of),
                ),
                opts=self.child(),
            )

    def _google_callers_role(self, key: str, caller: GoogleCaller) -> Output[str]:
        role = aws.iam.Role(
            f"{self._name}-{key}",
            description=f"A Google service account acts in AWS: {key}",
            assume_role_policy=policy.rendered(google_trust(caller.unique_id, caller.audience)),
            opts=self.child(),
        )
        aws.iam.RolePolicy(
            f"{self._name}-{key}", role=role.id, policy=policy.rendered(caller.permissions), opts=self.child()
        )
        return role.arn


def session_of(role_arn: str) -> str:
    """The role as it appears in its sessions, by which Google sees it: another service, and no path.

    Raises ValueError for what is not the ARN of a role.
    """
    matched = re.fullmatch(
        r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):role/(?:.+/)?(?P<role>[^/]+)", role_arn
    )
    if matched is None:
        raise ValueError(f"{role_arn!r} is not the ARN of a role, such as arn:aws:iam::123456789012:role/forwarder")
    return "arn:{partition}:sts::{account}:assumed-role/{role}".format(**matched.groupdict())


def admission(role_arns: list[str]) -> str:
    """The condition of the pool's provider; without one every role and user of the account could come in."""
    if not role_arns:
        return "false"
    sessions = sorted({session_of(arn) for arn in role_arns})
    return "attribute.aws_role in [" + ", ".join(f"'{session}'" for session in sessions) + "]"


def google_trust(unique_id: pulumi.Input[str], audience: str | None) -> dict[str, Any]:
    """The trust policy of a role for one Google service account.

    AWS reads the token's `azp` as `aud` and its `aud` as `oaud`: for a service account the first is its numeric id. The
    subject alone would admit a token that the account gave to some other service, which could bring it here.
    """
    claims: dict[str, pulumi.Input[str]] = {"accounts.google.com:sub": unique_id}
    if audience is not None:
        claims |= {"accounts.google.com:aud": unique_id, "accounts.google.com:oaud": audience}
    return policy.document(
        policy.allow(
            "GoogleServiceAccountAssumes",
            ["sts:AssumeRoleWithWebIdentity"],
            principals={"Federated": "accounts.google.com"},
            conditions={"StringEquals": claims},
        )
    )
