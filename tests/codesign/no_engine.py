"""An engine that must not be needed."""

from collections.abc import Iterable, Iterator

from netlists.bench import Bench
from netlists.engine import Engine, Result
from neuron_model.errors import SimulatorError


class NoEngine(Engine):
    """What asks it for a simulation has not read the cache or the record."""

    def attempt(self, benches: Iterable[Bench]) -> Iterator[Result | SimulatorError]:
        """What every way to run a bench comes to."""
        if list(benches):
            raise AssertionError("ngspice was asked")
        return iter(())
