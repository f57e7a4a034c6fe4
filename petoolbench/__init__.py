"""PEToolBench tests whether a language model chooses the tool that a particular user would prefer.

    import petoolbench as pb

    data = pb.load("ORG/petoolbench", "chronological")
    run = pb.predict(data, "gpt-4o-mini")
    print(pb.score(run, data))

The functions below are the public interface. They are imported when they are first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .building import AuditResult, BuiltDataSet, Verification, audit, build, verify
    from .data import InstanceSet, load
    from .prediction import predict
    from .prompts import Prompt, prompt
    from .reading import ParseFailure, ToolCall, parse
    from .reporting import RunComparison, WrittenReport, compare, report
    from .run_files import read_run
    from .runs import Run
    from .scoring import ScoreTable, score
    from .settings import RunResources, RunSettings

_MODULES: Final = {
    "AuditResult": "building",
    "BuiltDataSet": "building",
    "InstanceSet": "data",
    "ParseFailure": "reading",
    "Prompt": "prompts",
    "Run": "runs",
    "RunComparison": "reporting",
    "RunResources": "settings",
    "RunSettings": "settings",
    "ScoreTable": "scoring",
    "ToolCall": "reading",
    "Verification": "building",
    "WrittenReport": "reporting",
    "audit": "building",
    "build": "building",
    "compare": "reporting",
    "load": "data",
    "parse": "reading",
    "predict": "prediction",
    "prompt": "prompts",
    "read_run": "run_files",
    "report": "reporting",
    "score": "scoring",
    "verify": "building",
}
"""Module of each public name."""

__all__ = [
    "AuditResult",
    "BuiltDataSet",
    "InstanceSet",
    "ParseFailure",
    "Prompt",
    "Run",
    "RunComparison",
    "RunResources",
    "RunSettings",
    "ScoreTable",
    "ToolCall",
    "Verification",
    "WrittenReport",
    "__version__",
    "audit",
    "build",
    "compare",
    "load",
    "parse",
    "predict",
    "prompt",
    "read_run",
    "report",
    "score",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("petoolbench")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Package that keeps its public names: importing the subpackage `report` would replace the function `report`."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _MODULES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
