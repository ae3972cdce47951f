"""From a trained network to one circuit: mapped, drawn, written, and its task in ngspice."""
