"""The cells as structure, and the technologies that say how large their devices are.

A cell is transistors, capacitors and instances between nets; nothing here is text of a simulator.

>>> from circuits import builtin_technologies, load_technology
>>> generic = load_technology("generic")
>>> print(generic.name, *generic.corners)
generic tt ff ss sf fs
>>> "sky130" in builtin_technologies()
True

What there is:

    a technology   Technology with Device, Models, SizeStyle, LeakShape; load_technology,
                   builtin_technologies, with_mismatch_set, conditions_at, scaled_technology;
                   technology_text, write_technology
    a neuron       neuron_circuit, NeuronCircuit; bias_lines, reference_lines
    any cell       Cell of Transistor (Polarity, Size), Capacitor, Instance, with Port (Direction);
                   Area

These names are public; all else may change.
"""

from neuron_model.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
