"""ngspice's own measurement of a neuron's rhythm, at the end of an exported transient."""

from __future__ import annotations

from dataclasses import dataclass

from netlists.safe_text import check_node, check_number


@dataclass(frozen=True)
class RhythmMeasurement:
    """What tells spikes and bursts apart.

    node: whose voltage spikes. threshold: volt, that a spike rises through. onset: seconds, from
    which on spikes count. longest_isi: seconds; a longer interval is one between bursts (None:
    there are no bursts). dead_time: seconds after a spike in which there is no other.
    """

    node: str
    threshold: float
    onset: float
    longest_isi: float | None
    dead_time: float

    def __post_init__(self) -> None:
        check_node(self.node, "The node of a rhythm")
        for name in ("threshold", "onset", "dead_time"):
            check_number(getattr(self, name), f"The {name} of a rhythm")
        if self.longest_isi is not None:
            check_number(self.longest_isi, "The longest_isi of a rhythm", above=0.0)

    def lines(self) -> list[str]:
        """Commands of ngspice that go from spike to spike and print the mean intervals."""
        when = f"v({self.node})={self.threshold:.6g}"
        level = 1e30 if self.longest_isi is None else self.longest_isi
        lines = [
            f"* mean ISI and IBI in seconds, from {self.onset:.6g} s on; spikes rise through "
            f"{self.threshold:.6g} V",
            *(f"let {name} = 0" for name in ("isi", "isi_count", "ibi", "ibi_count", "later")),
            f"let from = {self.onset:.9g}",
            f"meas tran last when {when} rise=last",
            f"meas tran spike when {when} td=$&from rise=1",
            "dowhile spike < last",
            f"  let from = spike + {self.dead_time:.6g}",
            f"  meas tran later when {when} td=$&from rise=1",
            "  let gap = later - spike",
            f"  if gap > {level:.6g}",
            "    let ibi = ibi + gap",
            "    let ibi_count = ibi_count + 1",
            "  else",
            "    let isi = isi + gap",
            "    let isi_count = isi_count + 1",
            "  end",
            "  let spike = later",
            "end",
        ]
        for name in ("isi", "ibi"):
            lines += [
                f"if {name}_count > 0",
                f"  let {name} = {name} / {name}_count",
                f"  print {name} {name}_count",
                "end",
            ]
        return lines
