"""Training data: rows of `sft` and `dpo` for the users of the training split, and their export."""
