"""Reading study: people, or other careful readers, answer instances by hand, and their forms are scored."""
