"""Imports of a program that lies in a directory of its own, without mixing them with those of another program."""

import importlib
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_kept: dict[Path, Mapping[str, tuple[ModuleType, float]]] = {}


@contextmanager
def importable(directory: Path) -> Generator[None, None, None]:
    """Make the modules of a program importable.

    The program that this process already imports from shares its modules with it. Another one gets modules of its own,
    kept for its next run for as long as their files stay as they are; ours step aside meanwhile, except for this
    package, which a program cannot replace while it runs it.
    """
    if any(Path(entry or ".").resolve() == directory for entry in sys.path):
        yield
        return
    names = _top_level_names(directory) - {__name__.partition(".")[0]}
    aside = _taken(names)
    sys.modules.update(_unchanged(directory))
    sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(directory))
        _kept[directory] = {name: (module, _changed(module)) for name, module in _taken(names).items()}
        sys.modules.update(aside)


def _top_level_names(directory: Path) -> set[str]:
    packages = {path.name for path in directory.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    nested = {path.parent.parent.name for path in directory.glob("*/*/*.py")}
    return {path.stem for path in directory.glob("*.py")} | packages | nested


def _taken(names: set[str]) -> dict[str, ModuleType]:
    found = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in found if name != "__main__"}


def _unchanged(directory: Path) -> dict[str, ModuleType]:
    """The modules of the last run; none of them if one has changed, as another may have imported from it."""
    kept = _kept.get(directory, {})
    if any(_changed(module) != then for module, then in kept.values()):
        return {}
    return {name: module for name, (module, _) in kept.items()}


def _changed(module: ModuleType) -> float:
    path = Path(module.__file__) if module.__file__ else None
    return path.stat().st_mtime if path and path.exists() else 0.0
