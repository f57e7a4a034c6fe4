"""The build: strings the stages together and writes what comes out. No stage knows another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hf_dataset.card import write_pages
from hf_dataset.layout import MANIFEST, SPLITS, TOOLS, TRAINING, answers_file, split_file
from hf_dataset.prompting import prompt_version
from hf_dataset.schema import HISTORY_TYPES, AttributeRow, ToolRow

from .audit.audit_report import write_report
from .audit.run_audit import audit
from .catalogue.quality import LanguageJudge, keep_good_tools
from .catalogue.raw_tools import CatalogueSource
from .catalogue.sources import BuiltinSource, Source
from .catalogue.understanding import understand
from .config import BuildConfig
from .embedding import SentenceEncoder
from .errors import AuditError, BuildError
from .execution.checkpoint import Checkpoint, PartitionResult, key_of
from .execution.executors import LOCAL, Executor
from .execution.instruction_pool import distribute
from .execution.partition_writer import PartitionJob
from .execution.partitions import Partition, partitions_of
from .execution.staging import Folders, check_free, written_aside
from .export import ANSWERS_README, public_tool, write_tools
from .funnel import Funnel
from .grouping.feasibility import answerable_groups
from .grouping.functionalities import entries
from .grouping.group_tools import group_catalogue
from .grouping.grouped_catalogue import GroupedCatalogue
from .grouping.recognition import Recogniser
from .grouping.splits import split_groups, split_tools
from .llm.analysis import ModelAnalyst
from .llm.session import ModelSession
from .manifest import build_id, build_manifest, to_text
from .progress import Progress
from .randomness import generator_for
from .records import Group, Tool
from .users.candidates import distractor_pool
from .users.instances import to_json
from .world.marketplace import marketplace


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did."""

    manifest: Mapping[str, Any]
    groups: Sequence[Group]


def build(
    source: Source,
    config: BuildConfig,
    out: Path,
    progress: Progress,
    *,
    audited: bool = True,
    model: ModelSession | None = None,
    executor: Executor = LOCAL,
) -> BuildResult:
    """Build a data set from a catalogue.

    Args:
        source: The catalogue.
        config: What to build.
        out: Folder of the data set; its answers go to the folder beside it.
        progress: Called as the work goes on.
        audited: Whether the data set is audited, and refused where it fails; if not, the manifest and the card say so.
        model: The language model that understands the tools and writes the instructions; None for the offline analyser.
        executor: Who makes the users. What is built does not depend on it.

    Raises:
        OutputError: If the folder is taken.
        CatalogueError: If the catalogue cannot be read.
        ConfigError: If those who are to make the users cannot be reached.
        BuildError: If the catalogue cannot carry what was asked for, or workers die again and again.
        AuditError: If the data set can be answered otherwise than from its histories.
        MissingExtraError: If a library of the extra `builder` is missing.
        LlmError: If the model cannot be asked; what it answered so far is kept in the cache.
    """
    check_free(out)
    encoder, funnel = SentenceEncoder(), Funnel()
    catalogue = _prepare(source, config, encoder, funnel, progress, model)
    identity = source.identity
    key = key_of(identity, config, catalogue)
    with written_aside(out, key) as folders:
        job = PartitionJob(folders, catalogue, config, build_id(identity, config), key, {})
        checkpoint = Checkpoint(folders, key)
        rows, loss = _write_rows(job, checkpoint, encoder, funnel, progress, executor)
        manifest = build_manifest(
            catalog=identity, config=config, tokenizer=encoder.name, funnel=funnel, rows=rows, expected_loss=loss
        )
        manifest["llm"] = model.as_dict() if model else None
        manifest["prompt_version"] = prompt_version()
        try:
            manifest["audit"] = _audit(folders, manifest, encoder, progress) if audited else None
        except AuditError:
            checkpoint.end()  # it would be the same again
            raise
        (folders.private / "README.md").write_text(ANSWERS_README, encoding="utf-8")
        manifest["files"] = checkpoint.hashes(folders.public)
        write_pages(folders.public, manifest)
        manifest["files"] = checkpoint.hashes(folders.public, manifest["files"])
        manifest["private_files"] = checkpoint.hashes(folders.private)
        (folders.public / MANIFEST).write_text(to_text(manifest), encoding="utf-8")
        # Not before the last file is written, and its name is free: whatever fails until then is gone on with.
        check_free(out)
        checkpoint.end()
    return BuildResult(manifest, catalogue.groups)


