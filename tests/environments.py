"""The environments of this repository, each recorded once a test run."""

from functools import cache
from pathlib import Path

from sandbox.graph import Graph
from sandbox.program import Program
from sandbox.recorder import record

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ("development", "staging", "production")


@cache
def recorded(environment: str, known: bool = True) -> Graph:
    """The graph of one environment: outputs known as after an `up`, or unknown as in a first preview."""
    return record(Program(ROOT, environment), known=known)
