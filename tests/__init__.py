"""Test suite. Its folders mirror the packages."""
