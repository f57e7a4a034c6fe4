"""Tests of `builder.audit`."""
