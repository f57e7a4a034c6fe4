"""Tests of `hf_dataset`."""
