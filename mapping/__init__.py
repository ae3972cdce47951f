"""From a neuron's parameters to what a circuit is made of: currents, voltages and capacitors.

Cells are measured once (:class:`CellCharacteristics`); a neuron is mapped with the measured
numbers, so that the circuit's parameters come back as close to the trained ones as its limits
allow. There are no device names and no SPICE here.

>>> from mapping import Conditions, read_designs
>>> Conditions("tt", 27.0)
Conditions(corner='tt', temperature=27.0)
>>> [design] = read_designs("build/design.json")  # doctest: +SKIP
>>> print(design.unit_current, design.unit_voltage)  # doctest: +SKIP

The names below are public; all else may change.
"""

from neuron_model.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
