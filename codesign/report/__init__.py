"""One self-contained HTML page about a run: what was trained, built, simulated and judged."""
