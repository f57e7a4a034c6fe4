"""Tests of the training recipe and of local models; they are skipped if the extra `training` is not installed."""
