"""Maintenance of a board: rows of the maintainers, hidden rows, reproduced rows, and the record of these acts."""
