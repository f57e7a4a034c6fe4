"""The build: strings the stages together and writes what comes out. No stage knows another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hf_dataset.card import card_text
from hf_dataset.layout import MANIFEST, TOOLS, answers_file, split_file
from hf_dataset.schema import HISTORY_TYPES, AnswerKey, AttributeRow, Instance, ToolRow

from .audit.page import write_report
from .audit.run import audit
from .catalogue.builtin import marketplace
from .catalogue.quality import LanguageJudge, keep_good_tools
from .catalogue.sources import BuiltinSource, Source
from .config import BuildConfig
from .embedding import SentenceEncoder
from .errors import AuditError, BuildError
from .export import ANSWERS_README, TableWriter, answer_key, public_row, write_tools
from .funnel import Funnel
from .groups.recognition import Recogniser
from .groups.stage import group_catalogue
from .instances import InstanceMaker, RowMaker, answerable_groups, to_json
from .library import entries
from .manifest import build_id, build_manifest, file_hashes, to_text
from .output import Folders, written_aside
from .progress import Progress
from .randomness import generator_for
from .records import Group, Tool
from .splits import split_groups, split_tools
from .understanding import understand


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the stages before the users come to."""

    tools: Sequence[Tool]
    """All tools, each with its split."""
    groups: Sequence[Group]
    look_alikes: Mapping[str, frozenset[str]]
    """Names of tools that may do a functionality's job although they are not in its group."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did."""

    manifest: Mapping[str, Any]
    groups: Sequence[Group]


def build(source: Source, config: BuildConfig, out: Path, progress: Progress, *, audited: bool = True) -> Report:
    """Build a data set from a catalogue.

    Args:
        source: The catalogue.
        config: What to build.
        out: Folder of the data set; its answers go to the folder beside it.
        progress: Called as the work goes on.
        audited: Whether the data set is audited, and refused where it fails; if not, the manifest and the card say so.

    Raises:
        OutputError: If the folder is taken.
        CatalogueError: If the catalogue cannot be read.
        BuildError: If the catalogue cannot carry what was asked for.
        AuditError: If the data set can be answered otherwise than from its histories.
        MissingExtraError: If a library of the extra `builder` is missing.
    """
    with written_aside(out) as folders:
        encoder, funnel = SentenceEncoder(), Funnel()
        catalogue = _prepare(source, config, encoder, funnel, progress)
        identity = source.identity
        prefix = build_id(identity, config)
        rows, loss = _write_rows(folders, catalogue, config, prefix, encoder, funnel, progress)
        manifest = build_manifest(
            catalog=identity, config=config, tokenizer=encoder.name, funnel=funnel, rows=rows, expected_loss=loss
        )
        manifest["audit"] = _audit(folders, manifest, encoder, progress) if audited else None
        (folders.private / "README.md").write_text(ANSWERS_README, encoding="utf-8")
        (folders.public / "README.md").write_text(card_text(manifest), encoding="utf-8")
        manifest["files"] = file_hashes(folders.public)
        manifest["private_files"] = file_hashes(folders.private)
        (folders.public / MANIFEST).write_text(to_text(manifest), encoding="utf-8")
    return Report(manifest, catalogue.groups)


def _audit(
    folders: Folders, manifest: Mapping[str, Any], encoder: SentenceEncoder, progress: Progress
) -> dict[str, int]:
    """Audit what was written and put the report beside it; numbers of gates and checks that hold.

    Raises:
        AuditError: If one does not.
    """
    found = audit(folders.public, folders.private, manifest, encoder, progress)
    if found.failed:
        raise AuditError(
            f"The data set is refused, nothing was written. {len(found.failed)} gates do not hold: "
            f"{'; '.join(found.failed)}. Change the config, or build with --no-audit to look at it."
        )
    write_report(found, folders.public)
    return {
        "gates": sum(len(item.gates) for item in found.configs),
        "checks": sum(check.required for item in found.configs for check in item.checks),
    }


