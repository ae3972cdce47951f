"""The Mackey-Glass network as chips, before and after training that knows of mismatch.

``python -m benchmarks.mackey_glass_chips --help`` says how; docs/results says what came out.
"""
