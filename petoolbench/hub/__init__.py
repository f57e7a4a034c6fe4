"""Repositories of the benchmark on the Hugging Face Hub: uploading and downloading."""
