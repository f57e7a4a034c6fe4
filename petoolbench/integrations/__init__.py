"""PEToolBench inside evaluation frameworks of others: the same prompts, the same metric, the same score."""
