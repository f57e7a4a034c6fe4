"""The PEToolBench metric; `evaluate.load` on this folder gives it as a module."""
