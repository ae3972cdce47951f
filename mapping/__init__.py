"""From a neuron's parameters to what a circuit is made of: currents, voltages and capacitors.

Cells are measured once (:class:`CellCharacteristics`); a neuron is mapped with the measured
numbers, so that the circuit's parameters come back as close to the trained ones as its limits
allow. There are no device names and no SPICE here.

>>> from mapping import Conditions, read_designs
>>> Conditions("tt", 27.0)
Conditions(corner='tt', temperature=27.0)
>>> [design] = read_designs("build/design.json")  # doctest: +SKIP
>>> print(design.unit_current, design.unit_voltage)  # doctest: +SKIP

What there is:

    cells          CellCharacteristics under Conditions; read_characteristics, write_characteristics
    the mapping    map_neuron within Limits, with MappingChoices
    a design       NeuronDesign of OtaDesign, FollowerDesign, OutputDesign; read_designs,
                   write_designs; what the circuit then is: Macromodel
    its cost       static_power, energy_per_spike
    bias codes     quantize, QuantizedDesign
    temperature    design_at by BiasLaws: CurrentLaw, ReferenceLaw

These names are public; all else may change.
"""

from neuron_model.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
