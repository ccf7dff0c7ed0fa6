"""Logins of a database, and where their holders find them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from pulumi import Output

from components import policy
from components.component import Component
from components.ordering import after
from components.security.secret_pair import SecretReplica, secret_policy

POSTGRES_PORT = 5432
PASSWORD_CHARACTERS = 32


@dataclass(frozen=True, kw_only=True)
class Login:
    """A name and its password."""

    username: str
    """The role that logs in."""
    password: Output[str]
    """Its password, a secret of letters and digits."""


@dataclass(frozen=True, kw_only=True)
class ConnectionSecretArgs:
    """What a ConnectionSecret needs to know."""

    account_id: str
    """The account that owns the secret, 12 digits."""
    region: str
    """Where the secret is kept; a region other than the provider's is possible."""
    description: str
    """What the secret opens, and for whom."""
    value: Mapping[str, pulumi.Input[str | int]] | pulumi.Input[str]
    """A text, or the fields of a JSON object."""
    key_arn: pulumi.Input[str]
    """The KMS key of that region."""
    replica: SecretReplica | None
    """The copy in the recovery region; None where there is none."""
    recovery_window_days: int
    """Days in which the deleted secret can be restored: 7 to 30, or 0 for none."""


class ConnectionSecret(Component):
    """A secret in Secrets Manager with all that it takes to connect.

    Owns the secret, its value and its copy in the recovery region. Guarantees that nobody outside the account reads it.
    Leaves out the other cloud: what services of both clouds read is a SecretPair.
    """

    secret_arn: Output[str]
    """The secret, once it has a value."""

    def __init__(self, name: str, args: ConnectionSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:ConnectionSecret", name, None, opts)
        self._name, self._args = name, args

        secret = self._secret()
        self._closed_to_other_accounts(secret)
        self.secret_arn = after(secret.arn, [self._value(secret)])
        self.publish()

    def _secret(self) -> aws.secretsmanager.Secret:
        replica = self._args.replica
        return aws.secretsmanager.Secret(
            self._name,
            region=self._args.region,
            name=self._name,
            description=self._args.description,
            kms_key_id=self._args.key_arn,
            recovery_window_in_days=self._args.recovery_window_days,
            replicas=[aws.secretsmanager.SecretReplicaArgs(region=replica.region, kms_key_id=replica.key_arn)]
            if replica
            else [],
            opts=self.child(protect=True),
        )

    def _closed_to_other_accounts(self, secret: aws.secretsmanager.Secret) -> None:
        aws.secretsmanager.SecretPolicy(
            self._name,
            region=self._args.region,
            secret_arn=secret.arn,
            policy=policy.rendered(secret_policy(self._args.account_id)),
            block_public_policy=True,
            opts=self.child(),
        )

    def _value(self, secret: aws.secretsmanager.Secret) -> aws.secretsmanager.SecretVersion:
        value = self._args.value
        return aws.secretsmanager.SecretVersion(
            self._name,
            region=self._args.region,
            secret_id=secret.id,
            secret_string=Output.json_dumps(value) if isinstance(value, Mapping) else value,
            opts=self.child(),
        )


def generated_login(name: str, username: str, generation: int, opts: pulumi.ResourceOptions) -> Login:
    """A login with a random password, another one for each generation.

    Letters and digits stand unescaped in URLs and SQL, and RDS refuses `/`, `@` and quotation marks anyway.
    """
    password = random.RandomPassword(
        name, length=PASSWORD_CHARACTERS, special=False, keepers={"generation": str(generation)}, opts=opts
    )
    return Login(username=username, password=Output.secret(password.result))


def connection_fields(login: Login, host: pulumi.Input[str], database: str) -> dict[str, pulumi.Input[str | int]]:
    """The fields by which RDS Proxy, rotation functions and AWS's own tools read a database secret."""
    return {
        "engine": "postgres",
        "host": host,
        "port": POSTGRES_PORT,
        "dbname": database,
        "username": login.username,
        "password": login.password,
    }


def connection_url(login: Login, host: pulumi.Input[str], database: str, trust: Mapping[str, str]) -> Output[str]:
    """A URL for libpq and for what understands its parameters, a secret; `trust` says how the server is verified."""
    query = "&".join(f"{key}={value}" for key, value in trust.items())
    return Output.concat(
        "postgresql://", login.username, ":", login.password, "@", host, f":{POSTGRES_PORT}/{database}?{query}"
    )
