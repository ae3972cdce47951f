"""Cells measured in ngspice, once: characteristics, what each transistor does, noise, claims."""