def _prepare(
    source: Source, config: BuildConfig, encoder: SentenceEncoder, funnel: Funnel, progress: Progress
) -> Catalogue:
    """Read, understand, group and split a catalogue; the arguments are those of `build`."""
    catalogue = _read(source, config, encoder, funnel, progress)
    funnel.count("groups_kept", len(catalogue.groups))
    funnel.count("categories_kept", len({group.category for group in catalogue.groups}))
    funnel.count("tools_grouped", sum(len(group.members) for group in catalogue.groups))
    return catalogue


def _read(
    source: Source, config: BuildConfig, encoder: SentenceEncoder, funnel: Funnel, progress: Progress
) -> Catalogue:
    progress("reading the catalogue", 0, 0)
    if isinstance(source, BuiltinSource):
        groups = list(marketplace())
        tools = [member.tool for group in groups for member in group.members]
        funnel.count("tools_read", len(tools))
        funnel.count("tools_kept", len(tools))
        return Catalogue(tools, answerable_groups(groups, config, funnel), {})
    tools = list(understand(keep_good_tools(source.read(), LanguageJudge(), funnel)))
    if not tools:
        raise BuildError("No tool of the catalogue passed the quality filter; there is nothing to build from.")
    progress("grouping tools by functionality", 0, 0)
    recogniser = Recogniser(tools, entries(), encoder)
    found = answerable_groups(list(group_catalogue(recogniser, config.groups, funnel)), config, funnel)
    rng = generator_for((config.seed,), "splits")
    groups = split_groups(found, rng, funnel)
    return Catalogue(
        split_tools(tools, groups, config.users, rng),
        groups,
        recogniser.look_alikes(config.groups.look_alike),
    )


def _write_rows(
    folders: Folders,
    catalogue: Catalogue,
    config: BuildConfig,
    prefix: str,
    encoder: SentenceEncoder,
    funnel: Funnel,
    progress: Progress,
) -> tuple[dict[str, dict[str, int]], float]:
    """Write all splits; the number of rows by config and split, and the share that noise makes unanswerable."""
    losses: list[float] = []
    maker = RowMaker(encoder.count_tokens, config.candidates.distractors)
    rows: dict[str, dict[str, int]] = {name: {} for name in (*HISTORY_TYPES, TOOLS)}
    for split, wanted in config.users.by_split().items():
        tools = [tool for tool in catalogue.tools if tool.split == split]
        groups = [group for group in catalogue.groups if group.split == split]
        instances = InstanceMaker(
            split,
            groups,
            tools,
            lambda name: catalogue.look_alikes.get(name, frozenset()),
            config,
            encoder,
            funnel,
        )
        writers = {name: TableWriter(folders.public / split_file(name, split), Instance) for name in HISTORY_TYPES}
        answers = (
            {name: TableWriter(folders.private / answers_file(name), AnswerKey) for name in HISTORY_TYPES}
            if split == "test"
            else {}
        )
        made = 0
        for user in instances.users(wanted):
            for name in HISTORY_TYPES:
                row = maker.row(user, name, f"{name}-{prefix}-{user.user_id}")
                writers[name].add(public_row(row) if answers else row)
                if answers:
                    answers[name].add(answer_key(row))
            made += 1
            progress(f"writing {split}", made, wanted)
        if not made:
            raise BuildError(f"No user of {split!r} could be made: the catalogue is too small. See the funnel's drops.")
        if made < wanted:
            funnel.drop("user", f"{split}_exhausted", wanted - made)
        funnel.count(f"users_{split}", made)
        losses += instances.losses
        for writer in (*writers.values(), *answers.values()):
            writer.close()
        for name, table in writers.items():
            rows[name][split] = table.count
        rows[TOOLS][split] = write_tools(folders.public / split_file(TOOLS, split), _tool_rows(tools))
    return rows, sum(losses) / len(losses)


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
