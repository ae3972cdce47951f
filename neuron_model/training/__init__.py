"""How a network is trained: objective, streams, scores, checkpoints."""
