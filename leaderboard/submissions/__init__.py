"""Incoming prediction files: validation, identity, quota and submission."""
