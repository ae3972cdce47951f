"""How much of a network's task is simulated, and how large one deck may be."""

MOST_NEURONS = 16
"""Of a network in one deck, whose time grows faster than in proportion to its neurons."""

SCORED = 50
"""Samples behind the washout that are played where nothing else is said; fewer are few to judge
by."""

SEQUENCES = 20
"""Test sequences that are played where nothing else is said."""
