"""A Hugging Face Hub over loopback, for the real clients, that fails on purpose: see `server.HubServer`."""
