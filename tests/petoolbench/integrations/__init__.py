"""Tests of `petoolbench.integrations`."""
