"""Baselines: predictors that need no model, each on one protocol, each saying what it may look at."""
