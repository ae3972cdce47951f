"""A trained network as a graph of NIR, the format that SNN libraries and chips exchange.

    Input -> Affine -> MTC -> ... -> Affine -> LI -> LI -> LI -> LI -> Output
                      | ^
                      v |             where the neurons of a layer feed each other
                     Linear

The four LI are the readout's poles (low_pass.py). All times are in the neurons' unit of time, with
tau_m as the network has it. NIR is of continuous time: how the network was stepped (dt,
steps_per_sample, integrator), the readout's kind of filter and what was learned are metadata of the
graph, and the name of each layer is that of its node. NIR 1.0.8 writes the MTC node, its ``read``
refuses it; docs/proposals/nir has the node as a patch of NIR.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neuron_model.atomic import write_atomically
from neuron_model.errors import InputError, MissingDependencyError
from neuron_model.memory import refuse_beyond
from neuron_model.model.parameters import (
    TIMESCALES,
    Element,
    Filter,
    Leak,
    NeuronParameters,
    OutputShape,
)
from neuron_model.network.cascade import STAGES
from neuron_model.network.model_file import network_of
from neuron_model.network.network import MTCNetwork, NetworkConfiguration
from neuron_model.toml_file import named_source

_SETTINGS = ("dt", "steps_per_sample", "integrator", "readout_filter", "learn_readout_tau")
_DEEPEST = 8
"""Groups within groups that a file may have; a graph of nodes with metadata has four."""


def write_nir(path: str | os.PathLike[str], network: MTCNetwork) -> Path:
    """Write a network as a NIR graph; :func:`read_nir` gives one with equal outputs.

    Raises:
        InputError: the neurons are macromodels (with amplifiers or offsets), which the node does
            not have, or have no elements, or the file cannot be written.
        MissingDependencyError: NIR is not installed.
    """
    nir = require_nir()
    stream = io.BytesIO()
    nir.write(stream, _graph(nir, network))
    return write_atomically(path, stream.getvalue())


def read_nir(path: str | os.PathLike[str], backend: str = "auto") -> MTCNetwork:
    """The network of a file of :func:`write_nir`, on the CPU.

    Args:
        path: of the file.
        backend: that it computes with: a key of ``backends.BACKENDS``, or auto.

    Raises:
        InputError: the file is missing, damaged or no NIR graph, its graph is not that of such a
            network, or a number is not allowed; the text says which.
        MissingDependencyError: NIR is not installed.
    """
    require_nir()
    if not Path(path).is_file():
        raise InputError(f"{path}: cannot be read, there is no such file.")
    with named_source(str(path)):
        return _network(_content(Path(path)), backend)


def require_nir() -> Any:
    """The package nir.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import nir
    except ImportError as error:
        raise MissingDependencyError(
            "NIR files need the package nir, which is not installed; "
            "run `pip install 'mtc-codesign[nir]'`, or `pip install nir`."
        ) from error
    return nir


def _graph(nir: Any, network: MTCNetwork) -> Any:
    configuration = network.configuration
    nodes = {"input": nir.Input(input_type=np.array([network.inputs]))}
    loops: list[tuple[str, str]] = []
    for index, layer in enumerate(network.neuron_layers):
        nodes[f"projection_{index}"] = _affine(nir, network.projections[index])
        nodes[f"neurons_{index}"] = _node(layer.parameters_now())
        if layer.weights is not None:
            loop = f"recurrent_{index}"
            nodes[loop] = nir.Linear(weight=_array(layer.weights))
            loops += [(f"neurons_{index}", loop), (loop, f"neurons_{index}")]
    nodes["readout"] = _affine(nir, network.readout)
    tau = np.exp(_array(network.low_pass.log_tau).astype(float)) * configuration.sample_interval
    for stage in range(STAGES):
        nodes[f"low_pass_{stage}"] = nir.LI(tau=tau, r=np.ones_like(tau), v_leak=np.zeros_like(tau))
    nodes["output"] = nir.Output(output_type=np.array([network.outputs]))
    chain = [name for name in nodes if not name.startswith("recurrent_")]
    metadata = {name: getattr(configuration, name) for name in _SETTINGS}
    return nir.NIRGraph(
        nodes=nodes,
        edges=[*zip(chain, chain[1:], strict=False), *loops],
        metadata=metadata | {"learn": ",".join(configuration.learn)},
    )


