"""A shelf: one component that holds one bucket."""

import pulumi
import pulumi_aws as aws


class Shelf(pulumi.ComponentResource):
    """Where things are kept."""

    def __init__(self, name: str, provider: aws.Provider) -> None:
        super().__init__("shelf:data:Shelf", name, None, pulumi.ResourceOptions(providers=[provider]))
        aws.s3.Bucket(f"{name}-bucket", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


Shelf("shelf", aws.Provider("aws", region="us-east-1"))
