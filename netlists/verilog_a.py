"""A neuron's macromodel in Verilog-A: the same ports as its netlist, the equations of its model.

    C_m dV/dt       = I(vm) - I0 (ionic current - i_bias)       U = (V - V_REF) / V0
    C_x dV_x/dt     = C_x V0 / (tau_x T) filter_x               on the ports v_x
    I(s)            = I_s s                                     a sink, as the output stage is
    V(branch)       = ln of an amplifier's branch, where it lags

The equations are those of :mod:`neuron_model.model.dynamics`, the numbers those of the macromodel.
The design's currents and voltages are in the numbers: bias ports only load what drives them, and
reference ports draw nothing. What a module leaves out: the supply's current, noise, mismatch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from circuits.neuron import MEMBRANE, OUTPUT, NeuronCircuit
from circuits.structure import Direction
from mapping.design import NeuronDesign
from netlists.safe_text import clean_comment
from neuron_model.model.dynamics import branch_states
from neuron_model.model.parameters import (
    TIMESCALES,
    Amplifier,
    NeuronParameters,
    OutputShape,
    Timescale,
)

BIAS_LOAD = 1e6
"""Ohm from a bias port to ``vss``: 10 mV at 10 nA."""

_DIRECTIONS = {Direction.INPUT: "input", Direction.OUTPUT: "output"}
# Ampere that stands for 1 in the equation of a branch, so that a simulator's tolerances fit.
_BRANCH_CURRENT = 1e-6
# Farad at a filtered voltage that has no capacitor of its own.
_INNER_CAPACITOR = 1e-12
# A branch carries at least that share, or its logarithm has no end.
_LEAST_SHARE = 1e-12


def verilog_a(
    parameters: NeuronParameters,
    design: NeuronDesign,
    circuit: NeuronCircuit,
    header: Sequence[str] = (),
) -> str:
    """One module of the name and the ports of the circuit's cell.

    Args:
        parameters: compact or detailed macromodel of ``design``, plain numbers.
        design: its units, its capacitors, and the names of its elements.
        circuit: its cell.
        header: comment lines.
    """
    return "\n".join([*_Module(parameters, design, circuit).lines(header), ""])


@dataclass(frozen=True)
class _Module:
    parameters: NeuronParameters
    design: NeuronDesign
    circuit: NeuronCircuit

    def lines(self, header: Sequence[str]) -> Iterator[str]:
        cell = self.circuit.cell
        yield from (f"// {clean_comment(line)}" for line in header)
        yield '`include "constants.vams"'
        yield '`include "disciplines.vams"'
        yield ""
        yield f"module {cell.name}({', '.join(port.name for port in cell.ports)});"
        for port in cell.ports:
            yield f"  {_DIRECTIONS.get(port.direction, 'inout')} {port.name};"
        inner = [f"v_{x}" for x in self._moving if f"v_{x}" not in self.circuit.monitors]
        nets = [*(port.name for port in cell.ports), *inner, *self._branch_nets]
        yield from (f"  electrical {net};" for net in nets)
        yield ""
        yield from (
            f"  parameter real {name} = {float(value)!r};" for name, value in self._numbers()
        )
        yield ""
        yield from (f"  real u_{x};" for x in ("m", *TIMESCALES))
        yield "  real th, bent, u, up, down, growth, ionic, moved, v;"
        yield ""
        yield "  analog begin"
        yield from (f"    {line}".rstrip() for line in self._analog())
        yield "  end"
        yield "endmodule"

    @property
    def _moving(self) -> tuple[Timescale, ...]:
        return tuple(x for x in TIMESCALES if self.parameters.is_instant(x) is not True)

    def _name(self, owner: int | Timescale) -> str:
        """Of an element or a filter: as its bias line is called."""
        if isinstance(owner, Timescale):
            return owner.value
        return self.design.amplifiers[owner].name

    @property
    def _branch_nets(self) -> tuple[str, ...]:
        found = []
        for owner in self.parameters.lagging:
            amplifier = self.parameters.amplifier(owner)
            assert amplifier is not None
            found += [f"{state}_{self._name(owner)}" for state in branch_states(amplifier)]
        return tuple(found)

    def _numbers(self) -> Iterator[tuple[str, float]]:
        p, design = self.parameters, self.design
        yield "I0", design.unit_current
        yield "V0", design.unit_voltage
        yield "V_REF", design.reference_voltage
        yield "TIME_UNIT", design.time_unit
        yield "I_S", design.output.unit_current
        yield "R_BIAS", BIAS_LOAD
        yield "tau_m", float(p.tau_m)
        yield "u_rest", float(p.u_rest)
        yield "u_threshold", float(p.u_threshold)
        yield "u_saturation", float(p.u_saturation)
        yield "i_bias", float(p.i_bias)
        yield "leak_conductance", float(p.leak.conductance)
        if not p.leak.is_linear:
            yield "leak_range", float(p.leak.range)
        for x in self._moving:
            follower = design.follower(x)
            yield f"C_{x}", _INNER_CAPACITOR if follower is None else follower.capacitance
            yield f"tau_{x}", float(p.tau(x))
            yield f"kappa_{x}", float(p.filter(x).kappa)
            yield f"offset_{x}", float(p.filter(x).offset)
        for index, element in enumerate(p.elements):
            for what in ("alpha", "delta", "kappa"):
                yield f"{what}_{self._name(index)}", float(getattr(element, what))
        for owner in p.amplified:
            amplifier = p.amplifier(owner)
            for what in Amplifier.__dataclass_fields__:
                yield f"{what}_{self._name(owner)}", float(getattr(amplifier, what))

    def _analog(self) -> Iterator[str]:
        p = self.parameters
        yield f"u_m = (V({MEMBRANE}, vss) - V_REF) / V0;"
        for x in TIMESCALES:
            moves = x in self._moving
            yield f"u_{x} = (V(v_{x}, vss) - V_REF) / V0;" if moves else f"u_{x} = u_m;"
        yield ""
        yield "// what the neuron draws, in I0"
        if p.leak.is_linear:
            yield "ionic = leak_conductance * (u_m - u_rest);"
        else:
            yield "ionic = leak_conductance * leak_range * tanh((u_m - u_rest) / leak_range);"
        for index, element in enumerate(p.elements):
            name = self._name(index)
            yield from self._tanh(index, f"u_{element.timescale} - delta_{name}", "u_m")
            yield f"ionic = ionic + alpha_{name} * moved;"
        yield f"I({MEMBRANE}, vss) <+ ddt(tau_m * TIME_UNIT * I0 / V0 * V({MEMBRANE}, vss));"
        yield f"I({MEMBRANE}, vss) <+ I0 * (ionic - i_bias);"
        for x in self._moving:
            yield ""
            yield f"// U_{x}"
            yield from self._filter(x)
            yield f"I(v_{x}, vss) <+ ddt(C_{x} * V(v_{x}, vss));"
            yield f"I(v_{x}, vss) <+ -C_{x} * V0 / (tau_{x} * TIME_UNIT) * (moved + offset_{x});"
        yield ""
        yield "// s"
        yield "v = (u_m - u_threshold) / (u_saturation - u_threshold);"
        clipped = "max(0.0, tanh(v))"
        if p.output is OutputShape.CLIP:
            clipped = "min(1.0, max(0.0, v))"
        yield f"I({OUTPUT}, vss) <+ I_S * {clipped};"
        for line in self.circuit.bias_lines:
            yield f"I({line.port}, vss) <+ V({line.port}, vss) / R_BIAS;"

    def _filter(self, x: Timescale) -> Iterator[str]:
        """``moved``: filter(U_m - U_x) without its offset."""
        if self.parameters.filter(x).is_linear:
            yield f"moved = u_m - u_{x};"
            return
        yield from self._tanh(x, f"u_m - u_{x}", f"u_{x}")
        yield f"moved = moved / kappa_{x};"

    def _tanh(self, owner: int | Timescale, u: str, out: str) -> Iterator[str]:
        """``moved``: what becomes of tanh(kappa u), see :class:`Amplifier`."""
        amplifier, name = self.parameters.amplifier(owner), self._name(owner)
        if amplifier is None:
            yield f"moved = tanh(kappa_{name} * ({u}));"
            return
        yield f"u = {u};"
        yield f"th = tanh(kappa_{name} * u);"
        yield f"bent = th + (1.0 - th * th) * th * (shape_{name} + shoulder_{name} * th * th);"
        if owner in self.parameters.lagging:
            yield from self._branches(amplifier, name)
        else:
            yield "up = 0.5 + 0.5 * bent;"
            yield "down = 0.5 - 0.5 * bent;"
        yield f"growth = 1.0 + skew_{name} * {out} + drift_{name} * u * (0.5 + 0.5 * bent)"
        yield f"  + ease_{name} * {out} * (up - down);"
        yield f"moved = growth * (up - down) - conductance_{name} * {out};"

    def _branches(self, amplifier: Amplifier, name: str) -> Iterator[str]:
        """``up`` and ``down``, and the equations of their logarithms."""
        states = branch_states(amplifier)
        follows = {
            "first_up": ("0.5 + 0.5 * bent", "lag"),
            "first_down": ("0.5 - 0.5 * bent", "lag"),
            "up": (f"exp(V(first_up_{name}))", "rise"),
            "down": (f"exp(V(first_down_{name}))", "fall"),
        }
        for state in states:
            target, lag = follows[state]
            net = f"{state}_{name}"
            if state.startswith("first"):
                target = f"{target} + {_LEAST_SHARE!r}"
            yield f"I({net}) <+ {_BRANCH_CURRENT!r} * (ddt({lag}_{name} * TIME_UNIT * V({net}))"
            yield f"  - ({target} - exp(V({net}))) / exp(bend_{name} * V({net})));"
        for side in ("up", "down"):
            yield f"{side} = exp(V({side if side in states else f'first_{side}'}_{name}));"
