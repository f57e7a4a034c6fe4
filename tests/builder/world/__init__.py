"""Tests of `builder.world`."""