def _audit(
    folders: Folders, manifest: Mapping[str, Any], encoder: SentenceEncoder, progress: Progress
) -> dict[str, int]:
    """Audit what was written and put the report beside it; what the manifest tells of it.

    Raises:
        AuditError: If a gate or a check does not hold.
    """
    found = audit(folders.public, folders.private, manifest, encoder, progress)
    if found.failed:
        raise AuditError(
            f"The data set is refused, nothing was written. {len(found.failed)} gates do not hold: "
            f"{'; '.join(found.failed)}. Change the config, or build with --no-audit to look at it."
        )
    write_report(found, folders.public)
    return found.summary


def _prepare(
    source: Source,
    config: BuildConfig,
    encoder: SentenceEncoder,
    funnel: Funnel,
    progress: Progress,
    model: ModelSession | None,
) -> GroupedCatalogue:
    """Read, understand, group and split a catalogue; the arguments are those of `build`."""
    if isinstance(source, BuiltinSource):
        catalogue = _marketplace(config, funnel, progress)
    else:
        tools = read_tools(source, funnel, progress)
        progress("grouping tools by functionality", 0, 0)
        if model:
            catalogue = _by_model(tools, config, encoder, funnel, model)
        else:
            catalogue = _offline(tools, config, encoder, funnel)
    funnel.count("groups_kept", len(catalogue.groups))
    funnel.count("categories_kept", len({group.category for group in catalogue.groups}))
    funnel.count("tools_grouped", sum(len(group.members) for group in catalogue.groups))
    return catalogue


def _marketplace(config: BuildConfig, funnel: Funnel, progress: Progress) -> GroupedCatalogue:
    progress("reading the catalogue", 0, 0)
    groups = list(marketplace())
    tools = [member.tool for group in groups for member in group.members]
    funnel.count("tools_read", len(tools))
    funnel.count("tools_kept", len(tools))
    return GroupedCatalogue(tools, answerable_groups(groups, config, funnel))


def read_tools(source: CatalogueSource, funnel: Funnel, progress: Progress) -> list[Tool]:
    """The good tools of a catalogue, with the attributes that were measured.

    Raises:
        CatalogueError: If the catalogue cannot be read.
        BuildError: If it holds no good tool.
    """
    progress("reading the catalogue", 0, 0)
    tools = list(understand(keep_good_tools(source.read(), LanguageJudge(), funnel)))
    for reason, number in sorted(source.skipped.items()):
        funnel.drop("source", reason, number)
    if not tools:
        raise BuildError(
            "No tool of the catalogue passed the quality filter; there is nothing to build from. Why tools were "
            f"dropped: {funnel.commonest('tool')}. Mend the documentation, or name another catalogue."
        )
    return tools


def _offline(tools: Sequence[Tool], config: BuildConfig, encoder: SentenceEncoder, funnel: Funnel) -> GroupedCatalogue:
    """Recognise what tools do by the library of functionalities."""
    recogniser = Recogniser(entries(), encoder)
    found = answerable_groups(list(group_catalogue(tools, recogniser, config.groups, funnel)), config, funnel)
    groups, tools = _split(found, tools, config, funnel)
    return GroupedCatalogue(tools, groups, recogniser.look_alikes(_pool(tools), config.groups.look_alike))


def _by_model(
    tools: Sequence[Tool], config: BuildConfig, encoder: SentenceEncoder, funnel: Funnel, model: ModelSession
) -> GroupedCatalogue:
    """Let a language model say what tools do, and write what people ask of them."""
    analyst = ModelAnalyst(model.engine, config, encoder, funnel)
    tools, does = analyst.understand(tools)
    found = answerable_groups(analyst.group(tools, does), config, funnel)
    groups, tools = _split(found, tools, config, funnel)
    return GroupedCatalogue(tools, groups, analyst.look_alikes(_pool(tools), groups, does), analyst.write(groups).write)


def _pool(tools: Sequence[Tool]) -> list[Tool]:
    """The tools of all splits that distractors are drawn from."""
    return [one for split in SPLITS for one in distractor_pool(tool for tool in tools if tool.split == split)]


