"""Tests of `builder.training`."""
