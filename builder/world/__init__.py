"""Built-in catalogue: functionalities, fictional providers and their tools."""
