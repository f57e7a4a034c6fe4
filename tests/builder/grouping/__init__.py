"""Tests of `builder.grouping`."""
