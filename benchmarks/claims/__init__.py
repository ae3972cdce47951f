"""What README and docs/results say in figures, and the commands that say the same today.

``python -m benchmarks.claims`` runs the commands and compares; ``make check-claims`` calls it.
"""
