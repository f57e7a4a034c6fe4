"""Data that teaches the skill: rows of `sft` and `dpo` from the users of train, and their export."""
