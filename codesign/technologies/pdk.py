"""Transistor models on this machine: which packages are installed, and where."""

from dataclasses import dataclass
from pathlib import Path

from netlists.pdk_cache import PACKAGES


@dataclass(frozen=True)
class PdkState:
    """A package of models: where it is (or would be), and whether it is there."""

    name: str
    version: str
    installed: bool
    path: Path
    licence: str


def pdk_state(name: str) -> PdkState:
    """What is known of one package; ``path`` is its library file."""
    package = PACKAGES[name]
    return PdkState(
        name=package.name,
        version=package.version,
        installed=package.is_installed,
        path=package.library_path,
        licence=package.licence,
    )


def pdk_states() -> list[PdkState]:
    """All packages that can be installed."""
    return [pdk_state(name) for name in PACKAGES]
