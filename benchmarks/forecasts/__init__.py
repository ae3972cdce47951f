"""Forecasts of six classic and real series by MTC neurons, and by simple methods."""
