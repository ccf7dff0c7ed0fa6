"""The policies around a bucket, as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
from pulumi import Output

from components import policy

LogSource = Literal["s3", "load_balancer", "log_delivery", "cloudtrail"]

DELIVERY_REGION = "us-east-1"
"""Where CloudFront's deliveries live, wherever the bucket is."""


@dataclass(frozen=True, kw_only=True)
class LogWriter:
    """A service of AWS that writes logs into a bucket, on behalf of this account."""

    source: LogSource
    """`s3`: access logs of buckets; `log_delivery`: CloudFront, flow logs, network load balancers and what else
    CloudWatch delivers."""
    prefix: str
    """The folder that it writes to, without slashes at its ends; each writer has its own."""


def bucket_policy(
    bucket_arn: pulumi.Input[str],
    *,
    account_id: str,
    region: str,
    key_arn: pulumi.Input[str] | None,
    writers: Sequence[LogWriter],
) -> dict[str, Any]:
    """Who may not come in, by any permission, and which services write logs; all others need a role that lets them."""
    statements = [_tls_only(bucket_arn)]
    if key_arn is not None:
        statements += _no_other_encryption(bucket_arn, key_arn)
    for writer in writers:
        statements += _log_writer(writer, bucket_arn, account_id, region)
    return policy.document(*statements)


def replication_trust() -> dict[str, Any]:
    """S3 assumes the role; it sends no source by which to narrow that.

    Only who may pass this role, and that takes the account's own permission, can make S3 use it.
    """
    return policy.document(policy.allow("S3Replicates", ["sts:AssumeRole"], principals={"Service": "s3.amazonaws.com"}))


def replication_policy(
    *,
    source_arn: pulumi.Input[str],
    source_key_arn: pulumi.Input[str],
    source_region: str,
    replica_arn: pulumi.Input[str],
    replica_key_arn: pulumi.Input[str],
    replica_region: str,
) -> dict[str, Any]:
    """Read versions here, write replicas there, and use each key in its own region for these buckets only."""
    return policy.document(
        policy.allow("ReadConfiguration", ["s3:GetReplicationConfiguration", "s3:ListBucket"], [source_arn]),
        policy.allow(
            "ReadVersions",
            [
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            [_objects(source_arn)],
        ),
        policy.allow(
            "WriteReplicas", ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"], [_objects(replica_arn)]
        ),
        policy.allow(
            "DecryptSource",
            ["kms:Decrypt"],
            [source_key_arn],
            conditions=_through_s3(source_region, source_arn),
        ),
        policy.allow(
            "EncryptReplica",
            # With a bucket key S3 asks for data keys, without one it encrypts by the key itself.
            ["kms:Encrypt", "kms:GenerateDataKey"],
            [replica_key_arn],
            conditions=_through_s3(replica_region, replica_arn),
        ),
    )


def use_statements(
    bucket_arns: Sequence[pulumi.Input[str]], *, region: str, key_arn: pulumi.Input[str]
) -> list[dict[str, Any]]:
    """What a service needs to list buckets of one region, and to read and add objects.

    An object that is added under the name of another hides it, and the version below stays. Nobody deletes anything
    with this, lifts a lock, or calls the key but through S3 for these buckets.
    """
    objects = [_objects(arn) for arn in bucket_arns]
    return [
        policy.allow("ListBuckets", ["s3:ListBucket"], bucket_arns),
        # Aborting takes away parts of an upload that never became an object.
        policy.allow("ReadAndAddObjects", ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], objects),
        policy.allow(
            "UseKeyOfBuckets",
            # Decrypting, to put the parts of an upload together too.
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [key_arn],
            conditions=_through_s3(region, *bucket_arns),
        ),
    ]


def _objects(bucket_arn: pulumi.Input[str], prefix: str = "") -> Output[str]:
    return Output.concat(bucket_arn, f"/{prefix}*")


def _through_s3(region: str, *bucket_arns: pulumi.Input[str]) -> dict[str, dict[str, Any]]:
    """With a bucket key the encryption context is the bucket, without one the object."""
    return {
        "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
        "StringLike": {
            "kms:EncryptionContext:aws:s3:arn": [each for arn in bucket_arns for each in (arn, _objects(arn))]
        },
    }


def _tls_only(bucket_arn: pulumi.Input[str]) -> dict[str, Any]:
    return policy.deny(
        "PlainText",
        ["s3:*"],
        [bucket_arn, _objects(bucket_arn)],
        principals="*",
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def _no_other_encryption(bucket_arn: pulumi.Input[str], key_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    """An upload that says nothing gets the bucket's own key; one that asks for something else is refused."""
    algorithm, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"

    def unless(sid: str, header: str, value: pulumi.Input[str]) -> dict[str, Any]:
        return policy.deny(
            sid,
            ["s3:PutObject"],
            [_objects(bucket_arn)],
            principals="*",
            conditions={"StringNotEquals": {header: value}, "Null": {header: "false"}},
        )

    return [unless("OtherEncryption", algorithm, "aws:kms"), unless("OtherKey", key, key_arn)]


def _log_writer(writer: LogWriter, bucket_arn: pulumi.Input[str], account_id: str, region: str) -> list[dict[str, Any]]:
    """Write below its own prefix, for this account; some services also look at the bucket before they begin."""
    name = f"{writer.source.title().replace('_', '')}{writer.prefix.title().replace('/', '').replace('-', '')}"
    service, sources, looks = _described(writer.source, account_id, region)
    principals = {"Service": service}
    account = {"aws:SourceAccount": account_id}
    folder = f"{writer.prefix}/" if writer.source == "s3" else f"{writer.prefix}/AWSLogs/{account_id}/"
    owned = {"s3:x-amz-acl": "bucket-owner-full-control"} if looks else {}
    write = policy.allow(
        f"{name}Writes",
        ["s3:PutObject"],
        [_objects(bucket_arn, folder)],
        principals=principals,
        conditions={"StringEquals": account | owned, "ArnLike": {"aws:SourceArn": sources}},
    )
    look = policy.allow(
        f"{name}Looks",
        looks,
        [bucket_arn],
        principals=principals,
        conditions={"StringEquals": account, "ArnLike": {"aws:SourceArn": sources}},
    )
    return [look, write] if looks else [write]


def _described(source: LogSource, account_id: str, region: str) -> tuple[str, list[str], list[str]]:
    """The service's name, the ARNs that it may come on behalf of, and what it asks of the bucket first."""
    match source:
        case "s3":
            return "logging.s3.amazonaws.com", ["arn:aws:s3:::*"], []
        case "load_balancer":
            balancers = f"arn:aws:elasticloadbalancing:{region}:{account_id}:loadbalancer/*"
            return "logdelivery.elasticloadbalancing.amazonaws.com", [balancers], []
        case "log_delivery":
            regions = sorted({region, DELIVERY_REGION})
            sources = [f"arn:aws:logs:{each}:{account_id}:*" for each in regions]
            return "delivery.logs.amazonaws.com", sources, ["s3:GetBucketAcl", "s3:ListBucket"]
        case "cloudtrail":
            trails = f"arn:aws:cloudtrail:{region}:{account_id}:trail/*"
            return "cloudtrail.amazonaws.com", [trails], ["s3:GetBucketAcl"]
