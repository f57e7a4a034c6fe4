"""Score submissions against the private answers, in a separate process."""
