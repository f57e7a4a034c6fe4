"""Tests of `petoolbench.cli`."""
