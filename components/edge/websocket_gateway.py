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

    vpc_link_id: pulumi.Input[str]
    """The link that leads to it: see PrivateEntrance."""
    endpoint: str
    """Its address without `/` at the end: `https://<a name in the certificate that the link ends at>`."""
    path: str
    """What stands before the route in the path of a call, such as `/callbacks`."""
    timeout_seconds: int
    """Seconds that it may take to answer a call, up to 29."""
    role_arn: pulumi.Input[str]
    """The role of its code, which is granted what it takes to send to clients."""


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
    """The KMS key of the region that encrypts the logs."""
    writer_arn: pulumi.Input[str]
    """The role by which API Gateway writes them: see ApiGatewayLogging."""
    retention_days: int
    """Days that they are kept; one of the periods CloudWatch accepts."""


@dataclass(frozen=True, kw_only=True)
class GatewayName:
    """The name at which clients connect."""

    host: str
    """The name, such as `stream.example.com`."""
    zone_id: pulumi.Input[str]
    """The public zone that answers for it."""
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
        if not self.target.endpoint.startswith("https://") or self.target.endpoint.endswith("/"):
            raise ValueError(f"endpoint {self.target.endpoint!r} begins with `https://` and does not end with `/`")
        if not self.target.path.startswith("/") or self.target.path.endswith("/"):
            raise ValueError(f"path {self.target.path!r} begins with `/` and does not end with it")


class WebSocketGateway(Component):
    """A WebSocket API whose messages reach a service as HTTP calls over a private link.

    The service holds no socket: it is called for each message with the connection's id in a header, and sends by
    posting to `management_endpoint`, which `pusher_environment` tells it before the API exists. A service that speaks
    WebSocket itself stands behind the load balancer and not here.

    Owns the API with its name and the record of it, its logs, and the permission of the service to send. Guarantees
    that only the authoriser opens connections, that the API answers under its own name alone, as the one that AWS gives
    it would speak TLS older than 1.2, that a changed route is deployed, and that no message is written into a log.
    Leaves out a firewall, which AWS attaches to no WebSocket API, and what API Gateway itself decides: it ends a
    connection after two hours, or ten idle minutes. What a call says of its user is true only for as long as nobody
    else can call the same path: no public load balancer may lead there.
    """

    endpoint: Output[str]
    """Where clients connect."""
    management_endpoint: Output[str]
    """Where the service sends to clients and ends connections."""
    api_id: Output[str]
    """The API, as metrics name it."""
    stage_arn: Output[str]
    """The stage as policies name it, without what stands behind it."""

    def __init__(self, name: str, args: WebSocketGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:edge:WebSocketGateway", name, None, opts)
        self._name, self._args = name, args

        api = self._api()
        authorizer = self._authorizer(api)
        routes = self._routes(api, authorizer)
        deployment = self._deployment(api, routes)
        stage = self._stage(api, deployment)
        host = self._domain(api, stage)
        self.endpoint, self.management_endpoint = Output.concat("wss://", host), Output.concat("https://", host)
        self.api_id, self.stage_arn = api.id, Output.concat(api.execution_arn, "/", args.stage)
        self._let_send()
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

    def _routes(
        self, api: aws.apigatewayv2.Api, authorizer_id: Output[str]
    ) -> dict[str, tuple[aws.apigatewayv2.Integration, aws.apigatewayv2.Route]]:
        """Only `$connect` can be authorised; all that comes later comes over a connection that was."""
        keys = {**LIFECYCLE_ROUTES, **{action: action for action in self._args.actions}}
        found: dict[str, tuple[aws.apigatewayv2.Integration, aws.apigatewayv2.Route]] = {}
        for key, word in keys.items():
            integration = self._integration(api, word)
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

    def _integration(self, api: aws.apigatewayv2.Api, word: str) -> aws.apigatewayv2.Integration:
        target = self._args.target
        return aws.apigatewayv2.Integration(
            f"{self._name}-{word}",
            api_id=api.id,
            integration_type="HTTP_PROXY",
            integration_method="POST",
            # Not where the call goes, which the link decides: the name that it asks for, and checks the certificate by.
            integration_uri=f"{target.endpoint}{target.path}/{word}",
            connection_type="VPC_LINK",
            connection_id=target.vpc_link_id,
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

    def _log(self, role: str, name: Output[str] | None = None) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-{role}",
            name=name,
            retention_in_days=self._args.logs.retention_days,
            kms_key_id=self._args.logs.key_arn,
            opts=self.child(),
        )

    def _stage(self, api: aws.apigatewayv2.Api, deployment_id: Output[str]) -> aws.apigatewayv2.Stage:
        access = self._log("access")
        # API Gateway writes errors under this name, and would create it itself, unencrypted and for ever.
        errors = self._log("errors", Output.concat("/aws/apigateway/", api.id, "/", self._args.stage))
        # It refuses a log for as long as the account has not said by which role it writes.
        destination = Output.all(access.arn, self._args.logs.writer_arn).apply(lambda arns: arns[0])
        return aws.apigatewayv2.Stage(
            f"{self._name}-api",
            api_id=api.id,
            name=self._args.stage,
            deployment_id=deployment_id,
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=destination, format=LOG_FORMAT
            ),
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_rate_limit=self._args.throttling.messages_per_second,
                throttling_burst_limit=self._args.throttling.burst,
                logging_level="ERROR",
                detailed_metrics_enabled=True,
                # It would write down every message.
                data_trace_enabled=False,
            ),
            # With the stage, API Gateway begins to write them.
            opts=self.child(depends_on=[errors]),
        )

    def _domain(self, api: aws.apigatewayv2.Api, stage: aws.apigatewayv2.Stage) -> Output[str]:
        """The name, once it leads to the stage."""
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
        record = aws.route53.Record(
            f"{self._name}-api",
            zone_id=self._args.name.zone_id,
            name=self._args.name.host,
            type="A",
            aliases=[
                aws.route53.RecordAliasArgs(
                    name=target.apply(lambda each: each.target_domain_name or ""),
                    zone_id=target.apply(lambda each: each.hosted_zone_id or ""),
                    evaluate_target_health=False,
                )
            ],
            opts=self.child(),
        )
        return after(domain.domain_name, [mapping, record])

    def _let_send(self) -> None:
        """Put on the service's role from here: the service is there before the API that the permission names."""
        aws.iam.RolePolicy(
            f"{self._name}-send",
            role=Output.from_input(self._args.target.role_arn).apply(_role_name),
            policy=policy.rendered(connections_policy(self.stage_arn)),
            opts=self.child(),
        )


def pusher_environment(host: str) -> dict[str, str]:
    """The variable by which the AWS SDKs of a service find `management_endpoint`, for the host of a GatewayName."""
    return {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": f"https://{host}"}


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


def _role_name(arn: str) -> str:
    return arn.rpartition("/")[2]
