"""Runs of training: their configuration, log and files, and training on Monte Carlo samples."""
