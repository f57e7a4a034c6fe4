"""PEToolBench tests whether a language model chooses the tool that a particular user would prefer.

    import petoolbench as pb

    data = pb.load("ORG/petoolbench", "chronological")
    run = pb.predict(data, "gpt-4o-mini")
    print(pb.score(run, data))

The functions below are the public interface. They are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from builder.errors import (
        AuditError,
        BudgetError,
        BuildError,
        CatalogueError,
        ConfigError,
        DataError,
        HubError,
        LlmError,
        MissingExtraError,
        OutputError,
    )
    from hf_dataset.errors import ReadError
    from hf_dataset.sessions import Session
    from metrics.petoolbench.errors import MetricError, PEToolBenchError, PredictionsError, ReferencesError
    from metrics.study_files import StudyError

    from .building import AuditResult, BuiltDataSet, Catalogue, Verification, audit, build, verify
    from .data import InstanceSet, load
    from .exchange.export_run import ExportOptions, export
    from .inference.memory_systems import MemoryAnswer, MemorySystem, Question
    from .people_study.new_study import NewStudy, new_study
    from .people_study.study_report import StudyReport, study_report
    from .prediction import predict
    from .prompts import Prompt, prompt, sessions
    from .reading import ParseFailure, ToolCall, parse
    from .reading_study.deal import ReadingDeal, deal_reading
    from .reading_study.scores import ReadingScores, score_reading
    from .reporting import RunComparison, WrittenReport, compare, report
    from .run_files import read_run
    from .run_settings import RunResources, RunSettings
    from .runs import Run
    from .score_table import ScoreTable
    from .scoring import score

_MODULES: Final = {
    "AuditError": "builder.errors",
    "AuditResult": "petoolbench.building",
    "BudgetError": "builder.errors",
    "BuildError": "builder.errors",
    "BuiltDataSet": "petoolbench.building",
    "Catalogue": "petoolbench.building",
    "CatalogueError": "builder.errors",
    "ConfigError": "builder.errors",
    "DataError": "builder.errors",
    "ExportOptions": "petoolbench.exchange.export_run",
    "HubError": "builder.errors",
    "InstanceSet": "petoolbench.data",
    "LlmError": "builder.errors",
    "MemoryAnswer": "petoolbench.inference.memory_systems",
    "MemorySystem": "petoolbench.inference.memory_systems",
    "MetricError": "metrics.petoolbench.errors",
    "MissingExtraError": "builder.errors",
    "NewStudy": "petoolbench.people_study.new_study",
    "OutputError": "builder.errors",
    "PEToolBenchError": "metrics.petoolbench.errors",
    "ParseFailure": "petoolbench.reading",
    "PredictionsError": "metrics.petoolbench.errors",
    "Prompt": "petoolbench.prompts",
    "Question": "petoolbench.inference.memory_systems",
    "ReadError": "hf_dataset.errors",
    "ReadingDeal": "petoolbench.reading_study.deal",
    "ReadingScores": "petoolbench.reading_study.scores",
    "ReferencesError": "metrics.petoolbench.errors",
    "Run": "petoolbench.runs",
    "RunComparison": "petoolbench.reporting",
    "RunResources": "petoolbench.run_settings",
    "RunSettings": "petoolbench.run_settings",
    "ScoreTable": "petoolbench.score_table",
    "Session": "hf_dataset.sessions",
    "StudyError": "metrics.study_files",
    "StudyReport": "petoolbench.people_study.study_report",
    "ToolCall": "petoolbench.reading",
    "Verification": "petoolbench.building",
    "WrittenReport": "petoolbench.reporting",
    "audit": "petoolbench.building",
    "build": "petoolbench.building",
    "compare": "petoolbench.reporting",
    "deal_reading": "petoolbench.reading_study.deal",
    "export": "petoolbench.exchange.export_run",
    "load": "petoolbench.data",
    "new_study": "petoolbench.people_study.new_study",
    "parse": "petoolbench.reading",
    "predict": "petoolbench.prediction",
    "prompt": "petoolbench.prompts",
    "read_run": "petoolbench.run_files",
    "report": "petoolbench.reporting",
    "score": "petoolbench.scoring",
    "score_reading": "petoolbench.reading_study.scores",
    "sessions": "petoolbench.prompts",
    "study_report": "petoolbench.people_study.study_report",
    "verify": "petoolbench.building",
}
"""Module of each public name."""

__all__ = [
    "AuditError",
    "AuditResult",
    "BudgetError",
    "BuildError",
    "BuiltDataSet",
    "Catalogue",
    "CatalogueError",
    "ConfigError",
    "DataError",
    "ExportOptions",
    "HubError",
    "InstanceSet",
    "LlmError",
    "MemoryAnswer",
    "MemorySystem",
    "MetricError",
    "MissingExtraError",
    "NewStudy",
    "OutputError",
    "PEToolBenchError",
    "ParseFailure",
    "PredictionsError",
    "Prompt",
    "Question",
    "ReadError",
    "ReadingDeal",
    "ReadingScores",
    "ReferencesError",
    "Run",
    "RunComparison",
    "RunResources",
    "RunSettings",
    "ScoreTable",
    "Session",
    "StudyError",
    "StudyReport",
    "ToolCall",
    "Verification",
    "WrittenReport",
    "__version__",
    "audit",
    "build",
    "compare",
    "deal_reading",
    "export",
    "load",
    "new_study",
    "parse",
    "predict",
    "prompt",
    "read_run",
    "report",
    "score",
    "score_reading",
    "sessions",
    "study_report",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("petoolbench")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
