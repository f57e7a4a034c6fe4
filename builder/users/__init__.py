"""Users of the benchmark: preferences, histories, instructions, and the instances made from them."""
