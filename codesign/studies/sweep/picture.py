"""The picture of a sweep: curves over one axis, maps over two and more."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

from codesign.pictures.plots import STYLE
from codesign.studies.sweep.curves import curves_figure
from codesign.studies.sweep.maps import maps_figure
from codesign.studies.sweep.results import SweepResults


def sweep_figure(study: SweepResults) -> Figure:
    """What a designer wants to see of a sweep."""
    with mpl.rc_context(STYLE):
        return curves_figure(study) if len(study.shown) < 2 else maps_figure(study)
