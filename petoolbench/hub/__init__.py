"""The benchmark's repositories on the Hugging Face Hub: what goes there, and how."""
