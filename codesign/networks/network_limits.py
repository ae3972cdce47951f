"""What the circuit of a network is asked for, and how large one deck may be."""

LARGEST_RATIO, LEAST_CORRELATION = 1.15, 0.98
"""A circuit does the task whose NRMSE is at most so many times torch's, and whose y goes with
torch's at least so well."""

MOST_NEURONS = 16
"""Of a network in one deck, whose time grows faster than in proportion to its neurons."""

SCORED = 50
"""Samples behind the washout that are played where nothing else is said; fewer are few to judge
by."""
