"""What the command lines about neurons and samples have in common, and what they choose."""
