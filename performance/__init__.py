"""Performance measurements, run by hand. Their results are listed in docs/developing/performance.md."""
