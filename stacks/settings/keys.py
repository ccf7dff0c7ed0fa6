"""Life of the encryption keys."""

from typing import Annotated

from pydantic import Field

from stacks.settings.section import Section


class Keys(Section):
    """Rotation and deletion of the keys in both clouds."""

    rotation_days: Annotated[int, Field(ge=90, le=2560)]
    """Days between two rotations of a key; AWS KMS takes 90 to 2560."""
    deletion_window_days: Annotated[int, Field(ge=7, le=30)]
    """Days in which a key's deletion can be called off, 7 to 30: with the key, all it encrypts is lost."""
