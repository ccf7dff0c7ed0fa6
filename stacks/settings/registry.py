"""Life of the container images."""

from typing import Annotated

from pydantic import Field

from stacks.settings.section import Section


class Registry(Section):
    """How long the registries of both clouds keep images."""

    keep_images: Annotated[int, Field(ge=4, le=1000)]
    """Tagged images that each repository keeps: the two in use, and those a rollback may need. 4 to 1000."""
    untagged_days: Annotated[int, Field(ge=1, le=365)]
    """Days after which an image without a tag is deleted."""
