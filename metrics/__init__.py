"""Metrics, one folder per metric that can be loaded with `evaluate.load`, and the file format of people's studies."""
