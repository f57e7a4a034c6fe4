"""Tests of `petoolbench.exchange`."""
