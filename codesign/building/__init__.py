"""From neurons, however they come, to a circuit: mapped, drawn, with its macromodel and files."""
