"""The AWS half: account, regions, zones, administrators."""

from typing import Annotated

from pydantic import Field

from stacks.settings.section import AwsRegion, AwsZone, Section, Unique


class RecoveryRegion(Section):
    """The second AWS region, which receives copies of data, keys, secrets and images."""

    region: AwsRegion
    """The region that holds the copies; another one than the primary."""
    zones: Annotated[tuple[AwsZone, ...], Field(min_length=1, max_length=6), *Unique]
    """Availability zones of the recovery region."""


class Aws(Section):
    """The AWS account of this environment."""

    account_id: Annotated[str, Field(pattern=r"^[0-9]{12}$", examples=["123456789012"])]
    """The account's 12 digits, in quotes. The provider refuses every other account, so a wrong login builds nothing."""
    region: AwsRegion
    """The primary region."""
    zones: Annotated[tuple[AwsZone, ...], Field(min_length=1, max_length=6), *Unique]
    """Availability zones of the primary region; one set of subnets each, and each NAT gateway costs money."""
    administrators: Annotated[
        tuple[
            Annotated[
                str,
                Field(
                    pattern=r"^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
                    examples=["arn:aws:iam::123456789012:role/platform-administrators"],
                ),
            ],
            ...,
        ],
        Field(min_length=1),
        *Unique,
    ]
    """ARNs of the IAM roles that administer keys. Without one, a key can lock out everyone."""
    recovery: RecoveryRegion | None
    """The recovery region, or null where nothing is copied to another region."""
