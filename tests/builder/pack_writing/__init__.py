"""Tests of the access to language models."""
