"""What each role of AWS may do in production, in sentences; whoever adds a role writes its line here.

A failure shows the sentences of the role as they are now. What a role may do is what its own policies say: the keys,
buckets and queues that let somebody in by theirs are in `test_least_privilege.py` and `test_secrets_and_keys.py`.
"""

import pytest

from sandbox.graph import Graph
from tests.environments import recorded
from tests.permissions import allowed, role_documents, sentence, trusted

ROLE = "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

FUNCTIONS = "lambda.amazonaws.com"
"""Lambda sends no source when it takes a role: iam:PassRole of whoever deploys decides which function gets it."""
REPLICATION = "s3.amazonaws.com"
"""S3 sends none either."""
WEST = "us-west-2"
FLOW_LOGS = "vpc-flow-logs.amazonaws.com if aws:SourceAccount is account"


def tasks(region: str = "us-east-1") -> str:
    """ECS, for tasks of this account in one region."""
    return f"ecs-tasks.amazonaws.com if aws:SourceAccount is account and aws:SourceArn is like ecs:{region}:account:*"


def through(service: str, *actions: str, key: str, region: str = "us-east-1") -> str:
    """The use of a key while a service of AWS asks for it."""
    return f"{', '.join(actions)} on {key} if kms:ViaService is {service}.{region}.amazonaws.com"


def of_account(service: str, *actions: str, key: str, region: str = "us-east-1") -> str:
    """The same, by callers of this account alone."""
    return (
        f"{', '.join(actions)} on {key} if kms:CallerAccount is account"
        f" and kms:ViaService is {service}.{region}.amazonaws.com"
    )


def starts(log: str, *, image: str, secrets: str, region: str = "us-east-1", key: str = "key-secrets-aws") -> set[str]:
    """What starting a task takes: its own image, its own secrets, its own log."""
    return {
        "ecr:GetAuthorizationToken on anything",
        f"ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer on {image}",
        f"logs:CreateLogStream, logs:PutLogEvents on {log}:log-stream:*",
        f"secretsmanager:GetSecretValue on {secrets}",
        of_account("secretsmanager", "kms:Decrypt", key=key, region=region),
    }


def writes_flow_logs(log: str, region: str) -> set[str]:
    """What delivering the flow logs of a VPC takes."""
    return {
        f"logs:CreateLogStream, logs:DescribeLogStreams, logs:PutLogEvents on {log}, {log}:*",
        f"logs:DescribeLogGroups on logs:{region}:account:log-group:*",
    }


def publishes(source: str) -> str:
    """Events of one source, and of no other."""
    return f"events:PutEvents on trading-events-bus if events:source is nothing but {source} and events:source is given"


def objects(key: str, *actions: str, buckets: str, region: str = "us-east-1") -> str:
    """The use of a key for what lies in some buckets, by whichever of them S3 encrypts for."""
    context = " or ".join(f"{bucket} or {bucket}/*" for bucket in buckets.split(", "))
    return (
        f"{', '.join(actions)} on {key} if kms:ViaService is s3.{region}.amazonaws.com"
        f" and kms:EncryptionContext:aws:s3:arn is like {context}"
    )


def reads_and_writes(buckets: str, key: str = "key-data-aws", region: str = "us-east-1") -> set[str]:
    """What working with the objects of buckets takes; deleting one is not part of it."""
    everything = ", ".join(f"{bucket}/*" for bucket in buckets.split(", "))
    return {
        f"s3:ListBucket on {buckets}",
        f"s3:AbortMultipartUpload, s3:GetObject, s3:PutObject on {everything}",
        objects(key, "kms:Decrypt", "kms:GenerateDataKey", buckets=buckets, region=region),
    }


def replicates(bucket: str, copy: str) -> tuple[str, set[str]]:
    """S3 reads one bucket and writes its copy in the recovery region."""
    return (
        REPLICATION,
        {
            f"s3:GetReplicationConfiguration, s3:ListBucket on {bucket}",
            "s3:GetObjectLegalHold, s3:GetObjectRetention, s3:GetObjectVersionAcl, s3:GetObjectVersionForReplication,"
            f" s3:GetObjectVersionTagging on {bucket}/*",
            f"s3:ReplicateDelete, s3:ReplicateObject, s3:ReplicateTags on {copy}/*",
            objects("key-data-aws", "kms:Decrypt", buckets=bucket),
            objects("key-data-aws-us-west-2", "kms:Encrypt", "kms:GenerateDataKey", buckets=copy, region=WEST),
        },
    )


