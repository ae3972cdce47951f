"""Cells as SPICE text, test benches around them, and ngspice in processes of its own.

>>> from netlists import Bench, Engine, OperatingPoint, Resistor, VoltageSource
>>> sources = (VoltageSource("vin", "a", "0", 1.0), Resistor("r1", "a", "b", 1e3))
>>> sources += (Resistor("r2", "b", "0", 1e3),)
>>> bench = Bench("divider", "", "", (), sources, (OperatingPoint(),))
>>> with Engine(workers=1) as engine:  # doctest: +SKIP
...     print(engine.run(bench)[0]["v(b)"])

What there is:

    a bench        Bench of VoltageSource, CurrentSource (PiecewiseLinear, TransientNoise),
                   Resistor, Capacitor; its analyses OperatingPoint, DCSweep, Transient,
                   NoiseSpectrum, Alteration
    ngspice        Engine, Result, Waveforms, Accuracy; read_raw_file
    a neuron       NeuronBenches, response, Response
    text, models   cell_text; ModelLibrary, find_library
    errors         NetlistError, ConvergenceError, EngineDiedError, ReadingTimeout,
                   SimulationTimeout

These names are public; all else may change.
"""

from neuron_model.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
