"""By which role API Gateway writes logs."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after


@dataclass(frozen=True, kw_only=True)
class ApiGatewayLoggingArgs:
    """What an ApiGatewayLogging needs to know."""

    region: str
    """The region of the provider, for which the setting holds."""


class ApiGatewayLogging(Component):
    """The role by which API Gateway writes the logs of WebSocket APIs, and the setting that says so.

    There is one such setting in an account and region, and so one of these: two would undo each other. HTTP APIs have
    no part in it, as the service that delivers logs writes theirs by itself.
    """

    role_arn: Output[str]
    """The role, once API Gateway has it: a stage that is to log is refused before."""

    def __init__(self, name: str, args: ApiGatewayLoggingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:ApiGatewayLogging", name, None, opts)
        self._name, self._args = name, args

        role = self._role()
        self.role_arn = after(role.arn, [self._setting(role, self._permissions(role))])
        self.publish()

    def _role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-write",
            description=f"API Gateway writes to CloudWatch Logs in {self._args.region}",
            assume_role_policy=policy.rendered(logs_trust()),
            opts=self.child(),
        )

    def _permissions(self, role: aws.iam.Role) -> aws.iam.RolePolicyAttachment:
        """AWS's own policy: API Gateway tries the role out, and refuses one that may do less on all log groups."""
        return aws.iam.RolePolicyAttachment(
            f"{self._name}-write",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
            opts=self.child(),
        )

    def _setting(self, role: aws.iam.Role, permissions: aws.iam.RolePolicyAttachment) -> aws.apigateway.Account:
        return aws.apigateway.Account(
            f"{self._name}-write",
            cloudwatch_role_arn=role.arn,
            # It is tried out at once.
            opts=self.child(depends_on=[permissions]),
        )


def logs_trust() -> dict[str, Any]:
    """API Gateway assumes the role; it names no source while it tries it out.

    Only who may pass this role, and that takes the account's own permission, can make API Gateway use it.
    """
    return policy.document(
        policy.allow("ApiGatewayWrites", ["sts:AssumeRole"], principals={"Service": "apigateway.amazonaws.com"})
    )
