"""Cells as SPICE text, test benches around them, and ngspice in processes of its own.

>>> from netlists import Bench, Engine, OperatingPoint, Resistor, VoltageSource
>>> sources = (VoltageSource("vin", "a", "0", 1.0), Resistor("r1", "a", "b", 1e3))
>>> sources += (Resistor("r2", "b", "0", 1e3),)
>>> bench = Bench("divider", "", "", (), sources, (OperatingPoint(),))
>>> with Engine(workers=1) as engine:  # doctest: +SKIP
...     print(engine.run(bench)[0]["v(b)"])

The names below are public; all else may change.
"""

from neuron_model.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
