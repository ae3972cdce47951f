"""What work in ngspice needs and is handed down: the engine, who is told, measured cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netlists.engine import Engine
from neuron_model.progress import Progress, silent

if TYPE_CHECKING:
    from circuits.technology import Technology
    from mapping.cell_noise import CellNoise
    from mapping.characteristics import CellCharacteristics
    from mapping.conditions import Conditions
    from mapping.sensitivity import CellSensitivities
    from netlists.underway import Underway


@dataclass(frozen=True)
class Workbench:
    """The engine that simulates, who is told how far the work is, and what is known of cells.

    Cells are measured once: what is in the cache is not asked of ngspice. All three raise
    InputError (an unknown corner, cells that do not work), MissingDependencyError (no ngspice, no
    models) and SimulatorError (ngspice failed). How cells are measured is loaded when it is asked
    for: not every worker of a study needs it.
    """

    engine: Engine
    progress: Progress = silent

    def cells(self, technology: Technology, conditions: Conditions) -> CellCharacteristics:
        """The characteristics of the technology's cells."""
        from netlists.cells.characterize import characterize

        return characterize(technology, conditions, self.engine, self.progress)

    def sensitivities(
        self, technology: Technology, cells: CellCharacteristics
    ) -> CellSensitivities:
        """What each transistor does to ``cells``, under their conditions."""
        from netlists.cells.sensitivities import measure_sensitivities

        return measure_sensitivities(technology, cells, self.engine, self.progress)

    def noise(self, technology: Technology, cells: CellCharacteristics) -> CellNoise:
        """The noise of ``cells``, under their conditions.

        Raises:
            InputError: the models have none.
        """
        from netlists.cells.noise_characterize import measure_noise

        return measure_noise(technology, cells, self.engine, self.progress)


@dataclass(frozen=True)
class WorkbenchSettings:
    """From which a process makes a workbench of its own.

    workers: processes that run ngspice; None: a core each. timeout: seconds for any bench; None:
    what each may take by default. time_limit: seconds for a bench that is about a neuron.
    """

    workers: int | None = None
    timeout: float | None = None
    time_limit: float | None = None

    @contextmanager
    def open(
        self, progress: Progress = silent, watch: Callable[[Underway], None] | None = None
    ) -> Iterator[Workbench]:
        """The workbench, while the block runs; ``watch``: see :class:`netlists.engine.Engine`."""
        with Engine(self.workers, self.timeout, watch=watch, time_limit=self.time_limit) as engine:
            yield Workbench(engine, progress)
