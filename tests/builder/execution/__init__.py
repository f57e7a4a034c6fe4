"""Tests of `builder.execution`."""
