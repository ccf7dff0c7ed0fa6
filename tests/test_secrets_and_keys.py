"""Who reads each secret, pulls each image and uses each key: exactly those whose settings or work name it."""

import json
import re
from collections import defaultdict

from sandbox.graph import Graph, Resource
from stacks.settings import Settings
from stacks.topology.trust import ROTATED_SECRETS
from tests.environments import loaded
from tests.permissions import (
    allowed,
    documents,
    google_grants,
    may,
    named,
    principals,
    resource_arns,
    role_documents,
    sentence,
)

ROLE = "aws:iam/role:Role"
KEYS = ("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey")


def aws_readers(graph: Graph) -> dict[str, set[str]]:
    """The roles that may read each secret of AWS, by its policies and by the secret's own."""
    secrets = {arn: name for arn, name in resource_arns(graph).items() if ":secretsmanager:" in arn}
    readers: dict[str, set[str]] = {name.partition(" in ")[0]: set() for name in secrets.values()}
    for role in graph.of_type(ROLE):
        statements = [s for document in role_documents(graph, role) for s in allowed(document)]
        for arn, name in secrets.items():
            if any(may(statement, "secretsmanager:GetSecretValue", arn) for statement in statements):
                readers[name.partition(" in ")[0]].add(role.name)
    for document in documents(graph, "aws:secretsmanager/secretPolicy:SecretPolicy"):
        for statement in allowed(document):
            secret = named(graph, document.resource["secretArn"], document.resource)
            readers[secret] |= {named(graph, each, document.resource) for each in principals(statement)}
    return readers


def expected_on_aws(settings: Settings) -> dict[str, set[str]]:
    """Who is to read each secret of AWS, by what the services of the settings name."""
    readers: dict[str, set[str]] = defaultdict(set)
    for name, service in settings.containers.items():
        if service.primary not in ("ecs", "ec2"):
            continue
        starts = {f"{name}-execution"} | ({f"{name}-migration-execution"} if service.migration else set())
        recovers = {f"{name}-recovery-execution"} if name in settings.compute.recovery else set[str]()
        for secret in given(service.secrets):
            readers[f"{secret}-aws"] |= starts | recovers
        for database in set(service.databases) & set(settings.databases.managed):
            readers[f"postgres-{database}-url-aws"] |= starts
            readers[f"postgres-{database}-recovery-url"] |= recovers
            readers[f"postgres-{database}-ca-aws"] |= starts | recovers
        for cache_name in set(service.caches) & set(settings.caches.managed):
            readers[f"redis-{cache_name}-aws-url"] |= starts
            readers[f"redis-{cache_name}-recovery-url"] |= recovers
    for secret in ROTATED_SECRETS:
        readers[f"{secret}-aws"].add("secret-rotation-identity-aws")
    for database, managed in settings.databases.managed.items():
        if managed.pool_percent is not None:
            readers[f"postgres-{database}-application"].add(f"postgres-{database}-proxy")
    return readers


def given(own: tuple[str, ...]) -> set[str]:
    """The secrets of a service: its own, and the two that every service gets."""
    return {name.lower().replace("_", "-") for name in own} | {"secret-key", "encryption-key"}


def test_a_secret_of_aws_is_read_by_those_who_name_it_and_nobody_else(graph: Graph) -> None:
    expected = expected_on_aws(loaded(graph.stack))
    found = aws_readers(graph)
    assert {name: readers for name, readers in found.items() if readers} == {k: v for k, v in expected.items() if v}


def google_readers(graph: Graph) -> dict[str, set[str]]:
    """Who may read each secret of Google Cloud, by the grants on the secret; there are none on the project."""
    readers: dict[str, set[str]] = defaultdict(set)
    for _, member, role, thing in google_grants(graph):
        if role == "secretmanager.secretAccessor":
            readers[thing].add(member)
    return readers


