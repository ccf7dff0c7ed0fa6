"""A program of two components."""

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from house.store import Store

config = pulumi.Config()
cloud = aws.Provider(
    "cloud",
    region=config.require("region"),
    allowed_account_ids=["111122223333"],
    default_tags={"tags": {"retention": str(config.require_int("retention"))}},
)
chance = random.Provider("chance")
providers = pulumi.ResourceOptions(providers=[cloud, chance], protect=True)
archive = Store("archive", providers)
Store("inbox", pulumi.ResourceOptions.merge(providers, pulumi.ResourceOptions(depends_on=[archive])))
aws.ssm.Parameter(
    "token",
    type="SecureString",
    value=config.get_secret("token") or "none",
    opts=pulumi.ResourceOptions(provider=cloud, aliases=[pulumi.Alias(name="former-token")], ignore_changes=["tags"]),
)
pulumi.export("bucket", archive.bucket_arn)
pulumi.export("password", archive.password)
