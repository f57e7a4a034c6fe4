"""Cases from public bug reports, each run through the entry point that a user would call."""
