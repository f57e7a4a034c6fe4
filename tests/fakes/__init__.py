"""Local servers that stand in for the Hub and for an OpenAI-compatible endpoint."""
