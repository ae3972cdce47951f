"""An executor whose workbench has an engine that must not be needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from codesign.studies.executors.serial import SerialExecutor
from codesign.workbench import Workbench, WorkbenchSettings
from netlists.underway import Underway
from neuron_model.progress import Progress, silent
from tests.codesign.no_engine import NoEngine


@dataclass(frozen=True)
class NoEngineSettings(WorkbenchSettings):
    """Of a workbench without ngspice."""

    @contextmanager
    def open(
        self, progress: Progress = silent, watch: Callable[[Underway], None] | None = None
    ) -> Iterator[Workbench]:
        """A workbench that refuses to simulate."""
        yield Workbench(NoEngine(self.workers), progress)


def without_engine() -> SerialExecutor:
    """In this process, not open yet."""
    return SerialExecutor(settings=NoEngineSettings())
