"""Calibration of each Monte Carlo sample by its own codes, and what it gives."""
