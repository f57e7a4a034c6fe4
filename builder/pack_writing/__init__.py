"""Listing packs that a language model writes, and the checks of what it writes."""
