"""Baseline predictors that need no language model. Each docstring states which parts of an instance it uses."""
