"""What a RedisHA promises; that the servers understand the access string is not proven here."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi_aws as aws
import pulumi_gcp as gcp
import pytest
from pulumi import ProviderResource, ResourceOptions

from components.data.cache_user import CacheUser, access_string
from components.data.elasticache import (
    CacheEngine,
    CacheKeys,
    CacheNodes,
    CacheWindows,
    ElastiCacheArgs,
    Engine,
    parameter_family,
)
from components.data.memorystore import (
    MemorystoreArgs,
    MemorystoreEngine,
    MemorystoreKeys,
    MemorystoreNetwork,
    MemorystoreWindows,
)
from components.data.redis_ha import RedisHA, RedisHAArgs
from sandbox import hygiene, schema
from sandbox.difference import difference
from sandbox.graph import Graph, Resource
from sandbox.recorder import record_components

ACCOUNT = "111122223333"
GOOGLE_KEY = "projects/elson-test/locations/us-central1/keyRings/data/cryptoKeys/data"
GOOGLE_SECRETS_KEY = "projects/elson-test/locations/us-central1/keyRings/secrets/cryptoKeys/secrets"
READER = "serviceAccount:backend-api@elson-test.iam.gserviceaccount.com"

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
USER = "aws:elasticache/user:User"
USER_GROUP = "aws:elasticache/userGroup:UserGroup"
INSTANCE = "gcp:redis/instance:Instance"
AWS_SECRET = "aws:secretsmanager/secret:Secret"
AWS_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
GCP_SECRET = "gcp:secretmanager/secret:Secret"
GCP_VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
GRANT = "gcp:secretmanager/secretIamMember:SecretIamMember"

SUBNETS = {"us-east-1a": "subnet-a", "us-east-1b": "subnet-b", "us-east-1d": "subnet-d"}

AWS = ElastiCacheArgs(
    account_id=ACCOUNT,
    region="us-east-1",
    engine=CacheEngine(name="valkey", version="8.0", eviction="volatile-lru"),
    nodes=CacheNodes(node_type="cache.r7g.large", count=3, subnet_ids=SUBNETS, security_group_ids=["sg-redis"]),
    user=CacheUser(key_patterns=["session:*", "rate:*"], channel_patterns=[], generation=1),
    windows=CacheWindows(snapshot_days=7, snapshot="01:00-02:00", maintenance="sun:03:00-sun:04:00"),
    keys=CacheKeys(data_arn="arn:key/data", logs_arn="arn:key/logs", secrets_arn="arn:key/secrets"),
    log_retention_days=90,
    recovery_window_days=30,
)

GCP = MemorystoreArgs(
    project_id="elson-test",
    region="us-central1",
    engine=MemorystoreEngine(version="REDIS_7_2", memory_gib=5, eviction="volatile-lru"),
    network=MemorystoreNetwork(network_id="projects/p/vpc", allocated_range="managed", services_peering="peering"),
    windows=MemorystoreWindows(snapshots="TWELVE_HOURS", maintenance_day="SUNDAY", maintenance_hour=3),
    keys=MemorystoreKeys(data_id=GOOGLE_KEY, secrets_id=GOOGLE_SECRETS_KEY),
    readers={"backend-api": READER},
    recovery_window_days=30,
    deletion_protection=True,
)


def recorded(primary: ElastiCacheArgs = AWS, standby: MemorystoreArgs | None = GCP, *, known: bool = True) -> Graph:
    return record_components(lambda: RedisHA("redis-main", RedisHAArgs(aws=primary, gcp=standby)), known=known)


def one_node(**windows: Any) -> ElastiCacheArgs:
    return replace(AWS, nodes=replace(AWS.nodes, count=1), windows=replace(AWS.windows, **windows))


def on(engine: Engine, version: str) -> ElastiCacheArgs:
    return replace(AWS, engine=replace(AWS.engine, name=engine, version=version))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recorded()


def only(graph: Graph, token: str) -> Resource:
    (found,) = graph.of_type(token)
    return found


def google_versions(graph: Graph) -> Mapping[str, Resource]:
    return {version.name.removeprefix("redis-main-gcp-"): version for version in graph.of_type(GCP_VERSION)}


def outputs(graph: Graph) -> dict[str, Any]:
    return dict(graph.named("redis-main", "platform:data:RedisHA").registered or {})


def test_nodes_are_in_different_zones_and_one_takes_over_from_another(graph: Graph) -> None:
    group = only(graph, GROUP)
    assert (group["numCacheClusters"], group["preferredCacheClusterAzs"]) == (3, sorted(SUBNETS))
    assert (group["automaticFailoverEnabled"], group["multiAzEnabled"]) == (True, True)
    assert only(graph, "aws:elasticache/subnetGroup:SubnetGroup")["subnetIds"] == ["subnet-a", "subnet-b", "subnet-d"]


def test_a_single_node_asks_for_no_failover_which_aws_would_refuse() -> None:
    group = only(recorded(one_node()), GROUP)
    assert (group["automaticFailoverEnabled"], group["multiAzEnabled"]) == (False, False)
    assert group["preferredCacheClusterAzs"] == ["us-east-1a"]


def test_more_nodes_than_zones_take_the_zones_in_turn() -> None:
    group = only(recorded(replace(AWS, nodes=replace(AWS.nodes, count=5))), GROUP)
    assert group["preferredCacheClusterAzs"] == [*sorted(SUBNETS), "us-east-1a", "us-east-1b"]


@pytest.mark.parametrize("count", [0, 7])
def test_a_number_of_nodes_that_aws_refuses_is_refused_here(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 6 nodes"):
        replace(AWS.nodes, count=count)


def test_both_caches_are_encrypted_on_the_wire_and_at_rest_by_our_keys(graph: Graph) -> None:
    group, instance = only(graph, GROUP), only(graph, INSTANCE)
    assert (group["transitEncryptionEnabled"], group["transitEncryptionMode"]) == (True, "required")
    assert (group["atRestEncryptionEnabled"], group["kmsKeyId"]) == (True, "arn:key/data")
    assert (instance["transitEncryptionMode"], instance["customerManagedKey"]) == ("SERVER_AUTHENTICATION", GOOGLE_KEY)


def test_nobody_connects_to_either_without_a_password(graph: Graph) -> None:
    (user,) = graph.of_type(USER)
    assert only(graph, GROUP)["userGroupIds"] == ["redis-main-aws-users"]
    assert only(graph, USER_GROUP)["userIds"] == [user["userId"]], "a Valkey group takes users with a password only"
    assert [len(each) >= 16 for each in user["passwords"]] == [True], "ElastiCache takes 16 characters or more"
    assert "noPasswordRequired" not in user.inputs
    assert only(graph, INSTANCE)["authEnabled"] is True


def test_redis_gets_the_default_user_that_it_wants_and_nobody_can_be_it() -> None:
    graph = recorded(on("redis", "7.1"))
    users = {user["userName"]: user for user in graph.of_type(USER)}
    assert set(users) == {"default", "redis-main-aws-application"}
    assert users["default"]["accessString"] == "off ~* -@all"
    assert set(only(graph, USER_GROUP)["userIds"]) == {"redis-main-aws-application", "redis-main-aws-default"}
    assert {user["engine"] for user in users.values()} == {"redis"}


def test_the_user_reaches_its_own_keys_and_cannot_empty_or_configure_the_cache(graph: Graph) -> None:
    assert only(graph, USER)["accessString"] == (
        "on ~session:* ~rate:* resetchannels -@all +@read +@write +@connection +@transaction "
        "+eval +evalsha +script|exists +script|load -@dangerous"
    )


def test_channels_bring_the_commands_for_them_and_nothing_comes_after_the_dangerous_ones() -> None:
    words = access_string(["*"], ["prices:*"]).split()
    assert words[1:4] == ["~*", "resetchannels", "&prices:*"]
    assert ("+@pubsub" in words, words[-1]) == (True, "-@dangerous"), "a later + would bring a dangerous command back"


def test_a_user_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="could reach no key"):
        CacheUser(key_patterns=[], channel_patterns=[], generation=1)


def test_redis_url_has_the_scheme_the_login_and_the_port_of_its_cloud(graph: Graph) -> None:
    (password,) = only(graph, USER)["passwords"]
    group, instance = only(graph, GROUP), only(graph, INSTANCE)
    assert only(graph, AWS_VERSION)["secretString"] == (
        f"rediss://redis-main-aws-application:{password}@{group['primaryEndpointAddress']}:6379/0"
    )
    assert google_versions(graph)["url"]["secretData"] == (
        f"rediss://:{instance['authString']}@{instance['host']}:6378/0"
    ), "6379 is the port without TLS, and Memorystore knows no user names"


def test_clients_in_google_cloud_get_every_authority_that_may_have_signed_the_certificate(graph: Graph) -> None:
    certificates = [each["cert"] for each in only(graph, INSTANCE)["serverCaCerts"]]
    assert certificates
    assert google_versions(graph)["ca"]["secretData"] == "\n".join(certificates)


def test_credentials_stand_in_their_secrets_and_nowhere_in_plain_text(graph: Graph) -> None:
    assert hygiene.leaks(graph) == []
    assert "passwords" in {path.split("[")[0] for path in only(graph, USER).secret_inputs}
    assert "secretString" in only(graph, AWS_VERSION).secret_inputs
    assert "secretData" in google_versions(graph)["url"].secret_inputs
    assert "rediss" not in json.dumps(outputs(graph)), "components pass on where a secret is, never what it is"


def test_the_secrets_are_under_their_own_key_in_the_cloud_and_region_of_the_cache(graph: Graph) -> None:
    secret = only(graph, AWS_SECRET)
    assert (secret["name"], secret["kmsKeyId"], secret["replicas"]) == ("redis-main-aws-url", "arn:key/secrets", [])
    encryption = {"kmsKeyName": GOOGLE_SECRETS_KEY}
    kept = {"userManaged": {"replicas": [{"location": "us-central1", "customerManagedEncryption": encryption}]}}
    assert {each["secretId"]: each["replication"] for each in graph.of_type(GCP_SECRET)} == {
        "redis-main-gcp-url": kept,
        "redis-main-gcp-ca": kept,
    }


def test_exactly_the_named_members_read_the_google_secrets(graph: Graph) -> None:
    assert {(grant["secretId"].split("/")[-1], grant["member"], grant["role"]) for grant in graph.of_type(GRANT)} == {
        ("redis-main-gcp-url", READER, "roles/secretmanager.secretAccessor"),
        ("redis-main-gcp-ca", READER, "roles/secretmanager.secretAccessor"),
    }


def test_logs_go_to_groups_that_are_encrypted_and_end(graph: Graph) -> None:
    groups = {group["name"]: group for group in graph.of_type("aws:cloudwatch/logGroup:LogGroup")}
    prefix = "/aws/vendedlogs/elasticache/redis-main-aws"
    assert set(groups) == {f"{prefix}/slow-log", f"{prefix}/engine-log"}
    assert {(each["kmsKeyId"], each["retentionInDays"]) for each in groups.values()} == {("arn:key/logs", 90)}
    deliveries = only(graph, GROUP)["logDeliveryConfigurations"]
    assert {(each["logType"], each["destination"]) for each in deliveries} == {
        ("slow-log", f"{prefix}/slow-log"),
        ("engine-log", f"{prefix}/engine-log"),
    }


def test_snapshots_are_kept_and_a_last_one_is_taken_under_a_name_that_is_free(graph: Graph) -> None:
    group = only(graph, GROUP)
    assert (group["snapshotRetentionLimit"], group["snapshotWindow"]) == (7, "01:00-02:00")
    suffix = only(graph, "random:index/randomId:RandomId")["hex"]
    assert group["finalSnapshotIdentifier"] == f"redis-main-aws-final-{suffix}"


def test_without_snapshots_there_is_no_last_one_either() -> None:
    group = only(recorded(one_node(snapshot_days=0)), GROUP)
    assert group["snapshotRetentionLimit"] == 0
    assert {"snapshotWindow", "finalSnapshotIdentifier"} & set(group.inputs) == set()


def test_changes_wait_for_the_window_and_the_version_moves_by_the_settings_alone(graph: Graph) -> None:
    group = only(graph, GROUP)
    assert (group["applyImmediately"], group["autoMinorVersionUpgrade"]) == (False, False)
    assert (group["engineVersion"], group["maintenanceWindow"]) == ("8.0", "sun:03:00-sun:04:00")


@pytest.mark.parametrize(
    ("engine", "version", "family"),
    [("valkey", "7.2", "valkey7"), ("valkey", "8.0", "valkey8"), ("redis", "7.1", "redis7")],
)
def test_parameters_are_of_the_family_of_the_version(engine: Engine, version: str, family: str) -> None:
    assert parameter_family(CacheEngine(name=engine, version=version, eviction="noeviction")) == family


def test_a_version_that_would_refuse_its_clients_greeting_is_refused() -> None:
    with pytest.raises(ValueError, match=r"write 7\.0 or later"):
        CacheEngine(name="redis", version="6.2", eviction="noeviction")


def test_both_clouds_forget_by_the_same_rule(graph: Graph) -> None:
    parameters = only(graph, "aws:elasticache/parameterGroup:ParameterGroup")
    assert parameters["parameters"] == [{"name": "maxmemory-policy", "value": "volatile-lru"}]
    assert only(graph, INSTANCE)["redisConfigs"] == {"maxmemory-policy": "volatile-lru"}


def test_memorystore_is_highly_available_on_a_private_address_of_the_reserved_range(graph: Graph) -> None:
    instance = only(graph, INSTANCE)
    assert (instance["tier"], instance["memorySizeGb"], instance["redisVersion"]) == ("STANDARD_HA", 5, "REDIS_7_2")
    assert (instance["connectMode"], instance["reservedIpRange"]) == ("PRIVATE_SERVICE_ACCESS", "managed")
    assert instance["authorizedNetwork"] == "projects/p/vpc"
    assert instance["persistenceConfig"] == {"persistenceMode": "RDB", "rdbSnapshotPeriod": "TWELVE_HOURS"}
    (window,) = instance["maintenancePolicy"]["weeklyMaintenanceWindows"]
    assert (window["day"], window["startTime"]["hours"]) == ("SUNDAY", 3)


def test_what_holds_data_is_protected(graph: Graph) -> None:
    stateful = graph.of_type(GROUP, INSTANCE, AWS_SECRET, GCP_SECRET)
    assert {each.name: each.options.protect for each in stateful} == dict.fromkeys(
        ["redis-main-aws", "redis-main-gcp", "redis-main-aws-url", "redis-main-gcp-url", "redis-main-gcp-ca"], True
    )
    assert only(graph, INSTANCE)["deletionProtection"] is True


def test_alarms_and_services_get_what_they_need_by_reference(graph: Graph) -> None:
    group = only(graph, GROUP)
    assert set(outputs(graph)) == {
        "aws_url_secret_arn",
        "aws_primary_endpoint",
        "aws_reader_endpoint",
        "aws_replication_group_id",
        "aws_node_ids",
        "gcp_url_secret_id",
        "gcp_ca_secret_id",
        "gcp_host",
        "gcp_instance_id",
    }
    assert outputs(graph)["aws_node_ids"] == {number: f"{group.id}-{number}" for number in ("001", "002", "003")}


def test_without_a_standby_cloud_the_cache_is_in_aws_only() -> None:
    graph = recorded(standby=None)
    assert [each.name for each in graph if each.type.startswith("gcp:")] == []
    assert {name for name in outputs(graph) if name.startswith("gcp")} == set(), "None is not registered"


LARGER = replace(AWS, nodes=replace(AWS.nodes, node_type="cache.r7g.xlarge", count=4))
NEWER = replace(AWS, engine=replace(AWS.engine, version="9.0"))
OTHER_PASSWORD = replace(AWS, user=replace(AWS.user, generation=2))
LARGER_GOOGLE = replace(GCP, engine=replace(GCP.engine, memory_gib=10, version="REDIS_7_4"))


@pytest.mark.parametrize(
    ("primary", "standby", "expected"),
    [
        (LARGER, GCP, {GROUP: {"nodeType", "numCacheClusters", "preferredCacheClusterAzs[3]"}}),
        (AWS, LARGER_GOOGLE, {INSTANCE: {"memorySizeGb", "redisVersion"}}),
    ],
    ids=["aws", "gcp"],
)
def test_another_size_changes_the_cache_in_place_and_nothing_else(
    graph: Graph, primary: ElastiCacheArgs, standby: MemorystoreArgs, expected: dict[str, set[str]]
) -> None:
    change = difference(graph, recorded(primary, standby))
    assert {each.resource.type: set(each.paths) for each in change.changed} == expected
    assert (change.added, change.replaced, change.following, change.deleted) == ([], [], [], [])


def test_a_newer_engine_loses_no_data(graph: Graph) -> None:
    change = difference(graph, recorded(NEWER))
    assert change.stateful == []
    assert {each.resource.type for each in change.changed} == {GROUP, "aws:elasticache/parameterGroup:ParameterGroup"}


def test_a_new_password_touches_the_user_and_the_secret_only(graph: Graph) -> None:
    change = difference(graph, recorded(OTHER_PASSWORD))
    assert change.stateful == []
    assert {each.before.type for each in (*change.changed, *change.replaced, *change.following)} <= {
        "random:index/randomPassword:RandomPassword",
        USER,
        AWS_VERSION,
    }


def test_another_label_or_tag_changes_neither_cache() -> None:
    def labelled(label: str) -> Graph:
        def build() -> None:
            providers: list[ProviderResource] = [
                aws.Provider("aws", default_tags=aws.ProviderDefaultTagsArgs(tags={"owner": label})),
                gcp.Provider("gcp", default_labels={"owner": label}),
            ]
            RedisHA("redis-main", RedisHAArgs(aws=AWS, gcp=GCP), ResourceOptions(providers=providers))

        return record_components(build)

    change = difference(labelled("data"), labelled("platform"))
    assert {each.resource.type for each in change.changed} == {"pulumi:providers:aws", "pulumi:providers:gcp"}
    assert (change.added, change.replaced, change.following, change.deleted) == ([], [], [], [])


@pytest.mark.parametrize("known", [True, False])
def test_it_is_built_whether_its_outputs_are_known_or_not(known: bool, graph: Graph) -> None:
    assert set(recorded(known=known).resources) == set(graph.resources)


def test_every_input_is_one_the_sdk_knows(graph: Graph) -> None:
    known = {each.urn: schema.resource(each.type) for each in graph if each.custom}
    problems = [
        f"{urn}: {problem.path}: {problem.message}"
        for urn, found in known.items()
        if found is not None
        for problem in found.problems(graph.resources[urn].inputs)
    ]
    assert problems == []
