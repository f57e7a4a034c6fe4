"""The PEToolBench metric, a module for `evaluate.load`."""
