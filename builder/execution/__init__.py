"""Execution of a build: partitions, executors, checkpoints and the folders that are written.

A partition depends neither on the executor that runs it nor on other partitions, so every executor writes the same
files, byte for byte.
"""
