"""The build: runs the stages one after the other and writes their result. No stage knows another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hf_dataset.card import write_pages
from hf_dataset.layout import MANIFEST, SPLITS, TOOLS, TRAINING, answers_file, split_file
from hf_dataset.manifest import AuditSummary, Manifest, Page
from hf_dataset.prompting import prompt_version
from hf_dataset.schema import HISTORY_TYPES

from .audit.audit_report import write_audit_report
from .audit.run_audit import audit
from .build_manifest import build_id, describe_build
from .catalogue.sources import BuiltinSource, ReadySource, Source
from .config import BuildConfig
from .core import core_query_groups
from .dealing import with_shared_providers
from .embedding import SentenceEncoder
from .errors import AuditError, BuildError, ConfigError
from .execution.checkpoint import Checkpoint, PartitionResult, checkpoint_key
from .execution.executors import LOCAL, Executor
from .execution.instruction_pool import distribute
from .execution.partition_writer import PartitionJob
from .execution.partitions import Partition, partitions_of
from .execution.staging import Folders, check_free, written_aside
from .export import ANSWERS_README, public_tool, shown_tools, tool_row, write_tools
from .funnel import Funnel
from .grouping.own_jobs import NO_JOBS, OwnJobs
from .llm.session import ModelSession
from .preparation import prepare
from .progress import Progress
from .records import Group
from .services.service_source import RealServiceSource, fitted_config
from .short_splits import no_users_error, short_split
from .world.packs import read_pack


@dataclass(frozen=True, slots=True)
class BuildResult:
    """Result of a build."""

    manifest: Manifest
    groups: Sequence[Group]
    warnings: Sequence[str] = ()
    """Splits with far fewer rows than were asked for, with the reasons."""


def build(
    source: Source | ReadySource,
    config: BuildConfig,
    out: Path,
    progress: Progress,
    *,
    audited: bool = True,
    model: ModelSession | None = None,
    executor: Executor = LOCAL,
    own: OwnJobs = NO_JOBS,
    page: Page | None = None,
) -> BuildResult:
    """Build a data set from a catalogue.

    Args:
        source: The catalogue.
        config: Settings of the build, such as sizes, difficulty and seed.
        out: Folder of the data set, which must not exist. The answers are written to `OUT-private` next to it.
        progress: Progress callback.
        audited: Audit the data set and refuse it if a gate or check fails. Without an audit the manifest and the card
            say so.
        model: Language model that annotates and groups the tools and writes the instructions; None to use the
            built-in functionalities and their templates instead.
        executor: Runs the partitions of users. The result does not depend on it.
        own: Jobs and groups besides those of the library.
        page: Title, licence and repository that the pages of the data set state.

    Returns:
        The manifest of the data set, and the groups of tools that do the same job.

    Raises:
        OutputError: If the folder exists already.
        CatalogueError: If the catalogue cannot be read.
        ConfigError: If the executor cannot be reached.
        BuildError: If the catalogue does not support the requested build, or workers die repeatedly.
        AuditError: If the data set can be answered without its histories.
        MissingExtraError: If a library of the extra `builder` is missing.
        LlmError: If the model's endpoint cannot be used. Replies received so far are in the cache.
    """
    check_free(out)
    source = _with_pack(source, config)
    _check_own(own, source, model)
    config = fitted_config(config) if isinstance(source, RealServiceSource) else config
    _check_dials(config, by_facts=isinstance(source, BuiltinSource | RealServiceSource))
    encoder, funnel = SentenceEncoder(), Funnel()
    try:
        catalogue = prepare(source, config, encoder, funnel, progress, model, own)
    except BuildError as error:
        error.funnel = funnel.as_dict()
        raise
    config = config if catalogue.jobs else with_shared_providers(config, catalogue.groups)
    identity = f"{source.identity} {own.identity}".strip()
    key = checkpoint_key(identity, config, catalogue)
    with written_aside(out, key) as folders:
        job = PartitionJob(folders, catalogue, config, build_id(identity, config), key, {})
        checkpoint = Checkpoint(folders, key)
        rows, loss, warnings = _write_splits(job, checkpoint, encoder, funnel, progress, executor)
        manifest = replace(
            describe_build(
                catalog=identity, config=config, tokenizer=encoder.name, funnel=funnel, rows=rows, expected_loss=loss
            ),
            llm=model.as_dict() if model else None,
            listing_pack=source.pack.sha256 if isinstance(source, BuiltinSource) and source.pack else None,
            page=page,
            prompt_version=prompt_version(),
            core=core_query_groups(folders.public),
        )
        if audited:
            manifest = replace(
                manifest, audit=_audit(folders, manifest, encoder, progress, checkpoint, executor.workers)
            )
        manifest = _finish(folders, manifest, checkpoint)
        # Only after the last file is written and the final path is free: whatever fails earlier can be resumed.
        check_free(out)
        checkpoint.end()
    return BuildResult(manifest, catalogue.groups, warnings)


def _with_pack(source: Source | ReadySource, config: BuildConfig) -> Source | ReadySource:
    """Add the listing pack that a config names to the built-in catalogue.

    Raises:
        ConfigError: If the pack is invalid, or the catalogue is another one.
    """
    if config.listings.pack is None:
        return source
    if not isinstance(source, BuiltinSource):
        raise ConfigError(
            "[listings] pack is used only with the built-in catalogue: other catalogues have no listings of its form. "
            "Remove it from the config, or use --catalog builtin."
        )
    return BuiltinSource(read_pack(Path(config.listings.pack)))


def _check_own(own: OwnJobs, source: Source | ReadySource, model: ModelSession | None) -> None:
    """Refuse own jobs where they would have no effect.

    Raises:
        ConfigError: If the catalogue is ready, or a language model groups the tools.
    """
    if own.identity and (isinstance(source, ReadySource) or model is not None):
        kind = (
            "a catalogue whose tools are grouped already" if model is None else "--llm, which groups the tools itself"
        )
        raise ConfigError(f"--functionalities and --groups have no effect with {kind}. Remove them.")


def _check_dials(config: BuildConfig, *, by_facts: bool) -> None:
    """Refuse settings that the catalogue does not use, before it is read.

    Raises:
        ConfigError: If a section of the other kind of catalogue has been changed.
    """
    unused: tuple[str, ...]
    if by_facts:
        unused, kind = ("preferences", "histories"), "a catalogue of services, whose users choose by facts"
        used = "choices"
    else:
        unused, kind = ("choices", "arguments"), "a catalogue of tools with attributes"
        used = "preferences] and [histories"
    for name in unused:
        changed = sorted(getattr(config, name).model_dump(exclude_defaults=True))
        if changed:
            raise ConfigError(
                f"[{name}] {', '.join(changed)} has no effect on {kind}. Use the settings of [{used}] instead."
            )


def _finish(folders: Folders, manifest: Manifest, checkpoint: Checkpoint) -> Manifest:
    """Write the pages of the data set and, last of all files, its manifest."""
    (folders.private / "README.md").write_text(ANSWERS_README, encoding="utf-8")
    manifest = replace(manifest, files=checkpoint.hashes(folders.public))
    write_pages(folders.public, manifest)
    manifest = replace(
        manifest,
        files=checkpoint.hashes(folders.public, manifest.files),
        private_files=checkpoint.hashes(folders.private),
    )
    (folders.public / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _audit(
    folders: Folders,
    manifest: Manifest,
    encoder: SentenceEncoder,
    progress: Progress,
    checkpoint: Checkpoint,
    workers: int,
) -> AuditSummary:
    """Audit the written data set and store the report next to it.

    Raises:
        AuditError: If a gate or a check fails.
    """
    result = audit(folders.public, folders.private, manifest, encoder, progress, workers=workers)
    if result.failed:
        checkpoint.end()  # a resumed build would fail in the same way
        raise AuditError(
            f"The data set fails its audit and was not written. {len(result.failed)} gates or checks do not hold: "
            f"{'; '.join(result.failed)}. Change the config, or build with --no-audit to look at the data."
        )
    write_audit_report(result, folders.public)
    return result.summary


def _write_splits(
    job: PartitionJob,
    checkpoint: Checkpoint,
    encoder: SentenceEncoder,
    funnel: Funnel,
    progress: Progress,
    executor: Executor,
) -> tuple[dict[str, dict[str, int]], float, list[str]]:
    """Write all splits.

    Returns:
        Number of rows by config and split, the share of rows that noise makes unanswerable, and warnings about splits
        with few rows.
    """
    partitions = partitions_of(job.config.users)
    by_split = {split: [item for item in partitions if item.split == split] for split in SPLITS}
    job = replace(job, shards=_distribute(job, by_split, checkpoint, progress))
    results = _write_partitions(job, partitions, by_split, checkpoint, encoder, funnel, progress, executor)
    warnings: list[str] = []
    rows: dict[str, dict[str, int]] = {name: {} for name in (*HISTORY_TYPES, TOOLS, *TRAINING)}
    for split, of_split in by_split.items():
        written = [results[partition] for partition in of_split]
        of_results = _merged(written)
        funnel.merge(of_results)
        users = sum(result.users for result in written)
        funnel.drop("user", f"{split}_exhausted", job.config.users.by_split()[split] - users)
        funnel.count(f"users_{split}", users)
        warnings += short_split(split, users, job.config, of_results, by_facts=bool(job.grouped.jobs))
        for name in written[0].rows:
            rows[name][split] = sum(result.rows[name] for result in written)
        rows[TOOLS][split] = _write_tools(job, split)
    # In the order of the partitions, so that the floating-point sum does not depend on which finished first.
    ordered = [results[partition] for partition in partitions]
    return rows, sum(result.loss for result in ordered) / sum(result.judged for result in ordered), warnings


def _write_partitions(
    job: PartitionJob,
    partitions: Sequence[Partition],
    by_split: Mapping[str, Sequence[Partition]],
    checkpoint: Checkpoint,
    encoder: SentenceEncoder,
    funnel: Funnel,
    progress: Progress,
    executor: Executor,
) -> dict[Partition, PartitionResult]:
    """Write the partitions that the checkpoint does not hold.

    Raises:
        BuildError: If a split gets no user at all.
    """
    results = checkpoint.completed_partitions(partitions)
    missing = [partition for partition in partitions if partition not in results]
    for partition, result in executor.make(job, missing, encoder, _from_checkpoint(progress, results)):
        results[partition] = result
        of_split = by_split[partition.split]
        if partition.users and all(other in results and not results[other].users for other in of_split):
            checkpoint.end()  # a resumed build would fail in the same way
            groups = job.grouped.of_split(partition.split).groups
            of_results = _merged(results[other] for other in of_split)
            error = no_users_error(partition.split, groups, job.config, of_results, by_facts=bool(job.grouped.jobs))
            funnel.merge(results[partition].funnel)
            error.funnel = funnel.as_dict()
            raise error
    return results


def _distribute(
    job: PartitionJob, by_split: Mapping[str, Sequence[Partition]], checkpoint: Checkpoint, progress: Progress
) -> dict[str, Path]:
    """Distribute the final instructions of each split that has several partitions; returns their folders by split.

    Users who choose by facts need none: a hash of their final instructions decides the partition.
    """
    shards: dict[str, Path] = {}
    if job.grouped.jobs:
        return shards
    for split, partitions in by_split.items():
        if len(partitions) == 1:
            continue
        progress(f"writing final instructions of {split}", 0, 0)
        with checkpoint.sharding(split) as folder:
            if folder:
                distribute(job.grouped.of_split(split), job.config, partitions, folder)
        shards[split] = checkpoint.shards(split)
    return shards


def _from_checkpoint(progress: Progress, results: Mapping[Partition, PartitionResult]) -> Progress:
    """Wrap a progress callback so that it counts the users of partitions that a checkpoint holds."""
    done_before = Counter[str]()
    for partition, result in results.items():
        done_before[f"writing {partition.split}"] += result.users
    return lambda stage, done, total: progress(stage, done + done_before[stage], total + done_before[stage])


def _merged(results: Iterable[PartitionResult]) -> Funnel:
    """Return the counters of several partitions."""
    funnel = Funnel()
    for result in results:
        funnel.merge(result.funnel)
    return funnel


def _write_tools(job: PartitionJob, split: str) -> int:
    """Write the catalogue of a split; returns the number of its tools."""
    known = sorted(job.grouped.of_split(split).tools, key=lambda tool: tool.name)
    if job.config.users.only_their_tools:
        shown = shown_tools(job.folders.public, split)
        known = [tool for tool in known if tool.name in shown]
    tools = [tool_row(tool) for tool in known]
    if split == "test":
        write_tools(job.folders.private / answers_file(TOOLS), tools)
        tools = list(map(public_tool, tools))
    return write_tools(job.folders.public / split_file(TOOLS, split), tools)
