"""One self-contained HTML page about a run: what was trained, built, simulated and judged."""

from codesign.report.page import write_report

__all__ = ["write_report"]
