"""Export of scores in the formats of other collections: Every Eval Ever, and the evaluation results of the Hub."""
