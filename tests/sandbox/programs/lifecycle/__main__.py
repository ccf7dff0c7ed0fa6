"""A network, a password kept as a secret, a topic: enough of everything to go wrong."""

from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random


class Network(pulumi.ComponentResource):
    """A VPC with its subnets."""

    def __init__(self, name: str, settings: dict[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("lifecycle:network:Network", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block=settings["cidr"], tags=settings["tags"], opts=own)
        for key, cidr in settings["subnets"].items():
            aws.ec2.Subnet(f"{name}-subnet-{key}", vpc_id=vpc.id, cidr_block=cidr, opts=own)
        self.vpc_id = vpc.id
        self.register_outputs({"vpcId": self.vpc_id})


def build() -> None:
    """Register everything that the settings ask for."""
    config = pulumi.Config("lifecycle")
    provider = aws.Provider("aws", region="eu-west-1", allowed_account_ids=["111122223333"])
    on_aws = pulumi.ResourceOptions(provider=provider)
    network = Network("main", config.require_object("network"), pulumi.ResourceOptions(providers=[provider]))

    password = random.RandomPassword(
        "database", length=24, opts=pulumi.ResourceOptions(provider=random.Provider("random"))
    )
    secret = aws.secretsmanager.Secret("database", name="lifecycle/database", opts=on_aws)
    webhook = pulumi.Output.secret(config.require_object("secrets")["webhook"])
    aws.secretsmanager.SecretVersion(
        "database",
        secret_id=secret.id,
        secret_string=pulumi.Output.json_dumps({"password": password.result, "webhook": webhook}),
        opts=on_aws,
    )
    topic = aws.sns.Topic("orders", name=config.require("topic"), opts=on_aws)
    pulumi.export("vpcId", network.vpc_id)
    pulumi.export("topicArn", topic.arn)
    pulumi.export("password", password.result)


build()
