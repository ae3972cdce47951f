"""The Mackey-Glass network as samples, before and after training that knows of mismatch.

``python -m benchmarks.mackey_glass_variation --help`` says how; docs/results says what came out.
"""
