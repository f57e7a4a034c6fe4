"""Tests of `petoolbench.inference`."""
