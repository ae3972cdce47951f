"""How a simulation can fail."""

from neuron_model.errors import SimulatorError


class NetlistError(SimulatorError):
    """ngspice does not take the circuit: an unknown subcircuit, model, parameter or device."""


class ConvergenceError(SimulatorError):
    """ngspice takes the circuit but finds no solution of it."""


class SimulationTimeout(SimulatorError):
    """The simulation took longer than it may; it has been stopped."""


class ReadingTimeout(SimulationTimeout):
    """ngspice did not come to the end of reading the circuit."""


class EngineDiedError(SimulatorError):
    """The process in which ngspice ran is gone, or ngspice can not go on in it."""
