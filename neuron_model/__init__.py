"""Multi-timescale conductance (MTC) neurons: what they are, how they fire, how they are trained.

    tau_m dU_m/dt = -leak(U_m - U_rest) + I_in + I_bias - sum_k I_k
    I_k = alpha_k tanh(kappa_k (U_x - delta_k))              tau_x dU_x/dt = filter(U_m - U_x)

Voltages are in units of the voltage scale, conductances in units of the leak's, times in units of
the membrane's time constant. There is nothing here of volts and transistors.

>>> from neuron_model import classify, preset, simulate
>>> burster = preset("tonic_bursting")
>>> run = simulate(burster.parameters, burster.stimulus, burster.duration)
>>> report = classify(run.time, run.voltage, burster.stimulus.onset)
>>> print(report.regime, report.spikes_per_burst)
tonic_bursting 7.0

Training, in one line (data of your own in the columns of a table), and the folder of the run:

>>> from neuron_model import Network, TrainedNetwork, series, train
>>> network = train(Network(16), series("my.csv"))  # doctest: +SKIP
>>> network.save("runs/mine"); network = TrainedNetwork.load("runs/mine")  # doctest: +SKIP

What there is:

    a neuron     NeuronParameters of Element, Timescale, Leak, Filter (OTA_FILTER), Amplifier;
                 read_neuron, write_neuron; Preset, preset, presets
    its drive    Stimulus, Drive
    how it runs  simulate, Trajectory, State; classify, RegimeReport, Regime; spike_times
    its curves   iv_curves, IVCurves; excitability, Excitability; negative_conductance
    its rest     equilibria, Equilibrium
    a network    Network of BurstingLayer or PresetLayer with NetworkSettings; as torch modules
                 MTCNetwork (NetworkConfiguration, SpikingNetwork), MTCNeuron, MTCLayer;
                 read_model, write_model; read_nir, write_nir
    a task       series, SeriesFile, MackeyGlass: to forecast; sequences, SequenceFile, EventFrames:
                 to classify
    training     train, TrainedNetwork, TrainingResult, TrainedOnSequences; TrainingConfiguration,
                 Rates, ParameterLimits; RunConfiguration, read_run_configuration
    errors       CodesignError: InputError, MissingDependencyError, SimulatorError

Rooms: ``model`` (parameters, equations, files, presets, currents), ``analysis`` (simulation, I-V
curves, equilibria, regimes, noise), ``backends`` with the kernels ``fused`` and ``fused_gpu``,
``network`` (torch modules), ``tasks``, ``baselines``, ``training`` and ``runs`` (the files of a
run); each imports only those before it. The names above are public; all else may change.
"""

from neuron_model.lazy_names import lazy_names

__getattr__, __dir__ = lazy_names(__name__)
