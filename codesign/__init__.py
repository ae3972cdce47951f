"""Neurons made into circuits: built, exported, simulated in ngspice, and proved to be the same.

>>> from neuron_model import Network, series, train
>>> from codesign import Technology, build
>>> network = train(Network(16), series("my.csv"))  # doctest: +SKIP
>>> circuit = build(network, Technology("sky130"))  # doctest: +SKIP
>>> circuit.export("build"); print(circuit.validate())  # doctest: +SKIP

``build`` takes neurons however they come: the name of a neuron file, ``preset:tonic_bursting``, a
run folder, NeuronParameters, a trained network, or a torch module of your own that holds MTCNeuron
layers. What it returns has a design and a macromodel for each neuron, and answers ``iv``,
``simulate`` and ``regime`` by the trained model, by the macromodel or in ngspice.

>>> burster = build("preset:tonic_bursting", Technology("generic"))  # doctest: +SKIP
>>> burster.regime("macromodel").regime == burster.regime("ngspice").regime  # doctest: +SKIP
True

What there is:

    a circuit      build, Technology: BuiltCircuit, Exported; MappedNeuron, MonteCarlo
    its proof      Validation of NeuronValidation; read_validation, write_validation
    pictures       trace_figure, curves_figure, iv_figure, waveform_figure; save_figure
    a run folder   train_run, TrainedRun; train_sequence_run, SequenceRun
    ngspice        Workbench, WorkbenchSettings

The command line, ``codesign --help``, is a thin layer over the same functions. These names are
public; all else may change.
"""

from neuron_model.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
