"""Cases from public bug reports, through the entry points that users call."""
