"""What people are told of a simulation that takes long: how far it is, what is left, the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netlists.underway import Underway


def underway_text(found: Underway) -> str:
    """``neuron_3, 2 min left, 4,200 of 12,000 tau_m (stops after 20 min)``: what matters first, for
    a narrow terminal cuts the end."""
    subject, left = found.bench.subject, found.seconds_left
    parts = [subject.name] if subject is not None else []
    if left is not None:
        parts.append(f"{duration_text(left)} left")
    parts += [found.simulated] if found.simulated else []
    return f"{', '.join(parts)} (stops after {duration_text(found.limit)})"


def duration_text(seconds: float) -> str:
    """Some seconds as people say it: ``40 s``, ``2 min``, ``1.5 h``."""
    if seconds < 90:
        return f"{max(1.0, float(f'{seconds:.1g}')):g} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
