"""A server that speaks the API of OpenAI over loopback, and fails on purpose: see `server.LlmServer`."""
