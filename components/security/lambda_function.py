"""What Lambda functions have in common, whatever they do."""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi import Output

from components import policy


def lambda_trust() -> dict[str, Any]:
    """Lambda assumes the role of a function.

    It names no source when it does; which function gets a role is decided by iam:PassRole.
    """
    return policy.document(
        policy.allow("LambdaAssumes", ["sts:AssumeRole"], principals={"Service": "lambda.amazonaws.com"})
    )


def write_log(log_group_arn: pulumi.Input[str]) -> dict[str, Any]:
    """A function's permission for its own log group; the group exists, so creating groups is not allowed."""
    return policy.allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [Output.concat(log_group_arn, ":*")])


def function_code(package: str, modules: Sequence[str]) -> pulumi.AssetArchive:
    """The files where they lie in the repository, so that they import each other by the same names.

    By name: a folder taken as it lies would bring compiled files, and with them another hash.
    """
    paths = ["functions/__init__.py", *(f"{package}/{module}.py" for module in modules)]
    # Relative to the program's directory: the path of one machine would differ on the next.
    return pulumi.AssetArchive({path: pulumi.FileAsset(path) for path in paths})
