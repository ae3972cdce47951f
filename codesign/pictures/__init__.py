"""How neurons, waveforms and regimes are drawn, and the style of all pictures."""
