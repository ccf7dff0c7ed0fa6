"""Typed settings: one module a section, `checks` for what holds across them, `read` for the running stack."""

from stacks.settings.loading import load
from stacks.settings.mistakes import Mistake, SettingsError
from stacks.settings.read import read
from stacks.settings.services import ContainerService, Service, StaticSite
from stacks.settings.settings import NAMESPACE, Settings

__all__ = [
    "NAMESPACE",
    "ContainerService",
    "Mistake",
    "Service",
    "Settings",
    "SettingsError",
    "StaticSite",
    "load",
    "read",
]
