"""A yield step by step: as the sizes are, sized, trained for mismatch, calibrated."""
