"""Functions to build, audit and verify data sets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder import pipeline
from builder.audit.audit_report import write_audit_report
from builder.audit.gates import Gate
from builder.audit.run_audit import Audit
from builder.audit.run_audit import audit as run_audit
from builder.catalogue.sources import Source, notices_of, open_source
from builder.config import BuildConfig, load_config
from builder.embedding import SentenceEncoder
from builder.errors import ConfigError
from builder.execution.executors import Executor
from builder.execution.staging import private_folder
from builder.grouping.own_jobs import OwnJobs, read_own_jobs
from builder.progress import Progress, no_progress
from hf_dataset.layout import MANIFEST
from hf_dataset.manifest import Manifest, Page, read_manifest
from hf_dataset.verify import check_folder
from petoolbench.hub.locate import at_revision, data_folder

from .tables import text_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class BuiltDataSet:
    """A finished build. `print` shows a table with the number of rows per config and split."""

    folder: Path
    """Folder of the data set."""
    answers: Path
    """Folder of the private test answers."""
    manifest: Manifest
    notices: tuple[str, ...] = ()
    """Lines that name what the source of the catalogue skipped."""

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as plain JSON values."""
        return asdict(self.manifest)

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with the number of rows: one row per config, one column per split."""
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        # Some configs lack a split, which would turn plain integers into floats.
        return pd.DataFrame(dict(self.manifest.rows)).T.astype("Int64")

    def __str__(self) -> str:
        splits = list(dict.fromkeys(split for rows in self.manifest.rows.values() for split in rows))
        rows = [
            [config, *(f"{rows[split]:,}" if split in rows else "" for split in splits)]
            for config, rows in self.manifest.rows.items()
        ]
        return text_table(f"Data set {self.folder}, rows", ["config", *splits], rows)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue of your own with the files that belong to it."""

    spec: str
    """Kind and path, such as `openai:tools.json`."""
    provider_from: str | None = None
    """What names the provider of a tool: `name`, `server`, `file`, or a field of the tools; by default what the form of
    the catalogue provides."""
    facts: str | Path | None = None
    """File with facts that the documentation does not state, one tool a line."""
    functionalities: str | Path | None = None
    """File with jobs that the library does not know."""
    groups: str | Path | None = None
    """File with groups that you accepted."""
    title: str | None = None
    """Title of the data set for its card."""
    licence: str | None = None
    """Licence for its card, such as `cc-by-4.0`; required to push the data set."""
    repository: str | None = None
    """Repository on the Hub for its card, `ORG/NAME`."""

    def open(self) -> tuple[Source, OwnJobs]:
        """Open the catalogue and read the files.

        Raises:
            CatalogueError: If a path does not exist.
            ConfigError: If an option or a file is invalid.
        """
        facts, functionalities, groups = (
            None if path is None else Path(path) for path in (self.facts, self.functionalities, self.groups)
        )
        source = open_source(self.spec, provider_from=self.provider_from, facts=facts)
        return source, read_own_jobs(functionalities, groups)


def page_of(
    source_kind: str, *, title: str | None = None, licence: str | None = None, repository: str | None = None
) -> Page | None:
    """Return what the author of a data set states on its pages; None if it is nothing.

    Args:
        source_kind: Value of `--catalog`.
        title: Title of the data set.
        licence: Licence, such as `cc-by-4.0`.
        repository: Repository on the Hub, `ORG/NAME`.

    Raises:
        ConfigError: If the repository has another form, or the built-in catalogue is given a licence.
    """
    if repository is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ConfigError(f"Invalid value {repository!r} for --repository. Expected ORG/NAME.")
    if licence is not None and source_kind == "builtin":
        raise ConfigError("The data of the built-in catalogue are under Apache-2.0. Remove --licence.")
    given = Page(title, licence, repository)
    return None if given == Page() else given


