"""The WebSocket APIs that call services back: API Gateway, its way in, and who may connect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import Output

from components.edge.api_gateway_logging import ApiGatewayLogging, ApiGatewayLoggingArgs
from components.edge.private_entrance import EntranceTarget, PrivateEntrance, PrivateEntranceArgs
from components.edge.socket_authorizer import SocketAuthorizer, SocketAuthorizerArgs
from components.edge.websocket_gateway import (
    CallbackTarget,
    GatewayLogs,
    GatewayName,
    Throttling,
    WebSocketGateway,
    WebSocketGatewayArgs,
)
from components.security.identity_platform import IdentityPlatform
from components.security.key_pair import KeyPair
from stacks.settings import Settings
from stacks.settings.services import Callbacks
from stacks.topology.access import ENTRANCE
from stacks.topology.aws_services import AwsServices
from stacks.topology.entrances import Entrances
from stacks.topology.names import Names
from stacks.topology.network import Networks
from stacks.topology.placement import called_back, private_host, socket_host
from stacks.topology.providers import Providers

STAGE = "live"
AUTHORIZER_RUNTIME = "python3.13"
"""Goes with the function's code, which is tested here, and is the same in every environment."""


@dataclass(frozen=True, kw_only=True)
class Gateways:
    """What clients and alarms need of the WebSocket APIs."""

    by_service: Mapping[str, WebSocketGateway]
    """The APIs, by the service that they call back; empty where none is."""

    def outputs(self) -> dict[str, Any]:
        """Where clients connect."""
        return {"socket_endpoints": {name: each.endpoint for name, each in self.by_service.items()}}


@dataclass(frozen=True, kw_only=True)
class _Shared:
    """What the APIs of a region have in common."""

    authorizer: SocketAuthorizer
    entrance: PrivateEntrance
    logging: ApiGatewayLogging


def gateways(
    settings: Settings,
    providers: Providers,
    keys: Mapping[str, KeyPair],
    network: Networks,
    names: Names,
    entrances: Entrances,
    services: AwsServices,
    sign_in: IdentityPlatform | None,
) -> Gateways:
    """An API for every service that is called back."""
    called = called_back(settings)
    if not called or sign_in is None:
        return Gateways(by_service={})
    shared = _Shared(
        authorizer=_authorizer(settings, providers, keys["logs"], sign_in),
        entrance=_entrance(settings, providers, network, entrances),
        logging=ApiGatewayLogging(
            "api-gateway-logging", ApiGatewayLoggingArgs(region=settings.aws.region), providers.options()
        ),
    )
    return Gateways(
        by_service={
            name: _gateway(name, callbacks, settings, providers, keys["logs"], names, shared, services.role_arn(name))
            for name, callbacks in called.items()
        }
    )


def _authorizer(
    settings: Settings, providers: Providers, logs_key: KeyPair, sign_in: IdentityPlatform
) -> SocketAuthorizer:
    return SocketAuthorizer(
        "socket-authorizer",
        SocketAuthorizerArgs(
            project_id=sign_in.audience,
            jwks_url=sign_in.jwks_url,
            lambda_runtime=AUTHORIZER_RUNTIME,
            logs_key_arn=logs_key.aws_key_arn,
            log_retention_days=settings.compute.log_retention_days,
        ),
        providers.options(),
    )


def _entrance(settings: Settings, providers: Providers, network: Networks, entrances: Entrances) -> PrivateEntrance:
    internal = entrances.internal
    if internal is None:
        raise LookupError("services are called back, and there is no load balancer that leads to them")
    return PrivateEntrance(
        ENTRANCE,
        PrivateEntranceArgs(
            vpc_id=network.pair.vpc_id,
            subnet_ids=network.pair.private_subnet_ids,
            security_group_id=network.aws_access.security_group_ids[ENTRANCE],
            target=EntranceTarget(load_balancer_arn=internal.arn, listener_arn=internal.listener_arn),
            deletion_protection=settings.edge.deletion_protection,
        ),
        providers.options(),
    )


def _gateway(
    name: str,
    callbacks: Callbacks,
    settings: Settings,
    providers: Providers,
    logs_key: KeyPair,
    names: Names,
    shared: _Shared,
    role_arn: Output[str],
) -> WebSocketGateway:
    return WebSocketGateway(
        f"{name}-sockets",
        WebSocketGatewayArgs(
            account_id=settings.aws.account_id,
            region=settings.aws.region,
            actions=callbacks.actions,
            target=CallbackTarget(
                vpc_link_id=shared.entrance.vpc_link_id,
                endpoint=f"https://{private_host(settings, name, 'aws')}",
                path=callbacks.path,
                timeout_seconds=callbacks.timeout_seconds,
                role_arn=role_arn,
            ),
            authorizer_arn=shared.authorizer.function_arn,
            throttling=Throttling(messages_per_second=callbacks.messages_per_second, burst=callbacks.burst),
            logs=GatewayLogs(
                key_arn=logs_key.aws_key_arn,
                writer_arn=shared.logging.role_arn,
                retention_days=settings.compute.log_retention_days,
            ),
            name=GatewayName(
                host=socket_host(settings, callbacks),
                zone_id=names.zones.zone_id,
                certificate_arn=names.certificate.arns[settings.aws.region],
            ),
            stage=STAGE,
        ),
        providers.options(),
    )
