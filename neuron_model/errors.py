"""What can go wrong, and the exit status with which the command line reports it."""


class CodesignError(Exception):
    """Base of every error that a user can act on; its text is one complete sentence."""

    exit_status = 2


class InputError(CodesignError):
    """A file, field, value or option is not usable; the text names it and what is allowed."""

    exit_status = 2


class MissingDependencyError(CodesignError):
    """Something outside is missing (ngspice, a PDK, a compiler); the text says how to get it."""

    exit_status = 3


class SimulatorError(CodesignError):
    """The circuit simulator failed, did not converge, died or ran out of time."""

    exit_status = 4
