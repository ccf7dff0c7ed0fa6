"""Builds the selected stack: its settings in, its resources and outputs out."""

import pulumi

from stacks import platform, settings

for name, value in platform.build(settings.read(pulumi.get_stack())).items():
    pulumi.export(name, value)
