"""Tests of `builder.services`."""
