"""Access to a language model through any OpenAI-compatible endpoint: tasks, clients, answer cache, batches and cost."""
