"""What a task has found in this process: many points ask for the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from neuron_model.errors import InputError, SimulatorError

Error = TypeVar("Error", bound=Exception)


class Memo:
    """The last ``most`` things found, by key; what could not be found is not tried again.

    A field of a task that is not part of its identity:

        memo: Memo = field(default_factory=Memo, compare=False, metadata={"identity": False})

    What is in it stays in its process: pickled, a memo is empty.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, Any] = OrderedDict()

    def __reduce__(self) -> tuple[object, ...]:
        return Memo, (self._most,)

    def __call__(self, key: Hashable, find: Callable[[], Any]) -> Any:
        """What was found under ``key``, or what ``find`` returns.

        Raises:
            InputError, SimulatorError: of ``find``, also when asked again.
        """
        if key not in self._found:
            try:
                self._found[key] = find()
            except (InputError, SimulatorError) as error:
                self._found[key] = anew(error)
            if len(self._found) > self._most:
                self._found.popitem(last=False)
        self._found.move_to_end(key)
        known = self._found[key]
        if isinstance(known, InputError | SimulatorError):
            raise anew(known)
        return known


def anew(error: Error) -> Error:
    """The same error without where it was raised: what is kept or sent is not to grow each time
    that it is raised again."""
    return type(error)(*error.args)
