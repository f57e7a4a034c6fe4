"""Tests of `builder.catalogue`."""