BACKEND_SECRETS = (
    "encryption-key-aws, jwt-secret-aws, postgres-main-ca-aws, postgres-main-url-aws,"
    " redis-sessions-aws-url, secret-key-aws"
)
ROLES: dict[str, tuple[str, set[str]]] = {
    # Services: ECS starts them by one role, and their code has another, which may next to nothing.
    "backend-api-execution": (
        tasks(),
        starts("backend-api", image="images-aws-backend-api", secrets=BACKEND_SECRETS),
    ),
    "backend-api-task": (
        tasks(),
        {publishes("elson.trading"), *reads_and_writes("bucket-records, bucket-statements")},
    ),
    "backend-api-migration-execution": (
        tasks(),
        starts("backend-api-migration", image="images-aws-backend-api", secrets=BACKEND_SECRETS),
    ),
    "backend-api-migration-task": (tasks(), set()),
    "backend-api-recovery-execution": (
        tasks(WEST),
        starts(
            "backend-api-recovery",
            image="images-aws-us-west-2-backend-api",
            secrets="encryption-key-aws in us-west-2, jwt-secret-aws in us-west-2, postgres-main-ca-aws in us-west-2,"
            " postgres-main-recovery-url, redis-sessions-recovery-url, secret-key-aws in us-west-2",
            region=WEST,
            key="key-secrets-aws-us-west-2",
        ),
    ),
    "backend-api-recovery-task": (
        tasks(WEST),
        reads_and_writes("bucket-records-us-west-2, bucket-statements-us-west-2", "key-data-aws-us-west-2", WEST),
    ),
    "websocket-execution": (
        tasks(),
        starts(
            "websocket",
            image="images-aws-websocket",
            secrets="encryption-key-aws, jwt-secret-aws, redis-sessions-aws-url, secret-key-aws",
        ),
    ),
    "websocket-task": (tasks(), set()),
    "websocket-recovery-execution": (
        tasks(WEST),
        starts(
            "websocket-recovery",
            image="images-aws-us-west-2-websocket",
            secrets="encryption-key-aws in us-west-2, jwt-secret-aws in us-west-2, redis-sessions-recovery-url,"
            " secret-key-aws in us-west-2",
            region=WEST,
            key="key-secrets-aws-us-west-2",
        ),
    ),
    "websocket-recovery-task": (tasks(WEST), set()),
    # The ground: networks, databases, buckets, secrets.
    "network-aws-flow-logs": (FLOW_LOGS, writes_flow_logs("network-aws-flow-logs", "us-east-1")),
    "network-recovery-flow-logs": (FLOW_LOGS, writes_flow_logs("network-recovery-flow-logs", WEST)),
    "postgres-main-monitoring": (
        "monitoring.rds.amazonaws.com if aws:SourceAccount is account",
        {
            # RDS keeps this group itself, in each region where there is a database.
            "logs:CreateLogGroup, logs:PutRetentionPolicy on"
            " logs:*:account:log-group:RDSOSMetrics, logs:*:account:log-group:RDSOSMetrics:*",
            "logs:CreateLogStream, logs:DescribeLogStreams, logs:GetLogEvents, logs:PutLogEvents on"
            " logs:*:account:log-group:RDSOSMetrics:log-stream:*",
        },
    ),
    "postgres-main-proxy": (
        "rds.amazonaws.com if aws:SourceAccount is account",
        {
            "secretsmanager:DescribeSecret, secretsmanager:GetSecretValue on postgres-main-application",
            of_account("secretsmanager", "kms:Decrypt", key="key-secrets-aws"),
        },
    ),
    "bucket-records-replication": replicates("bucket-records", "bucket-records-us-west-2"),
    "bucket-statements-replication": replicates("bucket-statements", "bucket-statements-us-west-2"),
    "secret-rotation-identity-aws": (
        FUNCTIONS,
        {
            "secretsmanager:DescribeSecret, secretsmanager:GetSecretValue, secretsmanager:PutSecretValue,"
            " secretsmanager:UpdateSecretVersionStage on jwt-secret-aws, secret-key-aws",
            of_account("secretsmanager", "kms:Decrypt", "kms:GenerateDataKey", key="key-secrets-aws"),
            # The copies in the recovery region are written with the key there, and not read.
            of_account(
                "secretsmanager", "kms:Encrypt", "kms:GenerateDataKey", key="key-secrets-aws-us-west-2", region=WEST
            ),
            "logs:CreateLogStream, logs:PutLogEvents on secret-rotation-log:*",
        },
    ),
    # The way of an event: EventBridge writes the stream, Pub/Sub reads it, a function puts what comes back.
    "trading-events-to-google-forward": (
        "events.amazonaws.com if aws:SourceAccount is account"
        " and aws:SourceArn is trading-events-to-google-account or trading-events-to-google-other",
        {
            "kinesis:PutRecord, kinesis:PutRecords on trading-events-to-google-other",
            through("kinesis", "kms:GenerateDataKey", key="key-events-aws"),
        },
    ),
    "trading-events-to-google-ingest": (
        "accounts.google.com if accounts.google.com:sub is trading-events-to-google-ingest",
        {
            "kinesis:DescribeStream, kinesis:DescribeStreamSummary, kinesis:ListShards on"
            " trading-events-to-google-other",
            "kinesis:DescribeStreamConsumer, kinesis:SubscribeToShard on"
            " trading-events-to-google-other, trading-events-to-google-pubsub",
            through("kinesis", "kms:Decrypt", key="key-events-aws"),
        },
    ),
    "trading-events-to-aws-forwarder-run": (
        FUNCTIONS,
        {
            publishes("elson.trading.gcp"),
            "sqs:SendMessage on trading-events-to-aws-dead-queue",
            through("sqs", "kms:Decrypt", "kms:GenerateDataKey", key="key-events-aws"),
            "logs:CreateLogStream, logs:PutLogEvents on trading-events-to-aws-forwarder-log:*",
        },
    ),
}
"""Who assumes each role of production, and all that it may do."""