def _split(
    found: Sequence[Group], tools: Sequence[Tool], config: BuildConfig, funnel: Funnel
) -> tuple[list[Group], list[Tool]]:
    rng = generator_for((config.seed,), "splits")
    groups = split_groups(found, rng, funnel)
    return groups, split_tools(tools, groups, config.users, rng)


def _write_rows(
    job: PartitionJob,
    checkpoint: Checkpoint,
    encoder: SentenceEncoder,
    funnel: Funnel,
    progress: Progress,
    executor: Executor,
) -> tuple[dict[str, dict[str, int]], float]:
    """Write all splits; the number of rows by config and split, and the share that noise makes unanswerable."""
    config = job.config
    partitions = partitions_of(config.users)
    by_split = {split: [one for one in partitions if one.split == split] for split in SPLITS}
    job = replace(job, shards=_distribute(job, by_split, checkpoint, progress))
    made = checkpoint.completed_partitions(partitions)
    left = [one for one in partitions if one not in made]
    for partition, one in executor.make(job, left, encoder, _counting(progress, made)):
        made[partition] = one
        own = by_split[partition.split]
        if all(other in made and not made[other].users for other in own):
            checkpoint.end()  # it would be the same again
            raise _no_users(partition.split, job, [made[other] for other in own])
    rows: dict[str, dict[str, int]] = {name: {} for name in (*HISTORY_TYPES, TOOLS, *TRAINING)}
    for split, own in by_split.items():
        users = 0
        for partition in own:
            funnel.merge(made[partition].funnel)
            users += made[partition].users
        funnel.drop("user", f"{split}_exhausted", config.users.by_split()[split] - users)
        funnel.count(f"users_{split}", users)
        for name in made[own[0]].rows:
            rows[name][split] = sum(made[partition].rows[name] for partition in own)
        rows[TOOLS][split] = _write_tools(job, split)
    # In the order of the partitions, so that the sum is the same to the last digit whoever was done first.
    done = [made[partition] for partition in partitions]
    return rows, sum(one.loss for one in done) / sum(one.judged for one in done)


def _distribute(
    job: PartitionJob, by_split: Mapping[str, Sequence[Partition]], checkpoint: Checkpoint, progress: Progress
) -> dict[str, Path]:
    """Deal the final instructions of the splits of several partitions; where they lie, by split."""
    shards = {}
    for split, own in by_split.items():
        if len(own) == 1:
            continue
        progress(f"writing final instructions of {split}", 0, 0)
        with checkpoint.sharding(split) as folder:
            if folder:
                distribute(job.grouped.of_split(split), job.config, own, folder)
        shards[split] = checkpoint.shards(split)
    return shards


def _counting(progress: Progress, made: Mapping[Partition, PartitionResult]) -> Progress:
    """The same, with the users of the partitions that were made before."""
    before = Counter[str]()
    for partition, one in made.items():
        before[f"writing {partition.split}"] += one.users
    return lambda stage, done, total: progress(stage, done + before[stage], total + before[stage])


def _no_users(split: str, job: PartitionJob, made: Sequence[PartitionResult]) -> BuildError:
    groups, funnel = job.grouped.of_split(split).groups, Funnel()
    for one in made:
        funnel.merge(one.funnel)
    return BuildError(
        f"No user of {split!r} could be made from its {len(groups)} groups. Query groups given up, by "
        f"reason: {dict(funnel.drops.get('query_group', {}))}. Use a larger catalogue, or ask for less "
        "evidence ([histories] evidence_per_axis, max_length) or fewer candidates ([candidates] count)."
    )


def _write_tools(job: PartitionJob, split: str) -> int:
    """Write the catalogue of a split; the number of its tools."""
    tools = list(_tool_rows(job.grouped.of_split(split).tools))
    if split == "test":
        write_tools(job.folders.private / answers_file(TOOLS), tools)
        tools = list(map(public_tool, tools))
    return write_tools(job.folders.public / split_file(TOOLS, split), tools)


def _tool_rows(tools: Sequence[Tool]) -> Iterator[ToolRow]:
    for tool in sorted(tools, key=lambda tool: tool.name):
        yield ToolRow(
            name=tool.name,
            provider=tool.provider,
            category=tool.category,
            functionality=tool.functionality,
            description=tool.description,
            parameters=to_json(tool.parameters),
            attributes=[AttributeRow(item.axis, item.value, item.evidence) for item in tool.attributes],
        )
