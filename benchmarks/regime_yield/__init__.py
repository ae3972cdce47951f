"""From the sizes that there are to 99 % of the chips: sized, trained for mismatch, trimmed."""
