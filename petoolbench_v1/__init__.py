"""Taskset `petoolbench-v1` of verifiers, which finds tasksets by the name of their package."""

from petoolbench.integrations.verifiers_taskset import PEToolBenchTaskset

__all__ = ["PEToolBenchTaskset"]
