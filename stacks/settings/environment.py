"""Which environment this is, and what its resources are labelled with."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.section import Label, Section


class Environment(Section):
    """The environment's name and the labels that every resource carries."""

    name: Literal["development", "staging", "production"]
    """The environment. It equals the stack's name, so that the settings of one can't be deployed as another."""
    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,10}[a-z0-9]$", examples=["elson"])]
    """What physical names begin with: 3 to 12 lower-case letters, digits and hyphens; the shortest names hold 30."""
    domain: Annotated[
        str,
        Field(
            pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
            max_length=200,
            examples=["elsonwealth.com"],
        ),
    ]
    """The domain under which the services of this environment are published, without a trailing dot."""
    owner: Label
    """The team that answers for the resources, as a label: lower-case letters, digits, hyphens and underscores."""
    cost_center: Label
    """Where the costs are booked, as a label: lower-case letters, digits, hyphens and underscores."""
    data_class: Literal["public", "internal", "confidential", "restricted"]
    """The most sensitive class of data that the environment holds; every resource is labelled with it."""
