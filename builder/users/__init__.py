"""Users of the benchmark: preferences, histories, instructions and the rows made of them."""
