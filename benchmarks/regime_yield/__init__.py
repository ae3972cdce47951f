"""From the sizes that there are to 99 % of the samples: sized, trained for mismatch, calibrated."""