def _affine(nir: Any, linear: Any) -> Any:
    return nir.Affine(weight=_array(linear.weight), bias=_array(linear.bias))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _node(neurons: NeuronParameters) -> Any:
    from neuron_model.network.nir_node import MTC

    filters = [neurons.filter(x) for x in TIMESCALES]
    if not neurons.elements:
        raise InputError(f"neuron '{neurons.name}': a NIR node needs at least one element.")
    if neurons.amplified or any(np.any(f.offset) for f in filters):
        raise InputError(
            f"neuron '{neurons.name}': is a macromodel, with amplifiers or filters' offsets, which "
            "no NIR node has; write the trained network."
        )

    def rows(values: Iterable[Any]) -> np.ndarray:
        return np.stack([row(value) for value in values])

    def row(value: Any) -> np.ndarray:
        return np.broadcast_to(value, (neurons.neurons,)).astype(float)

    return MTC(
        tau_m=row(neurons.tau_m),
        tau=rows(neurons.tau(x) for x in TIMESCALES),
        reads=np.array([TIMESCALES.index(e.timescale) for e in neurons.elements]),
        alpha=rows(e.alpha for e in neurons.elements),
        delta=rows(e.delta for e in neurons.elements),
        kappa=rows(e.kappa for e in neurons.elements),
        v_leak=row(neurons.u_rest),
        g_leak=row(neurons.leak.conductance),
        leak_range=row(neurons.leak.range),
        filter_slope=rows(f.kappa for f in filters),
        v_threshold=row(neurons.u_threshold),
        v_saturation=row(neurons.u_saturation),
        i_bias=row(neurons.i_bias),
        output=str(neurons.output),
        metadata={"name": neurons.name},
    )


