"""How long one training step takes: MTC neurons and the LIF layers of the SNN libraries.

``python -m benchmarks.training_step --help`` says how; docs/results/training_step.md says what it
gave.
"""
