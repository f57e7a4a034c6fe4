"""The dataset room: what a row is, how it is read, and the card that stands before it."""