def _content(path: Path) -> dict[str, Any]:
    """The group ``node`` of the file as dictionaries of arrays, numbers and texts.

    It comes from anywhere: how much is in it is looked at before it is read, and links lead
    nowhere else.
    """
    import h5py

    no_file = f"is no NIR file or is damaged ({{}}); {write_nir.__name__} makes such files."
    try:
        with h5py.File(path, "r") as file:
            return _group(h5py, file["node"], _DEEPEST)
    except KeyError as error:
        raise InputError(no_file.format("it has no group 'node'")) from error
    except (OSError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise InputError(no_file.format(str(error).splitlines()[0])) from error


def _group(h5py: Any, group: Any, deepest: int) -> dict[str, Any]:
    if not deepest:
        raise InputError(f"is no NIR file: it has more than {_DEEPEST} groups within each other.")
    found: dict[str, Any] = {}
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise InputError(f"{group.name}/{name} is a link; a NIR file holds what it is made of.")
        item = group[name]
        if isinstance(item, h5py.Group):
            found[name] = _group(h5py, item, deepest - 1)
            continue
        refuse_beyond(item.nbytes, f"{item.name} of this file", "it is no network")
        value = item[()]
        found[name] = value.decode("utf-8") if isinstance(value, bytes) else value
    return found


@dataclass(frozen=True)
class _Chain:
    """The nodes of a graph in the order in which the signal goes through them.

    loops: the weights by which the nodes of that name feed themselves.
    """

    nodes: tuple[tuple[str, dict[str, Any]], ...]
    loops: Mapping[str, torch.Tensor]

    @property
    def types(self) -> list[str]:
        return [str(node.get("type")) for _, node in self.nodes]


def _chain(graph: Mapping[str, Any]) -> _Chain:
    nodes, edges = graph.get("nodes"), graph.get("edges")
    if graph.get("type") != "NIRGraph" or not isinstance(nodes, dict) or edges is None:
        raise InputError("is no NIR graph: it must have the type NIRGraph, nodes and edges.")
    if not all(isinstance(node, dict) for node in nodes.values()):
        raise InputError("is no NIR graph: each of its nodes must be a group.")
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for pair in np.atleast_2d(edges):
        ends = [end.decode("utf-8") if isinstance(end, bytes) else str(end) for end in pair]
        if len(ends) != 2 or not set(ends) <= set(nodes):
            raise InputError(f"the edge {' -> '.join(ends)} is not between two of its nodes.")
        after[ends[0]].append(ends[1])
    loops = {
        targets[0]: (name, _weights(nodes[name], name, "weight"))
        for name, targets in after.items()
        if nodes[name].get("type") == "Linear" and len(targets) == 1 and name in after[targets[0]]
    }
    inside = {name for name, _ in loops.values()}
    begins = [name for name, node in nodes.items() if node.get("type") == "Input"]
    order = begins[:1]
    while order and len(order) <= len(nodes):
        following = [name for name in after[order[-1]] if name not in inside]
        if len(following) != 1:
            break
        order += following
    if len(begins) != 1 or sorted(order) != sorted(set(nodes) - inside):
        raise InputError(
            "its nodes are not one chain from an Input to an Output, beside layers that feed "
            "themselves through a Linear; other graphs cannot be read here."
        )
    return _Chain(
        tuple((name, nodes[name]) for name in order),
        {name: weight for name, (_, weight) in loops.items()},
    )


def _network(graph: dict[str, Any], backend: str) -> MTCNetwork:
    chain = _chain(graph)
    hidden = chain.types.count("MTC")
    wanted = ["Input", *["Affine", "MTC"] * hidden, "Affine", *["LI"] * STAGES, "Output"]
    if not hidden or chain.types != wanted:
        raise InputError(
            f"its nodes are {' -> '.join(chain.types)}; they must be Input -> Affine -> MTC, as "
            f"often as there are layers, -> Affine -> {STAGES} LI -> Output."
        )
    if len(chain.loops) not in (0, hidden):
        raise InputError("some layers feed themselves and some do not; it must be all or none.")
    affine, neurons = chain.nodes[1 : 2 * hidden + 2 : 2], chain.nodes[2 : 2 * hidden + 1 : 2]
    keys = [*(f"projections.{i}" for i in range(hidden)), "readout"]
    weights = {
        f"{key}.{part}": _weights(node, name, part)
        for key, (name, node) in zip(keys, affine, strict=True)
        for part in ("weight", "bias")
    }
    for index, (name, _) in enumerate(neurons):
        if name in chain.loops:
            weights[f"layers.{index}.weights"] = chain.loops[name]
    tau = _readout_tau(chain.nodes[-STAGES - 1 : -1])
    configuration = NetworkConfiguration(
        inputs=weights["projections.0.weight"].shape[-1],
        outputs=len(tau),
        layers=tuple(_neurons(name, node) for name, node in neurons),
        recurrent=bool(chain.loops),
        **_settings(graph.get("metadata")),
    )
    interval = configuration.sample_interval
    configuration = replace(configuration, readout_tau=float(tau[0] / interval))
    readout = weights["readout.weight"]
    weights["low_pass.log_tau"] = torch.from_numpy(np.log(tau / interval)).to(readout)
    first = MTCNetwork(configuration, backend, readout.dtype).state_dict()
    return network_of(configuration, {**first, **weights}, backend)


def _settings(metadata: object) -> dict[str, Any]:
    """Those of a configuration that are metadata of the graph."""
    entries = metadata if isinstance(metadata, dict) else {}
    missing = [name for name in (*_SETTINGS, "learn") if name not in entries]
    if missing:
        raise InputError(
            f"its metadata do not say {', '.join(missing)}, without which a NIR graph, of "
            "continuous time, is no network that can be run here."
        )
    settings = {k: v.item() if isinstance(v, np.generic) else v for k, v in entries.items()}
    learn = str(settings["learn"])
    return {name: settings[name] for name in _SETTINGS} | {
        "learn": tuple(learn.split(",")) if learn else ()
    }


def _numbers(node: Mapping[str, Any], name: str, part: str) -> np.ndarray:
    array = node.get(part)
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or not array.ndim:
        raise InputError(f"the node {name}: {part} must be an array of floating-point numbers.")
    return array.astype(array.dtype.newbyteorder("="))


def _weights(node: Mapping[str, Any], name: str, part: str) -> torch.Tensor:
    array = _numbers(node, name, part)
    if array.dtype not in (np.float32, np.float64):
        raise InputError(
            f"the node {name}: {part} is {array.dtype}; it must be float32 or float64."
        )
    return torch.from_numpy(array)


def _readout_tau(stages: tuple[tuple[str, dict[str, Any]], ...]) -> np.ndarray:
    """The time constants of the readout's poles, (outputs,), in the neurons' unit of time."""
    first = _numbers(stages[0][1], stages[0][0], "tau").astype(float)
    for name, node in stages:
        tau, r, rest = (_numbers(node, name, part) for part in ("tau", "r", "v_leak"))
        if not np.array_equal(tau, first) or not np.all(r == 1) or np.any(rest):
            raise InputError(
                f"the node {name}: a readout's poles have r = 1, v_leak = 0 and the same tau."
            )
    if first.ndim != 1 or not np.all((first > 0) & (first < np.inf)):
        raise InputError(f"the node {stages[0][0]}: tau must be positive, finite numbers in a row.")
    return first


def _neurons(name: str, node: dict[str, Any]) -> NeuronParameters:
    from neuron_model.network.nir_node import MTC

    try:
        n = MTC.from_dict(node)
    except (AssertionError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"the node {name}: {error}.") from error
    if n.tau_m.ndim != 1 or len(n.tau) != len(TIMESCALES):
        raise InputError(
            f"the node {name}: its neurons must stand in a row, (neurons,), and have "
            f"{len(TIMESCALES)} copies: {', '.join(TIMESCALES)}."
        )
    return NeuronParameters(
        tuple(
            Element(TIMESCALES[x], *values)
            for x, *values in zip(n.reads, n.alpha, n.delta, n.kappa, strict=True)
        ),
        name=n.metadata.get("name", name),
        tau_m=n.tau_m,
        u_rest=n.v_leak,
        u_threshold=n.v_threshold,
        u_saturation=n.v_saturation,
        output=OutputShape(n.output),
        i_bias=n.i_bias,
        leak=Leak(n.g_leak, n.leak_range),
        **{f"tau_{x}": tau for x, tau in zip(TIMESCALES, n.tau, strict=True)},
        **{f"filter_{x}": Filter(f) for x, f in zip(TIMESCALES, n.filter_slope, strict=True)},
    )
