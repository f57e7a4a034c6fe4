"""Catalogue of fictional tools with labelled attributes, which stands for a real catalogue in tests."""
