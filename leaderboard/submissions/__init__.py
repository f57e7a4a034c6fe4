"""Validation, identity, quota and submission of predictions files."""
