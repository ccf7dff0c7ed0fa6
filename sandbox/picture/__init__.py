"""Draws a recorded graph as SVG: clouds, networks, services, data, and the ways between."""

from sandbox.picture.drawing import draw
from sandbox.picture.reading import read
from sandbox.picture.scene import Scene
from sandbox.picture.words import Words, WordsError

__all__ = ["Scene", "Words", "WordsError", "draw", "read"]
