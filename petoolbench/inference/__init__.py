"""Inference: history views, requests to models, and execution of runs."""
