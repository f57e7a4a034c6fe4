"""Tests of the tasks for evaluation frameworks of others."""
