"""Tests of the training recipe and of models that transformers runs; skipped where the extra `training` is missing."""