def expected_in_google(settings: Settings) -> dict[str, set[str]]:
    """Who is to read each secret of Google Cloud, by what the services of the settings name."""
    readers: dict[str, set[str]] = defaultdict(set)
    if not settings.gcp.enabled:
        return readers
    for name, service in settings.containers.items():
        if "cloud_run" not in (service.primary, service.standby):
            continue
        member = f"{name}-identity-account"
        for secret in given(service.secrets):
            readers[f"{secret}-gcp"].add(member)
        for database in set(service.databases) & set(settings.databases.managed):
            readers[f"postgres-{database}-url-gcp"].add(member)
            readers[f"postgres-{database}-ca-gcp"].add(member)
        for cache_name in set(service.caches) & set(settings.caches.managed):
            readers[f"redis-{cache_name}-gcp-url"].add(member)
            readers[f"redis-{cache_name}-gcp-ca"].add(member)
    for secret in ROTATED_SECRETS:
        readers[f"{secret}-gcp"].add("secret-rotation-identity-gcp")
    return readers


FEEDS = {"postgres-main-feed-gcp": {"datastream.googleapis.com"}}
"""The login of the change stream, which Datastream reads itself."""


def test_a_secret_of_google_cloud_is_read_by_those_who_name_it_and_nobody_else(graph: Graph) -> None:
    found = google_readers(graph)
    feeds = {name: members for name, members in FEEDS.items() if name in found}
    assert found == {**expected_in_google(loaded(graph.stack)), **feeds}


def test_an_image_is_pulled_by_its_own_service_and_nobody_else(graph: Graph) -> None:
    """In Google Cloud one repository holds all images, and Cloud Run's own agent pulls them; no grant tells more."""
    settings = loaded(graph.stack)
    pullers: dict[str, set[str]] = {r.name: set() for r in graph.of_type("aws:ecr/repository:Repository")}
    for arn, name in resource_arns(graph).items():
        if name in pullers and ":ecr:" in arn:
            pullers[name] = {
                role.name
                for role in graph.of_type(ROLE)
                for document in role_documents(graph, role)
                for statement in allowed(document)
                if any(may(statement, f"ecr:{action}", arn) for action in ("BatchGetImage", "GetDownloadUrlForLayer"))
            }
    expected: dict[str, set[str]] = {name: set() for name in pullers}
    for name, service in settings.containers.items():
        if service.primary in ("ecs", "ec2"):
            expected[f"images-aws-{name}"].add(f"{name}-execution")
            if service.migration:
                expected[f"images-aws-{name}"].add(f"{name}-migration-execution")
            if name in settings.compute.recovery and settings.aws.recovery is not None:
                expected[f"images-aws-{settings.aws.recovery.region}-{name}"].add(f"{name}-recovery-execution")
    assert pullers == expected
    assert graph.of_type("aws:ecr/repositoryPolicy:RepositoryPolicy") == []


MANAGEMENT = ("AccountManages", "AdministratorsManage")
"""The statements that keep a key in order, and let nobody read with it; tested with the key's component."""

ACCOUNT_USES = "kms:Decrypt, kms:DescribeKey, kms:Encrypt, kms:GenerateDataKey*, kms:ReEncrypt*"


def through(*services: str, region: str = "us-east-1") -> set[str]:
    """Whoever a role allows to, while one of these services asks; and the grants that the services go on by."""
    via = " or ".join(f"{service}.{region}.amazonaws.com" for service in services)
    asked = f"kms:CallerAccount is account and kms:ViaService is {via}"
    return {
        f"account: {ACCOUNT_USES} if {asked}",
        f"account: kms:CreateGrant if {asked} and kms:GrantIsForAWSResource is true",
    }


def logs(region: str = "us-east-1") -> set[str]:
    """CloudWatch Logs, for the log groups of this account."""
    return {
        f"logs.{region}.amazonaws.com: kms:Decrypt, kms:Encrypt, kms:GenerateDataKey*, kms:ReEncrypt*"
        f" if kms:EncryptionContext:aws:logs:arn is like logs:{region}:account:*"
    }


