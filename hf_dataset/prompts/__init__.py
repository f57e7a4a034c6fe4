"""Prompts, one file per task. A changed file changes the requests; its hash is recorded in the manifest."""
