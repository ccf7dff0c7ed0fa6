"""The door by which Google Cloud reaches a function on AWS."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components.component import Component
from components.events.halves import PushLimits

ISSUER = "https://accounts.google.com"
PATH = "/events"
TIMEOUT_MILLISECONDS = 30_000
"""The most that an HTTP API waits."""

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "sourceIp": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "status": "$context.status",
    "caller": "$context.authorizer.claims.email",
    "authorizerError": "$context.authorizer.error",
    "integrationStatus": "$context.integrationStatus",
    "integrationError": "$context.integrationErrorMessage",
    "integrationLatency": "$context.integrationLatency",
    "responseLatency": "$context.responseLatency",
}
"""Who was let in, who was not, and why."""


@dataclass(frozen=True, kw_only=True)
class PushEndpointArgs:
    """What a PushEndpoint needs to know."""

    account_id: str
    """The account, 12 digits."""
    function_name: pulumi.Input[str]
    """The function behind it."""
    function_invoke_arn: pulumi.Input[str]
    """That function as API Gateway names it."""
    limits: PushLimits
    """What it takes before it asks callers to come again."""
    logs_key_arn: pulumi.Input[str]
    """The KMS key that encrypts the access log."""
    log_retention_days: int
    """Days that the access log is kept; one of the periods CloudWatch accepts."""


class PushEndpoint(Component):
    """An HTTP API with one route, open to holders of a token that Google signed for it.

    Owns the API, its authorizer, stage and access log. Guarantees that a request without a valid token of Google's for
    this very endpoint is answered here and starts nothing, and that no caller gets more than the limits. That is not
    yet a known caller: any Google service account can have a token made for any audience, so that the function behind
    has to look at the claims. The address is API Gateway's own: nobody types it, and no zone has to be up for it.
    Leaves out the function.
    """

    url: Output[str]
    """Where to push; also the audience of the token."""

    def __init__(self, name: str, args: PushEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:events:PushEndpoint", name, None, opts)
        self._name, self._args = name, args

        self._api = self._http_api()
        self.url = Output.concat(self._api.api_endpoint, PATH)
        self._authorizer_id = self._authorizer()
        self._route()
        self._stage()
        self.publish()

    def _http_api(self) -> aws.apigatewayv2.Api:
        return aws.apigatewayv2.Api(
            f"{self._name}-api",
            protocol_type="HTTP",
            description="Pub/Sub pushes events of Google Cloud here",
            opts=self.child(),
        )

    def _authorizer(self) -> Output[str]:
        return aws.apigatewayv2.Authorizer(
            f"{self._name}-google",
            api_id=self._api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration=aws.apigatewayv2.AuthorizerJwtConfigurationArgs(issuer=ISSUER, audiences=[self.url]),
            opts=self.child(),
        ).id

    def _stage(self) -> None:
        log = aws.cloudwatch.LogGroup(
            f"{self._name}-access",
            kms_key_id=self._args.logs_key_arn,
            retention_in_days=self._args.log_retention_days,
            opts=self.child(),
        )
        aws.apigatewayv2.Stage(
            f"{self._name}-default",
            api_id=self._api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=log.arn, format=json.dumps(ACCESS_LOG)
            ),
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                detailed_metrics_enabled=True,
                throttling_rate_limit=self._args.limits.requests_per_second,
                throttling_burst_limit=self._args.limits.burst,
            ),
            opts=self.child(),
        )

    def _route(self) -> None:
        """One method of one path: everything else is answered with 404 before anybody looks at a token."""
        integration = aws.apigatewayv2.Integration(
            f"{self._name}-function",
            api_id=self._api.id,
            integration_type="AWS_PROXY",
            integration_method="POST",
            integration_uri=self._args.function_invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=TIMEOUT_MILLISECONDS,
            opts=self.child(),
        )
        aws.apigatewayv2.Route(
            f"{self._name}-events",
            api_id=self._api.id,
            route_key=f"POST {PATH}",
            target=Output.concat("integrations/", integration.id),
            authorization_type="JWT",
            authorizer_id=self._authorizer_id,
            opts=self.child(),
        )
        aws.lambda_.Permission(
            f"{self._name}-function",
            function=self._args.function_name,
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            # Any stage, of which there is one, and this route only.
            source_arn=Output.concat(self._api.execution_arn, f"/*/POST{PATH}"),
            source_account=self._args.account_id,
            opts=self.child(),
        )
