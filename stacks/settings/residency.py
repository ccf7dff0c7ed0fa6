"""Where data may be."""

from typing import Annotated

from pydantic import Field

from stacks.settings.section import AwsRegion, GcpRegion, Section, Unique


class Residency(Section):
    """The regions that data may enter; every region in use has to be among them."""

    aws_regions: Annotated[tuple[AwsRegion, ...], Field(min_length=1), *Unique]
    """AWS regions that may hold data."""
    gcp_regions: Annotated[tuple[GcpRegion, ...], *Unique]
    """Google Cloud regions that may hold data; empty where no data leaves AWS."""
