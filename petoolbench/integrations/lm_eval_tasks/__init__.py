"""Tasks of lm-evaluation-harness. Pass this folder as `--include_path`."""
