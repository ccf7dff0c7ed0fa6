"""An API Gateway that holds the clients' WebSockets and calls a service back for every message."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.edge.headers import API_GATEWAY_TLS_POLICY
from components.ordering import after

LIFECYCLE_ROUTES: Mapping[str, str] = {"$connect": "connect", "$disconnect": "disconnect", "$default": "default"}
"""The routes that API Gateway calls by itself, with the last part of the path at which the service hears of them."""
ROUTE_SELECTION = "$request.body.action"
LONGEST_CALL_SECONDS = 29
CONNECTION_HEADER = "integration.request.header.ConnectionId"
PRINCIPAL_HEADER = "integration.request.header.ConnectionPrincipal"
LOG_FORMAT = (
    '{"requestId":"$context.requestId","time":"$context.requestTime","ip":"$context.identity.sourceIp",'
    '"route":"$context.routeKey","event":"$context.eventType","status":"$context.status",'
    '"connection":"$context.connectionId","principal":"$context.authorizer.principalId",'
    '"error":"$context.error.message","integrationError":"$context.integrationErrorMessage"}'
)
"""No query string: the token of a connection travels in it, as browsers can set no header."""


@dataclass(frozen=True, kw_only=True)
class CallbackTarget:
    """The service that is called back."""

    nlb_arn: pulumi.Input[str]
    """The internal network load balancer in front of it; it admits PrivateLink, or leaves it unchecked."""
    endpoint: pulumi.Input[str]
    """Its address without `/` at the end, `https://<a name in its certificate>`, or `http://` without TLS inside."""
    path: str
    """What stands before the route in the path of a call, such as `/callbacks`."""
    timeout_seconds: int
    """Seconds that it may take to answer a call, up to 29."""


@dataclass(frozen=True, kw_only=True)
class Throttling:
    """How much all clients together may send."""

    messages_per_second: int
    """Messages a second, on the average."""
    burst: int
    """Messages at once."""


@dataclass(frozen=True, kw_only=True)
class GatewayLogs:
    """What is written down, and for how long."""

    key_arn: pulumi.Input[str]
    """The KMS key of the region that encrypts the log."""
    retention_days: int
    """Days that it is kept; one of the periods CloudWatch accepts."""


@dataclass(frozen=True, kw_only=True)
class GatewayName:
    """The name at which clients connect."""

    host: str
    """The name, such as `stream.example.com`; its alias record goes to `alias_name`."""
    certificate_arn: pulumi.Input[str]
    """A certificate of the same region that holds it, issued already."""


@dataclass(frozen=True, kw_only=True)
class WebSocketGatewayArgs:
    """What a WebSocketGateway needs to know."""

    account_id: str
    """The account, 12 digits."""
    region: str
    """The region of the provider."""
    actions: Sequence[str]
    """Values of `action` in a message that have a route of their own; all others go to `$default`."""
    target: CallbackTarget
    """The service that is called back."""
    authorizer_arn: pulumi.Input[str]
    """The Lambda function that admits connections by the `token` in their query string."""
    throttling: Throttling
    """How much all clients together may send."""
    logs: GatewayLogs
    """What is written down, and for how long."""
    name: GatewayName
    """The name at which clients connect."""
    stage: str
    """The name of the stage, which policies and metrics name."""

    def __post_init__(self) -> None:
        """Raise ValueError for routes or times that API Gateway refuses."""
        if reserved := [action for action in self.actions if not action.isidentifier()]:
            raise ValueError(f"{', '.join(reserved)}: an action is written in letters, digits and underscores")
        if len(set(self.actions)) < len(self.actions) or {*self.actions} & {*LIFECYCLE_ROUTES.values()}:
            raise ValueError("every action is there once, and none is called connect, disconnect or default")
        if not 1 <= self.target.timeout_seconds <= LONGEST_CALL_SECONDS:
            raise ValueError(f"timeout_seconds is {self.target.timeout_seconds}; API Gateway waits 1 to 29 seconds")
        if not self.target.path.startswith("/") or self.target.path.endswith("/"):
            raise ValueError(f"path {self.target.path!r} begins with `/` and does not end with it")


class WebSocketGateway(Component):
    """A WebSocket API whose messages reach a service as HTTP calls over a private link.

    The service holds no socket: it is called for each message with the connection's id in a header, and sends by
    posting to `management_endpoint` with the permission of `connections_policy`. A service that speaks WebSocket itself
    stands behind the load balancer and not here.

    Guarantees that only the authoriser opens connections, that the API answers under its own name alone, as the one
    that AWS gives it would speak TLS older than 1.2, that the link ends at this one load balancer, that a changed route
    is deployed, and that no message is written into a log. Leaves out a firewall, which AWS attaches to no WebSocket
    API, and what API Gateway itself decides: it ends a connection after two hours, or ten idle minutes.
    """

    endpoint: Output[str]
    """Where clients connect."""
    management_endpoint: Output[str]
    """Where the service sends to clients and ends connections."""
    alias_name: Output[str]
    """What the alias record of the name points to."""
    alias_zone_id: Output[str]
    """The zone of that."""
    api_id: Output[str]
    """The API, as metrics name it."""
    stage_arn: Output[str]
    """The stage as policies name it, without what stands behind it."""

    def __init__(self, name: str, args: WebSocketGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:WebSocketGateway", name, None, opts)
        self._name, self._args = name, args

        api = self._api()
        authorizer = self._authorizer(api)
        routes = self._routes(api, self._link(), authorizer)
        deployment = self._deployment(api, routes)
        stage = self._stage(api, deployment)
        self.alias_name, self.alias_zone_id, host = self._domain(api, stage)
        self.endpoint, self.management_endpoint = Output.concat("wss://", host), Output.concat("https://", host)
        self.api_id, self.stage_arn = api.id, Output.concat(api.execution_arn, "/", args.stage)
        self.publish()

    def _api(self) -> aws.apigatewayv2.Api:
        return aws.apigatewayv2.Api(
            f"{self._name}-api",
            protocol_type="WEBSOCKET",
            route_selection_expression=ROUTE_SELECTION,
            disable_execute_api_endpoint=True,
            description=f"WebSockets of {self._name}",
            opts=self.child(),
        )

    def _authorizer(self, api: aws.apigatewayv2.Api) -> Output[str]:
        uri = Output.concat(
            f"arn:aws:apigateway:{self._args.region}:lambda:path/2015-03-31/functions/",
            self._args.authorizer_arn,
            "/invocations",
        )
        authorizer = aws.apigatewayv2.Authorizer(
            f"{self._name}-token",
            api_id=api.id,
            authorizer_type="REQUEST",
            authorizer_uri=uri,
            identity_sources=["route.request.querystring.token"],
            opts=self.child(),
        )
        aws.lambda_.Permission(
            f"{self._name}-token",
            function=self._args.authorizer_arn,
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            source_arn=Output.concat(api.execution_arn, "/authorizers/", authorizer.id),
            source_account=self._args.account_id,
            opts=self.child(),
        )
        return authorizer.id

    def _link(self) -> Output[str]:
        """The kind of link that REST APIs have: a WebSocket API takes no other."""
        return aws.apigateway.VpcLink(
            f"{self._name}-link",
            description=f"Callbacks of {self._name}",
            target_arn=self._args.target.nlb_arn,
            opts=self.child(),
        ).id

    def _routes(
        self, api: aws.apigatewayv2.Api, link_id: Output[str], authorizer_id: Output[str]
    ) -> dict[str, tuple[aws.apigatewayv2.Integration, aws.apigatewayv2.Route]]:
        """Only `$connect` can be authorised; all that comes later comes over a connection that was."""
        keys = {**LIFECYCLE_ROUTES, **{action: action for action in self._args.actions}}
        found: dict[str, tuple[aws.apigatewayv2.Integration, aws.apigatewayv2.Route]] = {}
        for key, word in keys.items():
            integration = self._integration(api, word, link_id)
            opens = key == "$connect"
            route = aws.apigatewayv2.Route(
                f"{self._name}-{word}",
                api_id=api.id,
                route_key=key,
                target=Output.concat("integrations/", integration.id),
                authorization_type="CUSTOM" if opens else "NONE",
                authorizer_id=authorizer_id if opens else None,
                opts=self.child(),
            )
            found[word] = integration, route
        return found

    def _integration(self, api: aws.apigatewayv2.Api, word: str, link_id: Output[str]) -> aws.apigatewayv2.Integration:
        target = self._args.target
        return aws.apigatewayv2.Integration(
            f"{self._name}-{word}",
            api_id=api.id,
            integration_type="HTTP_PROXY",
            integration_method="POST",
            integration_uri=Output.concat(target.endpoint, f"{target.path}/{word}"),
            connection_type="VPC_LINK",
            connection_id=link_id,
            passthrough_behavior="WHEN_NO_MATCH",
            timeout_milliseconds=target.timeout_seconds * 1000,
            # API Gateway tells neither by itself, and without the first there is nobody to answer to.
            request_parameters={
                CONNECTION_HEADER: "context.connectionId",
                PRINCIPAL_HEADER: "context.authorizer.principalId",
            },
            opts=self.child(),
        )

    def _deployment(
        self,
        api: aws.apigatewayv2.Api,
        routes: Mapping[str, tuple[aws.apigatewayv2.Integration, aws.apigatewayv2.Route]],
    ) -> Output[str]:
        """A copy of the routes that are there; it waits for all of them because their values are what triggers it."""
        parts = {
            word: {
                "route": [route.route_key, route.target, route.authorizer_id],
                "call": [integration.integration_uri, integration.connection_id, integration.timeout_milliseconds],
                "headers": integration.request_parameters,
            }
            for word, (integration, route) in routes.items()
        }
        triggers = Output.json_dumps({"authorizer": self._args.authorizer_arn, "parts": parts}, sort_keys=True)
        return aws.apigatewayv2.Deployment(
            f"{self._name}-api",
            api_id=api.id,
            description="All routes",
            triggers={"routes": triggers.apply(_digest)},
            opts=self.child(),
        ).id

    def _stage(self, api: aws.apigatewayv2.Api, deployment_id: Output[str]) -> aws.apigatewayv2.Stage:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-access",
            retention_in_days=self._args.logs.retention_days,
            kms_key_id=self._args.logs.key_arn,
            opts=self.child(),
        )
        return aws.apigatewayv2.Stage(
            f"{self._name}-api",
            api_id=api.id,
            name=self._args.stage,
            deployment_id=deployment_id,
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=group.arn, format=LOG_FORMAT
            ),
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_rate_limit=self._args.throttling.messages_per_second,
                throttling_burst_limit=self._args.throttling.burst,
                logging_level="ERROR",
                detailed_metrics_enabled=True,
                # It would write down every message.
                data_trace_enabled=False,
            ),
            # API Gateway refuses a log for as long as the account has not said by which role it writes.
            opts=self.child(depends_on=[self._account()]),
        )

    def _domain(
        self, api: aws.apigatewayv2.Api, stage: aws.apigatewayv2.Stage
    ) -> tuple[Output[str], Output[str], Output[str]]:
        """What the alias record points to, its zone, and the name once it leads to the stage."""
        configuration = aws.apigatewayv2.DomainNameDomainNameConfigurationArgs(
            certificate_arn=self._args.name.certificate_arn,
            endpoint_type="REGIONAL",
            security_policy=API_GATEWAY_TLS_POLICY,
        )
        domain = aws.apigatewayv2.DomainName(
            f"{self._name}-api",
            domain_name=self._args.name.host,
            domain_name_configuration=configuration,
            opts=self.child(),
        )
        mapping = aws.apigatewayv2.ApiMapping(
            f"{self._name}-api", api_id=api.id, domain_name=domain.id, stage=stage.name, opts=self.child()
        )
        target = domain.domain_name_configuration
        return (
            target.apply(lambda each: each.target_domain_name or ""),
            target.apply(lambda each: each.hosted_zone_id or ""),
            after(domain.domain_name, [mapping]),
        )

    def _account(self) -> aws.apigateway.Account:
        """One setting of the whole account and region, which every API of API Gateway shares."""
        role = aws.iam.Role(
            f"{self._name}-logs",
            description="API Gateway writes to CloudWatch Logs",
            assume_role_policy=policy.rendered(logs_trust()),
            opts=self.child(),
        )
        # AWS's own policy: API Gateway tries the role out, and refuses one that may do less on all log groups.
        attached = aws.iam.RolePolicyAttachment(
            f"{self._name}-logs",
            role=role.name,
            policy_arn="arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
            opts=self.child(),
        )
        return aws.apigateway.Account(
            f"{self._name}-logs",
            cloudwatch_role_arn=role.arn,
            # It is tried out at once.
            opts=self.child(depends_on=[attached]),
        )


def logs_trust() -> dict[str, Any]:
    """API Gateway assumes the role; it names no source while it tries it out.

    Only who may pass this role, and that takes the account's own permission, can make API Gateway use it.
    """
    return policy.document(
        policy.allow("ApiGatewayWrites", ["sts:AssumeRole"], principals={"Service": "apigateway.amazonaws.com"})
    )


def connections_policy(stage_arn: pulumi.Input[str]) -> dict[str, Any]:
    """What the service's role needs: send to the connections of this stage, and end them."""
    return policy.document(
        policy.allow(
            "ManageConnections",
            ["execute-api:ManageConnections"],
            [Output.concat(stage_arn, f"/{method}/@connections/*") for method in ("DELETE", "POST")],
        )
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
