"""The function that decides who may open a WebSocket at API Gateway."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after
from components.security.function_identity import FunctionIdentity, FunctionIdentityArgs
from components.security.lambda_function import function_code, write_log

PACKAGE = "functions/websocket_authorizer"
MODULES = ("__init__", "base64url", "handler", "id_token", "public_key", "signing_keys")
PURPOSE = "Admits WebSockets by the token of their user"
TIMEOUT_SECONDS = 10
MEMORY_MIB = 256
CONCURRENCY = 20
"""At milliseconds a connection, thousands a second. Strangers can call it without end: more of it would take away the
executions of the functions that move events and secrets."""


@dataclass(frozen=True, kw_only=True)
class SocketAuthorizerArgs:
    """What a SocketAuthorizer needs to know."""

    project_id: pulumi.Input[str]
    """The Google Cloud project whose users sign in, which is the audience of their tokens: see IdentityPlatform."""
    jwks_url: pulumi.Input[str]
    """Where Google publishes the keys that the tokens are signed with."""
    lambda_runtime: str
    """What Lambda runs the code with: `python3.12` or newer."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key of the region that encrypts the log."""
    log_retention_days: int
    """Days that it is kept; one of the periods CloudWatch accepts."""


class SocketAuthorizer(Component):
    """A Lambda function that admits a connection by the ID token in its query string.

    Owns the function, its role and its log. Guarantees that the role may write that log and nothing else, that neither
    log nor environment holds a token, and that a flood of connections takes no executions from other functions. Refused
    connections count among the function's errors, as an exception is the only way to a 401. One serves all WebSocket
    APIs of a region. Leaves out who may call it: see WebSocketGateway.

    Its concurrent executions are reserved out of the account's quota, of which AWS keeps a hundred for the functions
    that reserve none.
    """

    function_arn: Output[str]
    """The function, once it may do its work."""
    function_name: Output[str]
    """Its name, by which its metrics are found."""

    def __init__(self, name: str, args: SocketAuthorizerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:SocketAuthorizer", name, None, opts)
        self._name, self._args = name, args

        log = self._log()
        identity = self._identity()
        permissions = self._permissions(identity.role_name, log.arn)
        function = self._function(identity.role_arn, log.name)
        self.function_arn = after(function.arn, [permissions])
        self.function_name = function.name
        self.publish()

    def _log(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-log",
            kms_key_id=self._args.logs_key_arn,
            retention_in_days=self._args.log_retention_days,
            opts=self.child(),
        )

    def _identity(self) -> FunctionIdentity:
        """The keys are public: in Google Cloud, it is nobody."""
        return FunctionIdentity(self._name, FunctionIdentityArgs(purpose=PURPOSE, project_id=None), self.child())

    def _permissions(self, role_name: Output[str], log_group_arn: Output[str]) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(
            f"{self._name}-run",
            role=role_name,
            policy=policy.rendered(policy.document(write_log(log_group_arn))),
            opts=self.child(),
        )

    def _function(self, role_arn: Output[str], log_group_name: Output[str]) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            f"{self._name}-run",
            description=PURPOSE,
            role=role_arn,
            runtime=self._args.lambda_runtime,
            architectures=["arm64"],
            handler=f"{PACKAGE.replace('/', '.')}.handler.handler",
            code=function_code(PACKAGE, MODULES),
            timeout=TIMEOUT_SECONDS,
            memory_size=MEMORY_MIB,
            reserved_concurrent_executions=CONCURRENCY,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=self._variables()),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_group=log_group_name,
                log_format="JSON",
                application_log_level="INFO",
                system_log_level="WARN",
            ),
            opts=self.child(),
        )

    def _variables(self) -> Mapping[str, pulumi.Input[str]]:
        return {"PROJECT_ID": self._args.project_id, "KEYS_URL": self._args.jwks_url}
