"""The base class that every component of the platform shares."""

from collections.abc import Mapping
from inspect import get_annotations
from typing import Any

import pulumi


class Component(pulumi.ComponentResource):
    """A ComponentResource whose public annotated attributes are its outputs.

    Options that the caller passes stop at the component: providers, protection and aliases reach the children by
    inheritance, and a merged `parent` would lift a child out of its component.
    """

    def child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options of a child: this parent, and what the keywords add (`depends_on`, `protect`, ...)."""
        return pulumi.ResourceOptions(parent=self, **options)

    @classmethod
    def declared_outputs(cls) -> list[str]:
        """The names of the public attributes annotated on the class, in the order they are written."""
        return [name for name in get_annotations(cls) if not name.startswith("_")]

    def publish(self) -> None:
        """Register the declared outputs, all of them and nothing else; the last line of every constructor."""
        missing = [name for name in self.declared_outputs() if not hasattr(self, name)]
        if missing:
            raise AttributeError(f"{type(self).__name__} declares outputs it never sets: {', '.join(missing)}")
        outputs: Mapping[str, Any] = {name: getattr(self, name) for name in self.declared_outputs()}
        self.register_outputs(dict(outputs))
