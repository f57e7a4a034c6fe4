"""Tasks for other evaluation frameworks: inspect_ai and lm-evaluation-harness."""
