"""The cells as structure, and the technologies that say how large their devices are.

A cell is transistors, capacitors and instances between nets; nothing here is text of a simulator.

>>> from circuits import builtin_technologies, load_technology
>>> generic = load_technology("generic")
>>> print(generic.name, *generic.corners)
generic tt ff ss sf fs
>>> "sky130" in builtin_technologies()
True

The names below are public; all else may change.
"""

from neuron_model.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