NOT_IN_PRODUCTION = {
    "development": {"bastion", "specialized-execution", "specialized-task"},
    "staging": set[str](),
}
"""Roles that production lacks; what they may do is tested with their components."""

WRITTEN_BY_AWS = {
    "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore": "what a machine needs to be reached by Session Manager",
}
"""Policies of AWS that a role of any environment may have: their content is AWS's to change."""


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[str, set[str]]]:
    graph = recorded("production")
    return {
        role.name: (
            trusted(graph, role),
            {sentence(graph, s, d.resource) for d in role_documents(graph, role) for s in allowed(d)},
        )
        for role in graph.of_type(ROLE)
    }


def test_every_role_of_production_has_its_line_and_no_line_has_lost_its_role(found: dict[str, object]) -> None:
    assert set(found) == set(ROLES), "nobody has written down what a role may do"


@pytest.mark.parametrize("name", sorted(ROLES))
def test_a_role_is_assumed_by_whom_its_line_says(name: str, found: dict[str, tuple[str, set[str]]]) -> None:
    assert found[name][0] == ROLES[name][0]


@pytest.mark.parametrize("name", sorted(ROLES))
def test_a_role_may_do_exactly_what_its_line_says(name: str, found: dict[str, tuple[str, set[str]]]) -> None:
    assert found[name][1] == ROLES[name][1]


def test_no_role_may_do_elsewhere_what_it_may_not_in_production(environment: str) -> None:
    graph = recorded(environment)
    beyond = {
        role.name: actions
        for role in graph.of_type(ROLE)
        if role.name in ROLES
        and (actions := actions_of(graph, role.name) - actions_of(recorded("production"), role.name))
    }
    assert beyond == {}, "an environment that is tested with more rights than production proves nothing for it"
    further = {role.name for role in graph.of_type(ROLE)} - set(ROLES)
    assert further == NOT_IN_PRODUCTION.get(environment, set())


def test_policies_that_aws_writes_are_attached_where_there_is_no_other_way(graph: Graph) -> None:
    attached = {resource["policyArn"] for resource in graph.of_type(ATTACHMENT)}
    named_in_roles = {arn for role in graph.of_type(ROLE) for arn in role.get("managedPolicyArns") or []}
    assert attached | named_in_roles <= set(WRITTEN_BY_AWS), "AWS may widen them any day"


def test_nobody_is_a_user_with_a_key(graph: Graph) -> None:
    assert graph.of_type("aws:iam/user:User", "aws:iam/accessKey:AccessKey", "aws:iam/group:Group") == []
    assert graph.of_type("gcp:serviceaccount/key:Key", "gcp:storage/hmacKey:HmacKey") == [], "keys leak, and last"


def actions_of(graph: Graph, name: str) -> set[str]:
    documents_of_role = role_documents(graph, graph.named(name, ROLE))
    return {action for document in documents_of_role for s in allowed(document) for action in s["Action"]}
