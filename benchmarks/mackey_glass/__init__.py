"""MTC, adaptive LIF and LIF networks on Mackey-Glass at the predictability limit.

``python -m benchmarks.mackey_glass --help`` says how; docs/results/mackey_glass.md says what came
out.
"""
