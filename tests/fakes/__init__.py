"""Local servers that replace the Hugging Face Hub and an OpenAI-compatible endpoint in tests."""
