"""Measurements that back what README says about speed: `python -m benchmarks.<name>`."""
