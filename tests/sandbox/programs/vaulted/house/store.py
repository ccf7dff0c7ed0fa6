"""A bucket and the password that opens it."""

import pulumi
import pulumi_aws as aws
import pulumi_random as random


class Store(pulumi.ComponentResource):
    """Owns a bucket, a generated password and the parameter that holds it."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vaulted:store:Store", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(f"{name}-objects", tags={"use": "objects"}, opts=inside)
        password = random.RandomPassword(f"{name}-password", length=24, special=False, opts=inside)
        aws.ssm.Parameter(f"{name}-parameter", type="SecureString", value=password.result, opts=inside)
        self.bucket_arn = bucket.arn
        self.password = password.result
        self.register_outputs({"bucket_arn": self.bucket_arn, "password": self.password})
