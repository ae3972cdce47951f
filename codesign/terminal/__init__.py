"""What the command line has in common: arguments, tables, progress, signals, quantities."""
