"""A recipe: SFT, then DPO, by TRL's own commands; here is only what they lack."""
