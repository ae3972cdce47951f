"""How drawn samples fire, from their parameters of the macromodel, hundreds of them at once."""

from __future__ import annotations

import numpy as np

from neuron_model.analysis.regimes import RegimeReport
from neuron_model.model.drive import Drive
from neuron_model.model.parameters import NeuronParameters

DOUBTFUL = 0.1
"""A margin below this leaves a regime undecided: the sample is run for longer."""
LONGER = 2.0
"""By how much."""


def sample_reports(
    samples: NeuronParameters, drive: Drive, threshold: float
) -> tuple[RegimeReport, ...]:
    """The report of each sample; one whose regime is not decided is run again, for longer.

    The rule is that of :class:`codesign.studies.mismatch.plan.MismatchPlan`, whose task integrates
    sample by sample and is the reference; here they run side by side in the compiled kernel.

    Args:
        samples: parameters of the macromodel, arrays (samples,).
        drive: what drives each of them.
        threshold: U_threshold by which spikes are told, model units: the trained one.
    """
    # with torch, which a worker that has no samples to run need not load
    from neuron_model.network.population import population_reports

    def run(samples: NeuronParameters, by: Drive) -> tuple[RegimeReport, ...]:
        return population_reports(samples, by.stimulus, by.duration, by.onset, threshold)

    reports = list(run(samples, drive))
    doubtful = np.array([i for i, r in enumerate(reports) if r.margin < DOUBTFUL], dtype=int)
    longer = drive.lasting(LONGER * drive.duration)
    if doubtful.size and longer.duration > drive.duration:
        count = samples.neurons
        again = samples.map(lambda v: np.broadcast_to(v, (count,))[doubtful])
        for index, report in zip(doubtful, run(again, longer), strict=True):
            reports[index] = report
    return tuple(reports)
