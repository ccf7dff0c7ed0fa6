"""Who a Lambda function is, in both clouds."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
from pulumi import Output

from components import policy
from components.component import Component
from components.naming import Carrier, physical_name
from components.security.lambda_function import lambda_trust


@dataclass(frozen=True, kw_only=True)
class FunctionIdentityArgs:
    """What a FunctionIdentity needs to know."""

    purpose: str
    """What the function does, shown in both consoles: `Gives secrets a new value in both clouds`."""
    project_id: str | None
    """The Google Cloud project in which it acts; None where there is no standby cloud."""


class FunctionIdentity(Component):
    """The role that a Lambda function runs as, and the Google service account that it acts as.

    Guarantees that neither may do anything by itself, and that no key of the account exists. It stands apart from the
    function because the trust between the clouds names the role, and the function names that trust: the identity comes
    first, then the trust, then the function with what its role may do. Leaves out the way from the role to the account:
    see CloudTrust.
    """

    role_arn: Output[str]
    """The role."""
    role_name: Output[str]
    """Its name, by which policies are put on it."""
    service_account_id: Output[str] | None
    """The service account by its full name; None without the Google half."""
    google_email: Output[str] | None
    """Its e-mail address, by which it is acted as; None without the Google half."""
    google_member: Output[str] | None
    """Its IAM member, by which it is granted roles; None without the Google half."""

    def __init__(self, name: str, args: FunctionIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:security:FunctionIdentity", name, None, opts)
        self._name, self._args = name, args

        role = self._role()
        self.role_arn, self.role_name = role.arn, role.name
        account = self._service_account(args.project_id) if args.project_id else None
        self.service_account_id = account.name if account else None
        self.google_email = account.email if account else None
        self.google_member = account.member if account else None
        self.publish()

    def _role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-aws",
            description=self._args.purpose,
            assume_role_policy=policy.rendered(lambda_trust()),
            opts=self.child(),
        )

    def _service_account(self, project_id: str) -> gcp.serviceaccount.Account:
        return gcp.serviceaccount.Account(
            f"{self._name}-gcp",
            project=project_id,
            account_id=physical_name(Carrier.SERVICE_ACCOUNT, self._name),
            display_name=f"Function {self._name} in AWS",
            description=self._args.purpose,
            opts=self.child(),
        )
