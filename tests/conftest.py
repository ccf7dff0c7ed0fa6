"""The recorded environments, as fixtures."""

import asyncio
from collections.abc import Iterator

import pytest

from sandbox.graph import Graph
from tests.environments import ENVIRONMENTS, recorded


@pytest.fixture(autouse=True)
def _event_loop() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """Outputs that a test makes outside of a recording want a loop; a recording leaves its thread without one."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    """Each environment in turn."""
    return request.param


@pytest.fixture
def graph(environment: str) -> Graph:
    """The graph of each environment in turn, as after an `up`."""
    return recorded(environment)


@pytest.fixture
def unknown_graph(environment: str) -> Graph:
    """The graph of each environment in turn, as in a first preview."""
    return recorded(environment, known=False)


@pytest.fixture
def production() -> Graph:
    """The graph of production."""
    return recorded("production")


@pytest.fixture
def staging() -> Graph:
    """The graph of staging."""
    return recorded("staging")


@pytest.fixture
def development() -> Graph:
    """The graph of development."""
    return recorded("development")
