"""The Google Cloud half: project, region, zones, administrators."""

from typing import Annotated

from pydantic import Field

from stacks.settings.section import GcpRegion, GcpZone, Section, Unique


class Gcp(Section):
    """The Google Cloud project of this environment."""

    enabled: bool
    """Whether the standby half is built. When false, the other keys of this section only reserve their values."""
    project_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", examples=["elson-production"])]
    """The project's id, 6 to 30 lower-case letters, digits and hyphens."""
    project_number: Annotated[str, Field(pattern=r"^[1-9][0-9]{5,18}$", examples=["123456789012"])]
    """The project's number, in quotes; the names of Google's service agents contain it."""
    region: GcpRegion
    """The region of the standby half."""
    zones: Annotated[tuple[GcpZone, ...], Field(min_length=1, max_length=4), *Unique]
    """Zones of the region."""
    administrators: Annotated[
        tuple[
            Annotated[
                str,
                Field(
                    pattern=r"^(group|serviceAccount):[^@\s]+@[^@\s]+$",
                    examples=["group:platform-administrators@elsonwealth.com"],
                ),
            ],
            ...,
        ],
        Field(min_length=1),
        *Unique,
    ]
    """Groups and service accounts that administer keys and secrets, as IAM members; people join by a group."""
