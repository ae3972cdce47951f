"""As-built models against ngspice on random neurons."""
