"""Measurements, run by hand; what they come to stands in docs/benchmarks.md."""
