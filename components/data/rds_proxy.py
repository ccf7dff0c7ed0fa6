"""A pool of connections in front of an RDS instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after
from components.security.secret_pair import read_policy

IDLE_CLIENT_SECONDS = 1800
BORROW_SECONDS = 30
"""What a client waits for a free connection; a health check gives up at about the same time."""


@dataclass(frozen=True, kw_only=True)
class RdsProxyArgs:
    """What an RdsProxy needs to know."""

    account_id: str
    """The account that owns the proxy, 12 digits."""
    region: str
    """The region of the provider."""
    instance_identifier: pulumi.Input[str]
    """The instance behind it."""
    subnet_ids: Mapping[str, pulumi.Input[str]]
    """Its subnets, by zone."""
    security_group_ids: Sequence[pulumi.Input[str]]
    """Its security groups, which also reach the instance."""
    secret_arns: Mapping[str, pulumi.Input[str]]
    """The secrets of the logins that come through it, by login."""
    secrets_key_arn: pulumi.Input[str]
    """The KMS key of those secrets."""
    max_connections_percent: int
    """How many of the instance's connections it may hold, 1 to 100; administrators and replication need the rest."""

    def __post_init__(self) -> None:
        """Raise ValueError for a share that RDS refuses."""
        if not 1 <= self.max_connections_percent <= 100:
            raise ValueError(f"max_connections_percent is {self.max_connections_percent}; RDS takes 1 to 100")


class RdsProxy(Component):
    """An RDS Proxy that shares few connections among many clients and holds them through a failover.

    Owns the proxy, its role and its target. Guarantees that clients come by TLS, and that it can read the secrets of
    its logins and nothing else. Leaves out replication, which no proxy carries: that goes to the instance.
    """

    endpoint: Output[str]
    """The host that clients connect to, once the instance is behind it."""
    proxy_name: Output[str]
    """The proxy, as its metrics name it."""

    def __init__(self, name: str, args: RdsProxyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:RdsProxy", name, None, opts)
        self._name, self._args = name, args

        proxy = self._proxy(self._role())
        self.proxy_name = proxy.name
        self.endpoint = after(proxy.endpoint, [self._target(proxy)])
        self.publish()

    def _role(self) -> Output[str]:
        role = aws.iam.Role(
            self._name,
            description=f"{self._name} reads the secrets of its logins",
            assume_role_policy=policy.rendered(policy.service_trust("rds.amazonaws.com", self._args.account_id)),
            opts=self.child(),
        )
        permissions: list[pulumi.Resource] = [
            aws.iam.RolePolicy(
                f"{self._name}-{login}",
                role=role.id,
                policy=policy.rendered(self._permission(secret_arn)),
                opts=self.child(),
            )
            for login, secret_arn in self._args.secret_arns.items()
        ]
        return after(role.arn, permissions)

    def _permission(self, secret_arn: pulumi.Input[str]) -> dict[str, Any]:
        return read_policy(secret_arn, self._args.secrets_key_arn, self._args.account_id, self._args.region)

    def _proxy(self, role_arn: Output[str]) -> aws.rds.Proxy:
        return aws.rds.Proxy(
            self._name,
            engine_family="POSTGRESQL",
            role_arn=role_arn,
            require_tls=True,
            idle_client_timeout=IDLE_CLIENT_SECONDS,
            vpc_subnet_ids=list(self._args.subnet_ids.values()),
            vpc_security_group_ids=list(self._args.security_group_ids),
            auths=[
                aws.rds.ProxyAuthArgs(
                    auth_scheme="SECRETS",
                    secret_arn=secret_arn,
                    iam_auth="DISABLED",
                    client_password_auth_type="POSTGRES_SCRAM_SHA_256",  # noqa: S106 - a method
                    description=login,
                )
                for login, secret_arn in self._args.secret_arns.items()
            ],
            opts=self.child(),
        )

    def _target(self, proxy: aws.rds.Proxy) -> aws.rds.ProxyTarget:
        group = aws.rds.ProxyDefaultTargetGroup(
            self._name,
            db_proxy_name=proxy.name,
            connection_pool_config=aws.rds.ProxyDefaultTargetGroupConnectionPoolConfigArgs(
                max_connections_percent=self._args.max_connections_percent,
                connection_borrow_timeout=BORROW_SECONDS,
            ),
            opts=self.child(),
        )
        return aws.rds.ProxyTarget(
            self._name,
            db_proxy_name=proxy.name,
            target_group_name=group.name,
            db_instance_identifier=self._args.instance_identifier,
            opts=self.child(),
        )
