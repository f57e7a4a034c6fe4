"""Asking a language model through any OpenAI-compatible endpoint: tasks, client, cache, batches, cost."""
