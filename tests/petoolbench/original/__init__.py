"""Tests of `petoolbench.original`."""
