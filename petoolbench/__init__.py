"""Only what must stand under the distribution's own name: inspect_ai names a task by the top-level package it is in."""
