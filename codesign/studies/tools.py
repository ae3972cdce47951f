"""What a task is handed beside its point: a :class:`codesign.workbench.Workbench`."""

from codesign.workbench import Workbench as Tools

__all__ = ["Tools"]
