"""The data set: its schema, reading and checking it, and its card."""