def build(
    out: str | Path,
    catalog: str | Catalogue = "builtin",
    *,
    preset: str | None = None,
    users: int | None = None,
    seed: int | None = None,
    config: str | Path | BuildConfig | None = None,
    audited: bool = True,
    workers: int = 1,
    progress: Progress = no_progress,
) -> BuiltDataSet:
    """Build a data set from a catalogue of tools, without a language model.

    Args:
        out: Folder to create; the answers of the test split go to `OUT-private` next to it.
        catalog: `builtin`; `services` or `services:anonymous` for real services; or a catalogue of your own such as
            `openapi:PATH`, `mcp:PATH`, `openai:PATH` or `toolbench:PATH`. A `Catalogue` adds files of yours to it.
        preset: Named size, such as `demo` or `release`; replaces the users of `config`.
        users: Total number of users in all splits; each has one instance per history type.
        seed: Random seed; the same catalogue, config and seed produce identical files.
        config: TOML file, or a `BuildConfig`.
        audited: Audit the data set, and raise `AuditError` if a gate or check fails.
        workers: Number of worker processes; does not change the result.
        progress: Called with the stage, the number of finished steps and the number of all steps.

    Returns:
        The folders of the data set and of its test answers, and the manifest.

    Raises:
        AuditError: If the data set can be answered without its histories.
        BuildError: If the catalogue does not support the requested build.
        CatalogueError: If the catalogue cannot be read.
        ConfigError: If an option is not allowed.
        OutputError: If the folder exists or cannot be written.

    Example:
        >>> built = build("out/demo", preset="demo", seed=1)
        >>> print(built)
    """
    if not isinstance(config, str | Path | BuildConfig | None):
        raise ConfigError(
            f"The config is of type {type(config).__name__}. Pass the path of a TOML file, or a BuildConfig."
        )
    if isinstance(config, BuildConfig):
        if (preset, users, seed) != (None, None, None):
            raise ConfigError("A BuildConfig holds preset, users and seed already. Set them in it, or pass a file.")
        settings = config
    else:
        settings = load_config(Path(config) if config else None, preset=preset, users=users, seed=seed)
    if workers < 1:
        raise ConfigError(f"Invalid value {workers!r} for workers. Allowed values: integers, 1 or more.")
    folder = Path(out)
    executor = Executor(workers=workers)
    named = Catalogue(catalog) if isinstance(catalog, str) else catalog
    source, own = named.open()
    page = page_of(named.spec, title=named.title, licence=named.licence, repository=named.repository)
    result = pipeline.build(source, settings, folder, progress, audited=audited, executor=executor, own=own, page=page)
    return BuiltDataSet(folder, private_folder(folder), result.manifest, tuple(notices_of(source)))


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Result of an audit. Printed, it is a table of its gates, then the exceeded gates and the failed checks."""

    details: Audit
    """Gates, checks, breakdowns and the quality of the instructions."""

    @property
    def passed(self) -> bool:
        """True if every gate and every required check holds."""
        return not self.details.failed

    @property
    def failed(self) -> list[str]:
        """Descriptions of the gates and checks that do not hold, with the measured values."""
        return self.details.failed

    def to_dict(self) -> dict[str, Any]:
        """Return {`passed`, `failed`, `gates`: list of records}."""
        return {"passed": self.passed, "failed": self.failed, "gates": self._records()}

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per gate.

        Columns: `config`, `gate` (its name); `accuracy`, `bound` (highest accuracy allowed) and `margin`, from 0 to 1;
        `passed`; and `decides`, which is True if there are enough rows for the gate to be able to fail.
        """
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame(self._records())

    def _records(self) -> list[dict[str, Any]]:
        return [_gate_record(name, gate) for name, item in self.details.parts for gate in item.gates]

    def __str__(self) -> str:
        rows = [
            [
                f"{record['config']}: {record['gate']}",
                *(f"{100 * record[name]:.1f}" for name in ("accuracy", "bound", "margin")),
                ("yes" if record["decides"] else "cannot tell") if record["passed"] else "NO",
            ]
            for record in self._records()
        ]
        table = text_table("Audit, %", ["gate", "accuracy", "bound", "margin", "holds"], rows)
        result = ["Failed:", *(f"- {line}" for line in self.failed)] if self.failed else ["All gates and checks hold."]
        return "\n".join([table, *result])


def _gate_record(config: str, gate: Gate) -> dict[str, Any]:
    return {
        "config": config,
        "gate": gate.name,
        "accuracy": gate.accuracy,
        "bound": gate.bound,
        "margin": gate.margin,
        "passed": gate.passed,
        "decides": gate.decides,
    }


def audit(
    data: str | Path,
    answers: str | Path | None = None,
    *,
    out: str | Path | None = None,
    progress: Progress = no_progress,
) -> AuditResult:
    """Check that the answers of a data set can be found only from the histories.

    Args:
        data: Folder of the data set.
        answers: Folder of the private answers, to include the test split.
        out: Folder for the report: `audit.json`, `AUDIT.md` and plots.
        progress: Called with the stage, the number of finished steps and the number of all steps.

    Returns:
        The gates and checks; `passed` is True if all of them hold.

    Raises:
        ConfigError: If `out` is a data set, whose files the report would replace.
        ReadError: If the folder is not a data set.

    Example:
        >>> audit("out/demo", "out/demo-private").passed
        True
    """
    folder = Path(_named(data))
    if out is not None and (Path(out) / MANIFEST).exists():
        raise ConfigError(f"{str(out)!r} is a data set; its own report is listed in its manifest. Name another folder.")
    manifest = read_manifest(folder)
    if manifest.is_original:
        raise ConfigError(
            f"{str(data)!r} is an import of the earlier benchmark. Audit it with: petoolbench audit {data}"
        )
    result = run_audit(folder, Path(answers) if answers else None, manifest, SentenceEncoder(), progress)
    if out is not None:
        write_audit_report(result, Path(out))
    return AuditResult(result)


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of a verification. Prints as a list of its problems."""

    source: str
    problems: Sequence[str]

    @property
    def passed(self) -> bool:
        """True if there is no problem."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return {`source`, `passed`, `problems`}."""
        return {"source": self.source, "passed": self.passed, "problems": list(self.problems)}

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per problem."""
        import pandas as pd  # noqa: PLC0415  (slow to import, and only needed here)

        return pd.DataFrame({"problem": list(self.problems)})

    def __str__(self) -> str:
        if self.passed:
            return (
                f"{self.source} is intact: hashes, columns, splits and canary match the manifest, and the test split "
                "holds no answers."
            )
        return f"{self.source} differs from its manifest:\n" + "\n".join(f"- {problem}" for problem in self.problems)


def verify(data: str | Path, revision: str | None = None) -> Verification:
    """Check that a data set is the one that was built: hashes, columns, splits, canary, no answers in test.

    Args:
        data: Folder, or `ORG/NAME` on the Hub.
        revision: Tag, branch or commit of a repository.

    Returns:
        The problems; `passed` is True if there are none.

    Raises:
        ConfigError: If a folder is given a revision.
        HubError: If the repository cannot be downloaded.
        ReadError: If the folder is not a data set.

    Example:
        >>> verify("out/demo").passed
        True
    """
    name = at_revision(_named(data), revision)
    return Verification(str(data), tuple(check_folder(data_folder(name, patterns=None))))


def _named(data: object) -> str | Path:
    """Return a data set that is given by name.

    Raises:
        ConfigError: If it is not a path or a name.
    """
    if not isinstance(data, str | Path):
        raise ConfigError(f"The data set is of type {type(data).__name__}. Pass the path of its folder.")
    return data
