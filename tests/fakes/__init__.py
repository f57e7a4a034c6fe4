"""Stand-ins in tests: servers of the Hugging Face Hub and of an OpenAI-compatible endpoint, and a catalogue."""
