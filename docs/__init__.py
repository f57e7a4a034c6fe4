"""Documentation, with the generator of its reference pages."""
