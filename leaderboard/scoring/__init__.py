"""Scoring of submissions against the private answers, and the process that runs it."""
