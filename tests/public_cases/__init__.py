"""Public bug reports as tests, each named by the id of its case."""
