"""Tasks of lm-evaluation-harness; this folder is what its `--include_path` is given."""