EVENTBRIDGE = (
    "events.amazonaws.com: kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey*, kms:ReEncrypt*"
    " if aws:SourceAccount is account"
)
ROUTE_53 = {
    "dnssec-route53.amazonaws.com: kms:DescribeKey, kms:GetPublicKey, kms:Sign"
    " if aws:SourceAccount is account and aws:SourceArn is zones-aws",
    "dnssec-route53.amazonaws.com: kms:CreateGrant"
    " if aws:SourceAccount is account and kms:GrantIsForAWSResource is true",
}

KEY_USERS: dict[str, set[str]] = {
    "key-logs-aws": logs(),
    "key-data-aws": through("ec2", "elasticache", "rds", "s3"),
    "key-secrets-aws": through("secretsmanager"),
    "key-images-aws": through("ecr"),
    "key-events-aws": through("kinesis", "sqs") | {EVENTBRIDGE},
    "key-pii-aws": set(),
    "key-vault-aws": set(),
    "zones-dnssec": ROUTE_53,
}
"""Whom each key of production lets use it, by its own policy; a copy of a key says the same of its region."""

KEY_ROLES: dict[str, set[str]] = {
    "key-data-aws": {
        "backend-api-task",
        "backend-api-recovery-task",
        "bucket-records-replication",
        "bucket-statements-replication",
    },
    "key-events-aws": {
        "trading-events-to-aws-forwarder-run",
        "trading-events-to-google-forward",
        "trading-events-to-google-ingest",
    },
}
"""The roles that use a key by their own policies. Those of the key of the secrets are whoever reads a secret."""


def users(graph: Graph, key: Resource) -> set[str]:
    """Who uses a key by its own policy, and how."""
    return {
        f"{', '.join(named(graph, each, key) for each in principals(statement))}:"
        f" {sentence(graph, statement, key).replace(' on anything', '')}"
        for document in documents(graph, *KEYS)
        if document.resource is key
        for statement in allowed(document)
        if statement["Sid"] not in MANAGEMENT
    }


def test_a_key_is_used_by_whom_its_line_says(production: Graph) -> None:
    found = {key.name: users(production, key) for key in production.of_type(*KEYS)}
    copies = {
        f"{name}-us-west-2": {line.replace("us-east-1", "us-west-2") for line in KEY_USERS[name]}
        for name in KEY_USERS
        if name != "zones-dnssec"
    }
    assert found == {**KEY_USERS, **copies}


def test_roles_use_the_keys_of_what_they_read_and_write(production: Graph) -> None:
    arns = {
        arn: name for arn, name in resource_arns(production).items() if re.match(r"arn:aws:kms:[^:]+:\d+:key/", arn)
    }
    found: dict[str, set[str]] = defaultdict(set)
    for role in production.of_type(ROLE):
        for document in role_documents(production, role):
            for statement in allowed(document):
                for arn, name in arns.items():
                    if any(
                        may(statement, f"kms:{action}", arn) for action in ("Decrypt", "Encrypt", "GenerateDataKey")
                    ):
                        found[name.removesuffix("-us-west-2")].add(role.name)
    readers = {role for roles in aws_readers(production).values() for role in roles}
    assert found == {**KEY_ROLES, "key-secrets-aws": readers}


def test_nobody_uses_a_key_but_through_the_service_that_holds_the_data(graph: Graph) -> None:
    """A role that could call KMS itself would open any copy of the data, wherever it got it from."""
    by_itself = [
        f"{document.where}: {statement['Sid']}"
        for document in documents(graph, "aws:iam/rolePolicy:RolePolicy")
        for statement in allowed(document)
        if any(action.startswith("kms:") for action in statement["Action"])
        and "kms:ViaService" not in json.dumps(statement.get("Condition", {}))
    ]
    # Session Manager's agent decrypts on the machine itself, with a key that encrypts nothing else.
    assert by_itself == ([] if graph.stack != "development" else ["RolePolicy bastion-session-log: DecryptSession"])
