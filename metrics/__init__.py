"""Metrics, one folder per metric. Each folder can be loaded with `evaluate.load`."""
