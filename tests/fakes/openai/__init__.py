"""Fake OpenAI-compatible server on loopback, with fault injection: see `LlmServer`."""
