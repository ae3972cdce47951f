"""Macromodels against ngspice on random neurons."""
