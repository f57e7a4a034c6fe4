"""Tests of `builder.users`."""
