"""Writes the JSON schema of the stack files: `python -m stacks.settings`."""

from stacks.settings import schema

schema.PATH.write_text(schema.text())
