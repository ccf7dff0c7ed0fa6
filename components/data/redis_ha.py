"""A cache in both clouds."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import Output

from components.component import Component
from components.data.elasticache import ElastiCache, ElastiCacheArgs
from components.data.memorystore import Memorystore, MemorystoreArgs


@dataclass(frozen=True, kw_only=True)
class RedisHAArgs:
    """What a RedisHA needs to know."""

    aws: ElastiCacheArgs
    """The AWS half."""
    gcp: MemorystoreArgs | None
    """The Google Cloud half; None where there is no standby cloud."""


class RedisHA(Component):
    """A cache for each cloud's own services: ElastiCache and Memorystore.

    Owns both caches and the secrets with their URLs. Guarantees TLS and a password in both, failover wherever there is
    more than one node, and that a service finds the cache of its own cloud under the same variable, `REDIS_URL`.
    Guarantees nothing of their contents: a cache is not replicated. After a switch to the other cloud people sign in
    again, rate limits count from zero and cached answers are computed anew; what must survive belongs in the database.
    """

    aws_url_secret_arn: Output[str]
    """REDIS_URL of services in AWS, in Secrets Manager."""
    aws_primary_endpoint: Output[str]
    """The host of the primary, for operators."""
    aws_reader_endpoint: Output[str]
    """The host of the replicas, for operators."""
    aws_replication_group_id: Output[str]
    """The replication group, for operations and dashboards."""
    aws_node_ids: Mapping[str, Output[str]]
    """The nodes by number, for alarms: CloudWatch measures each."""
    gcp_url_secret_id: Output[str] | None
    """REDIS_URL of services in Google Cloud, in Secret Manager; None without the Google half."""
    gcp_ca_secret_id: Output[str] | None
    """The authorities that REDIS_URL in Google Cloud is verified with, PEM; None without the Google half."""
    gcp_host: Output[str] | None
    """The address of the primary, for operators; None without the Google half."""
    gcp_instance_id: Output[str] | None
    """The instance, for alarms; None without the Google half."""

    def __init__(self, name: str, args: RedisHAArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:data:RedisHA", name, None, opts)

        primary = ElastiCache(f"{name}-aws", args.aws, self.child())
        self.aws_url_secret_arn = primary.url_secret_arn
        self.aws_primary_endpoint = primary.primary_endpoint
        self.aws_reader_endpoint = primary.reader_endpoint
        self.aws_replication_group_id = primary.replication_group_id
        self.aws_node_ids = primary.node_ids

        standby = Memorystore(f"{name}-gcp", args.gcp, self.child()) if args.gcp else None
        self.gcp_url_secret_id = standby.url_secret_id if standby else None
        self.gcp_ca_secret_id = standby.ca_secret_id if standby else None
        self.gcp_host = standby.host if standby else None
        self.gcp_instance_id = standby.instance_id if standby else None
        self.publish()
