"""Who reads and who replaces the files of the web application, as data."""

from typing import Any

import pulumi
from pulumi import Output

from components import policy
from components.data.bucket_policy import bucket_policy


def files_policy(
    bucket_arn: pulumi.Input[str], distribution_arn: pulumi.Input[str], account_id: str, region: str
) -> dict[str, Any]:
    """CloudFront reads for this one distribution; it lists nothing, so a file that is missing is forbidden too."""
    closed = bucket_policy(bucket_arn, account_id=account_id, region=region, key_arn=None, writers=())
    return policy.document(
        *closed["Statement"],
        policy.allow(
            "CloudFrontReads",
            ["s3:GetObject"],
            [Output.concat(bucket_arn, "/*")],
            principals={"Service": "cloudfront.amazonaws.com"},
            conditions={"StringEquals": {"aws:SourceArn": distribution_arn, "aws:SourceAccount": account_id}},
        ),
    )


def release_policy(bucket_arn: pulumi.Input[str], distribution_arn: pulumi.Input[str]) -> dict[str, Any]:
    """What a release's role needs: put the files there, take away old ones, and have CloudFront forget the rest."""
    return policy.document(
        policy.allow("ListFiles", ["s3:ListBucket"], [bucket_arn]),
        policy.allow("ReplaceFiles", ["s3:DeleteObject", "s3:PutObject"], [Output.concat(bucket_arn, "/*")]),
        policy.allow("Invalidate", ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"], [distribution_arn]),
    )
