"""Fake Hugging Face Hub on loopback, with fault injection. The real client libraries work with it: see `HubServer`."""
