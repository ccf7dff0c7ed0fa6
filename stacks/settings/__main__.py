"""Writes the JSON schema of the stack files: `python -m stacks.settings`."""

from stacks.settings import schema

if __name__ == "__main__":
    schema.PATH.write_text(schema.text())
