"""A ReplicatedPostgres as production has it, for the tests of its parts."""

from dataclasses import replace

from components.data.cloud_sql_postgres import CloudSqlBackups, CloudSqlNetwork, CloudSqlSize
from components.data.postgres_shape import AwsPostgresArgs, GcpPostgresArgs, PostgresLogins, PostgresSecrets
from components.data.rds_shape import (
    RdsAuthority,
    RdsBackups,
    RdsNetwork,
    RdsObservation,
    RdsRecovery,
    RdsRecoveryReplica,
    RdsSize,
)
from components.data.replicated_postgres import ReplicatedPostgres, ReplicatedPostgresArgs
from components.security.secret_pair import AwsSecretArgs, GcpSecretArgs, SecretReplica
from sandbox.graph import Graph
from sandbox.recorder import record_components

NAME = "postgres-main"
ACCOUNT = "111122223333"
REGION, RECOVERY_REGION = "us-east-1", "us-west-2"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-data"
RECOVERY_KEY = f"arn:aws:kms:{RECOVERY_REGION}:{ACCOUNT}:key/mrk-data"
LOGS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-logs"
RECOVERY_LOGS_KEY = f"arn:aws:kms:{RECOVERY_REGION}:{ACCOUNT}:key/mrk-logs"
SECRETS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-secrets"
RECOVERY_SECRETS_KEY = f"arn:aws:kms:{RECOVERY_REGION}:{ACCOUNT}:key/mrk-secrets"
PROJECT, GOOGLE_REGION = "elson-test", "us-central1"
GOOGLE_KEY = f"projects/{PROJECT}/locations/{GOOGLE_REGION}/keyRings/data/cryptoKeys/data"
READER = f"serviceAccount:backend-api@{PROJECT}.iam.gserviceaccount.com"
PRIMARY_AUTHORITY, RECOVERY_AUTHORITY, PROXY_AUTHORITY = (
    f"-----BEGIN CERTIFICATE-----\n{which}\n-----END CERTIFICATE-----" for which in ("EAST", "WEST", "PROXY")
)
AUTHORITIES_PATH = "/etc/database/authorities.pem"

RECOVERY = RdsRecovery(
    region=RECOVERY_REGION,
    key_arn=RECOVERY_KEY,
    replica=RdsRecoveryReplica(
        instance_class="db.r8g.large",
        promoted=False,
        network=RdsNetwork(
            subnet_ids={"us-west-2a": "subnet-w1", "us-west-2b": "subnet-w2"}, security_group_ids=["sg-w"]
        ),
        certificate=RECOVERY_AUTHORITY,
        logs_key_arn=RECOVERY_LOGS_KEY,
    ),
)
AWS = AwsPostgresArgs(
    key_arn=KEY,
    network=RdsNetwork(
        subnet_ids={"us-east-1a": "subnet-1", "us-east-1b": "subnet-2", "us-east-1c": "subnet-3"},
        security_group_ids=["sg-postgres"],
    ),
    size=RdsSize(
        instance_class="db.r8g.xlarge",
        storage_gib=200,
        max_storage_gib=1000,
        multi_az=True,
        replica_zones=["us-east-1b", "us-east-1c"],
    ),
    backups=RdsBackups(retention_days=30, backup_window="01:00-02:00", maintenance_window="sun:03:00-sun:04:00"),
    observation=RdsObservation(
        monitoring_seconds=30, insights="advanced", log_retention_days=90, logs_key_arn=LOGS_KEY
    ),
    authority=RdsAuthority(identifier="rds-ca-rsa2048-g1", certificate=PRIMARY_AUTHORITY),
    pool_percent=80,
    recovery=RECOVERY,
)
GCP = GcpPostgresArgs(
    project_id=PROJECT,
    region=GOOGLE_REGION,
    key_id=GOOGLE_KEY,
    network=CloudSqlNetwork(
        network_id=f"projects/{PROJECT}/global/networks/gcp-vpc",
        allocated_range="gcp-managed-services",
        services_peering="servicenetworking-googleapis-com",
    ),
    size=CloudSqlSize(tier="db-custom-4-15360", storage_gib=200, max_storage_gib=1000),
    backups=CloudSqlBackups(retained=30, log_days=7, start_time="01:00", maintenance_day=7, maintenance_hour=3),
    replication_generation=1,
)
SECRETS = PostgresSecrets(
    recovery_window_days=30,
    aws=AwsSecretArgs(
        account_id=ACCOUNT,
        region=REGION,
        key_arn=SECRETS_KEY,
        replica=SecretReplica(region=RECOVERY_REGION, key_arn=RECOVERY_SECRETS_KEY),
    ),
    gcp=GcpSecretArgs(project_id=PROJECT, region=GOOGLE_REGION, key_id=GOOGLE_KEY, readers={"backend-api": READER}),
    authorities_path=AUTHORITIES_PATH,
    proxy_authorities=PROXY_AUTHORITY,
)
LOGINS = PostgresLogins(administrator="owner", application="platform", replication="follower", generation=1)
ARGS = ReplicatedPostgresArgs(
    database="trading",
    major_version="17",
    writer="aws",
    logins=LOGINS,
    secrets=SECRETS,
    deletion_protection=True,
    aws=AWS,
    gcp=GCP,
)
ALONE = replace(
    ARGS,
    aws=replace(AWS, recovery=None, pool_percent=None),
    gcp=None,
    secrets=replace(SECRETS, gcp=None, aws=replace(SECRETS.aws, replica=None)),
)
"""As development has it: no standby cloud, no recovery region, no proxy."""

INSTANCE = "aws:rds/instance:Instance"
CLOUD_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
COMPONENT = "platform:data:ReplicatedPostgres"
AWS_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
GCP_VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
PASSWORD = "random:index/randomPassword:RandomPassword"


def recorded(args: ReplicatedPostgresArgs = ARGS, *, known: bool = True) -> Graph:
    """The graph of one database."""
    return record_components(lambda: ReplicatedPostgres(NAME, args), known=known)
