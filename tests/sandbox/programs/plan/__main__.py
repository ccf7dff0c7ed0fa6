"""A shop: a network, a database, a secret; and on request one of the mistakes that a plan must show."""

import sys

import pulumi
import pulumi_aws as aws


class Shop(pulumi.ComponentResource):
    """Everything the shop needs."""

    def __init__(self, name: str, config: pulumi.Config) -> None:
        super().__init__("shop:front:Shop", name)
        self.config = config
        self.own = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block="10.0.0.0/16", opts=self.own)
        for number, zone in enumerate(config.require_object("zones")):
            aws.ec2.Subnet(f"{name}-subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{number}.0/24", opts=self.own)
        self.database = self._database(name, vpc)
        self.register_outputs({})

    def _database(self, name: str, vpc: aws.ec2.Vpc) -> aws.rds.Instance:
        group = aws.ec2.SecurityGroup(f"{name}-database", vpc_id=vpc.id, opts=self.own)
        return aws.rds.Instance(
            f"{name}-orders",
            instance_class="db.t4g.medium",
            engine=self.config.require("engine"),
            username="shop",
            password=self.config.require_secret("card-key"),
            vpc_security_group_ids=[group.id],
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )


def build() -> None:
    """Register the shop of this stack."""
    config = pulumi.Config("shop")
    mistake = config.get("mistake")
    if mistake == "settings":
        sys.stderr.write("shop:engine  sqlite  no such engine  write postgres or mysql\n")
        raise SystemExit(1)
    shop = Shop("shop", config)
    if mistake == "warning":
        pulumi.log.warn("the shop has no roof")
    if mistake == "leak":
        key = config.require("card-key")
        aws.ssm.Parameter("card-key", type="String", description=f"the key is {key}", value="x")
    if mistake == "crash":
        aws.ec2.Subnet("cellar", vpc_id=shop.nowhere)  # pyright: ignore[reportAttributeAccessIssue]
    if mistake == "first preview" and pulumi.runtime.is_dry_run():
        raise RuntimeError("the endpoint is not known yet")
    if mistake == "print":
        sys.stdout.write("the shop opens\n")
    pulumi.export("endpoint", shop.database.endpoint)
    pulumi.export("engine", config.require("engine"))
    pulumi.export("cardKey", config.require_secret("card-key"))


build()
