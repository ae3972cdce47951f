"""Test benches of noise: that of single cells, measured, and that of a neuron, injected.

A cell's noise is that of the current into its output, which is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuits.bias_mirror import current_sink, current_source
from circuits.ota import divided_ota, ota
from circuits.structure import Cell
from circuits.technology import Technology
from mapping.cell_noise import Spectrum
from netlists.bench import (
    Alteration,
    Bench,
    BenchInstance,
    CurrentSource,
    NoiseSpectrum,
    OperatingPoint,
    Step,
    Transient,
    TransientNoise,
    Transresistance,
    VoltageSource,
)
from netlists.bench import Element as BenchElement
from netlists.engine import Result
from netlists.writer import cell_text

# The current noise becomes a voltage over so many ohms, which have no noise themselves: some
# nanovolt a root Hz is far above the least that ngspice takes for more than nothing.
_OHMS = 1e9
_OPTIONS = {"reltol": 1e-5, "abstol": 1e-17, "vntol": 1e-8}
_SENSE = "sense"


@dataclass(frozen=True)
class Band:
    """Frequencies of a spectrum, Hz, and how many points a decade has."""

    low: float
    high: float
    points: int = 5


@dataclass(frozen=True)
class CellNoiseBenches:
    """Makes the noise benches of one technology's cells over the given models.

    models: text of the models in use. temperature: degree Celsius. Bias lines are ideal sources,
    which have no noise: a bias generator's own comes on top.
    """

    technology: Technology
    models: str
    temperature: float

    def ota(
        self, bias: float, differences: Sequence[float], band: Band, divided: bool = False
    ) -> Bench:
        """The OTA at ``bias`` ampere, its inputs ``differences`` volt apart around the reference.

        Of each difference an operating point, then a spectrum. ``divided``: of the OTA that divides
        its bias.
        """
        reference = self.technology.reference
        steps: list[Step] = []
        for difference in differences:
            steps += [
                Alteration("vinp", "dc", reference + difference / 2),
                Alteration("vinn", "dc", reference - difference / 2),
                *_measured(band),
            ]
        inputs = tuple(VoltageSource(f"v{name}", name, "0", reference) for name in ("inp", "inn"))
        nodes = ("inp", "inn", "out", "ib", "vdd", "0")
        cell = divided_ota(self.technology) if divided else ota(self.technology)
        return self._bench(cell, nodes, bias, inputs, steps)

    def mirror(self, kind: str, bias: float, band: Band) -> Bench:
        """A current "source" or "sink" at ``bias`` ampere: an operating point, then a spectrum."""
        cell = {"source": current_source, "sink": current_sink}[kind](self.technology)
        supplies = ("vdd", "0") if kind == "source" else ("0",)
        return self._bench(cell, ("ib", "out", *supplies), bias, (), _measured(band))

    def _bench(
        self,
        cell: Cell,
        nodes: tuple[str, ...],
        bias: float,
        inputs: Sequence[BenchElement],
        steps: Sequence[Step],
    ) -> Bench:
        t = self.technology
        return Bench(
            title=f"{t.name}: {cell.name}, noise at {bias:.3g} A",
            models=self.models,
            cells=cell_text(cell, t),
            instances=(BenchInstance("xcell", cell.name, nodes),),
            sources=(
                VoltageSource("vdd", "vdd", "0", t.supply),
                CurrentSource("ibias", "vdd", "ib", bias),
                VoltageSource("vout", "out", "0", t.reference, alternating=1.0),
                Transresistance("hsense", _SENSE, "0", "vout", _OHMS),
                *inputs,
            ),
            analyses=tuple(steps),
            temperature=self.temperature,
            options=_OPTIONS,
        )


def _measured(band: Band) -> list[Step]:
    return [OperatingPoint(), NoiseSpectrum(_SENSE, "vout", band.low, band.high, band.points)]


def spectra(result: Result) -> tuple[Spectrum, ...]:
    """Every operating point and spectrum of a noise bench, in its order."""
    pairs = zip(result.waveforms[::2], result.waveforms[1::2], strict=True)
    return tuple(
        Spectrum(
            current=float(point["i(vout)"][0]),
            frequency=spectrum.axis,
            density=(np.real(spectrum["onoise_spectrum"]) / _OHMS) ** 2,
        )
        for point, spectrum in pairs
    )


@dataclass(frozen=True)
class InjectedNoise:
    """Noise current into ``node``, one-sided: white [A^2/Hz] + flicker / f^exponent."""

    node: str
    white: float
    flicker: float
    exponent: float


def with_noise(bench: Bench, injected: Sequence[InjectedNoise], interval: float) -> Bench:
    """A transient bench with noise currents from ideal sources, drawn every ``interval`` seconds.

    The cells stay as they are: the sources stand in the test bench. Steps are at most ``interval``.
    """
    sources = tuple(
        CurrentSource(
            f"inoise_{each.node}",
            "0",
            each.node,
            TransientNoise.of_density(interval, each.white, each.flicker, each.exponent),
        )
        for each in injected
    )
    analyses = tuple(
        replace(step, max_step=min(step.max_step, interval))
        if isinstance(step, Transient)
        else step
        for step in bench.analyses
    )
    title = f"{bench.title}, with noise"
    return replace(bench, title=title, sources=(*bench.sources, *sources), analyses=analyses)
