"""Listing packs: what a good pack changes, and how each kind of bad pack is refused."""

from __future__ import annotations

import os
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from builder.errors import ConfigError
from builder.grouping.functionalities import data_table
from builder.world.axes import AXES, Value
from builder.world.listings import Layout, layouts
from builder.world.pack_checks import check_pack, example_listings, layout_problems, pack_summary
from builder.world.pack_copies import MAX_SHARED, copies, masked_lines
from builder.world.pack_samples import TODAY
from builder.world.packs import MAX_BYTES, MAX_FILES, Pack, read_pack, split_layouts
from builder.world.providers import service_providers
from builder.world.services import service_jobs
from hf_dataset.layout import SPLITS

EXAMPLE: Final = Path(__file__).parents[2] / "fixtures" / "listing_pack"
NAMES: Final = ("env_file", "service_descriptor", "support_mail", "vendor_questionnaire")
ENDINGS: Final = ("or", "ek", "um", "al", "ix", "an", "is", "eth")
PROVIDERS: Final = [f"{start}{end}" for start in ("Tolb", "Quarn", "Jespl", "Vund", "Obriw") for end in ENDINGS]


def provider(name: str, **changes: str) -> str:
    """Return the TOML of a provider."""
    keys = {"name": name, "slug": name.lower(), "naming": "camel", "parameters": "short"} | changes
    return "\n".join(["[[provider]]", *(f'{key} = "{value}"' for key, value in keys.items())])


def settings(*tables: str) -> str:
    return "\n\n".join(tables) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example pack, without its settings."""
    copy = tmp_path / "pack"
    shutil.copytree(EXAMPLE, copy)
    (copy / "pack.toml").unlink()
    return copy


@pytest.fixture(scope="module")
def pack() -> Pack:
    return read_pack(EXAMPLE)


@pytest.fixture(scope="module")
def source() -> str:
    return (EXAMPLE / "layouts" / "vendor_questionnaire.j2").read_text(encoding="utf-8")


def refused(folder: Path) -> str:
    """Return the message with which a pack is refused; the check must give the same problem."""
    with pytest.raises(ConfigError) as caught:
        read_pack(folder)
    problems = check_pack(folder)
    assert problems[0] in str(caught.value)
    assert all(problem.endswith(".") for problem in problems)
    return problems[0]


# A good pack.


def test_the_example_passes_and_is_summed_up(pack: Pack) -> None:
    assert check_pack(EXAMPLE) == []
    assert [layout.name for layout in pack.layouts] == list(NAMES)
    assert pack.providers == ()
    assert dict(pack.ranges) == {"price": (0.25, 20.0), "latency": (100.0, 5000.0), "coverage": (20.0, 230.0)}
    summary = pack_summary(pack)
    assert "4 layouts, the repository's providers, ranges of coverage, latency, price" in summary
    assert re.search(r"\nQueries can ask for \d+ of 130 jobs: .* At least 91 are needed\. ", summary)
    assert pack.sha256 in summary
    examples = example_listings(pack)
    assert list(examples) == list(NAMES)
    assert examples == example_listings(read_pack(EXAMPLE))
    for layout in pack.layouts:
        texts = examples[layout.name]
        assert len(texts) == 4
        assert all(len(text.splitlines()) >= len(AXES) for text in texts)
        for name, axis in AXES.items():
            values: list[Value] = [*axis.levels, *([0.0] if name in ("price", "retention") else [])]
            for value in values:
                heading = {"# .env.example", "<service>", "</service>", "Hello, and thanks for your questions!"}
                own = set(layout.render({name: value}, TODAY).splitlines()) - heading
                assert any(own <= {*text.splitlines()} for text in texts), (layout.name, name, value)


def test_settings_may_be_absent(folder: Path) -> None:
    assert not read_pack(folder).ranges


@pytest.mark.parametrize("split", SPLITS)
def test_layouts_of_the_repository_pass_the_checks_of_a_layout(split: str) -> None:
    for layout in layouts(split):
        assert layout_problems(layout) == []


def test_the_hash_tells_contents_and_not_the_path(folder: Path, tmp_path: Path, pack: Pack) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("hidden")
    first = read_pack(folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    same = read_pack(tmp_path / "elsewhere")
    assert same == first
    assert hash(same) == hash(first)
    assert same.seed == first.seed
    assert first != pack
    (folder / "layouts" / "env_file.j2").rename(folder / "layouts" / "dotenv.j2")
    renamed = read_pack(folder)
    (folder / "README.md").write_text("Notes")
    assert len({pack.sha256, first.sha256, renamed.sha256, read_pack(folder).sha256}) == 4
    assert len({pack.seed, first.seed, renamed.seed}) == 3


def test_the_seed_does_not_follow_from_the_published_hash(pack: Pack) -> None:
    assert len(pack.sha256) == 64
    assert len(pack.seed) == 8
    assert all(f"{number:08x}" not in pack.sha256 for number in pack.seed)
    assert "seed" not in repr(pack)


def test_a_pack_can_be_sent_to_another_process(pack: Pack) -> None:
    copy = pickle.loads(pickle.dumps(pack))  # noqa: S301
    assert copy == pack
    assert (copy.providers, copy.ranges, copy.seed) == (pack.providers, pack.ranges, pack.seed)
    assert example_listings(copy) == example_listings(pack)


# What a pack changes.


def test_only_the_test_split_changes(pack: Pack) -> None:
    for split in ("train", "validation"):
        assert service_jobs(split, pack) is service_jobs(split)
        assert service_providers(split, pack) is service_providers(split)
        assert split_layouts(split, pack) is layouts(split)
    assert split_layouts("test", pack) == pack.layouts
    assert split_layouts("test") is layouts("test")
    assert {item.layout for item in service_providers("test", pack)} == set(NAMES)
    assert {item.layout for item in service_providers("test")} == {layout.name for layout in layouts("test")}


def test_jobs_are_kept_and_drawn_the_same_each_time(pack: Pack) -> None:
    jobs = service_jobs("test", pack)
    assert service_jobs("test", read_pack(EXAMPLE)) is jobs
    assert repr(service_jobs.__globals__["_service_jobs"].__wrapped__("test", pack)) == repr(jobs)


def test_facts_differ_from_those_that_the_repository_gives_away(pack: Pack) -> None:
    usual = {item.name: item.facts for item in service_providers("test")}
    own = {item.name: item.facts for item in service_providers("test", pack)}
    assert own.keys() == usual.keys()
    assert sum(own[name] == usual[name] for name in own) < 0.1 * len(own)


def test_numbers_are_within_the_ranges(folder: Path) -> None:
    ranges = {"price": (0.25, 20), "latency": (60, 2000), "coverage": (20, 230), "retention": (1, 30)}
    (folder / "pack.toml").write_text(
        settings("[ranges]\n" + "\n".join(f"{name} = [{low}, {high}]" for name, (low, high) in ranges.items()))
    )
    pack = read_pack(folder)
    table = data_table("world/data/functionality_axes.toml")
    seen = set()
    for job in service_jobs("test", pack):
        for service in job.services:
            for name in {*ranges} & {*job.axes}:
                value, (low, high) = float(service.facts[name]), ranges[name]
                if name == "coverage":
                    own_low, own_high = table[job.functionality.name][name]
                    assert own_low <= value <= own_high
                    if own_high > 4 * low:
                        assert low <= value, job.functionality.name
                else:
                    assert low <= value <= high or (name == "price" and value == 0)
                seen.add(name)
    assert seen == set(ranges)


def test_providers_of_the_pack_replace_those_of_the_repository(folder: Path) -> None:
    (folder / "pack.toml").write_text(settings(*map(provider, PROVIDERS)))
    pack = read_pack(folder)
    assert [item["name"] for item in pack.providers] == PROVIDERS
    assert "40 providers" in pack_summary(pack)
    providers = service_providers("test", pack)
    assert sorted(item.name for item in providers) == sorted(PROVIDERS)
    assert {(item.split, item.naming, item.parameters) for item in providers} == {("test", "camel", "short")}
    names = [service.name for job in service_jobs("test", pack) for service in job.services]
    assert len(set(names)) == len(names)
    assert {name.partition("__")[0] for name in names} == {name.lower() for name in PROVIDERS}


# Files.


def test_a_pack_is_a_folder(tmp_path: Path) -> None:
    assert "not a folder" in refused(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    assert "layouts/: 0 layouts" in refused(tmp_path / "empty")


def test_four_layouts_are_needed(folder: Path) -> None:
    (folder / "layouts" / "env_file.j2").unlink()
    assert "3 layouts (files layouts/NAME.j2), but at least 4 needed" in refused(folder)


@pytest.mark.parametrize("name", ["notes.txt", "layouts/Mixed.j2", "layouts/deep/x.j2", "layouts/x.jinja", "x.j2"])
def test_other_files_are_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    assert refused(folder).startswith(f"{name}: not a file of a pack; allowed: pack.toml, layouts/NAME.j2")


def test_links_that_lead_out_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.j2").write_text("secret")
    (folder / "layouts" / "linked.j2").symlink_to(tmp_path / "outside.j2")
    assert refused(folder).startswith("layouts/linked.j2: a link that leads out of the pack")


def test_links_within_the_pack_are_read_once_they_are_files(folder: Path) -> None:
    (folder / ".drafts").mkdir()
    shutil.move(folder / "layouts" / "env_file.j2", folder / ".drafts" / "x")
    (folder / "layouts" / "env_file.j2").symlink_to(folder / ".drafts" / "x")
    assert [layout.name for layout in read_pack(folder).layouts] == list(NAMES)


@pytest.mark.parametrize("kind", ["folder", "missing", "itself", "fifo"])
def test_what_is_no_file_is_refused(folder: Path, kind: str) -> None:
    path = folder / "layouts" / "odd.j2"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to({"folder": folder / "layouts", "missing": folder / "none", "itself": path}[kind])
    assert refused(folder).startswith("layouts/odd.j2: not a regular file")


def test_large_files_are_refused(folder: Path) -> None:
    (folder / "layouts" / "env_file.j2").write_bytes(b"x" * (MAX_BYTES + 1))
    assert "layouts/env_file.j2: 262,145 bytes; a file has 262,144 at most" in refused(folder)


def test_many_files_are_refused(folder: Path) -> None:
    for number in range(MAX_FILES):
        (folder / "layouts" / f"more_{number}.j2").write_text("x")
    assert "more than 200 files" in refused(folder)


def test_a_folder_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(_: Path) -> bytes:
        raise PermissionError("denied")

    monkeypatch.setattr(Path, "read_bytes", deny)
    assert "cannot be read: denied" in refused(folder)


def test_files_are_utf_8(folder: Path) -> None:
    (folder / "layouts" / "env_file.j2").write_bytes(b"fine\n\xff")
    assert refused(folder) == "layouts/env_file.j2, line 2: not UTF-8; save it as UTF-8."


def test_a_layout_of_the_repository_keeps_its_name(folder: Path) -> None:
    (folder / "layouts" / "faq.j2").write_text("x")
    assert "layouts/faq.j2: the repository has a layout 'faq'" in refused(folder)


# Templates.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{% if facts.price %}", "not a valid template: Unexpected end of template"),
        ("{{ price | nonsense }}", "not a valid template: No filter named 'nonsense'"),
        ("{% include 'pack.toml' %}", "a layout is one file"),
        ("{% extends 'env_file' %}", "a layout is one file"),
        ("{{ [1, 2] | random }}", "random gives a different text each time"),
        ("{{ lipsum() }}", "lipsum gives a different text each time"),
        ("{% for i in range(9) %}{{ i }}{% endfor %}", "range is not allowed"),
        ("{{ 9 ** 9 ** 9 }}", "powers and repeated texts are not allowed"),
        ("{{ 'x' * 10000000000 }}", "powers and repeated texts are not allowed"),
    ],
)
def test_templates_that_are_refused(folder: Path, text: str, problem: str) -> None:
    (folder / "layouts" / "env_file.j2").write_text(f"# first line\n{text}\n")
    assert refused(folder).startswith(f"layouts/env_file.j2, line 2: {problem}")


def test_a_template_nested_too_deeply_is_refused(folder: Path) -> None:
    (folder / "layouts" / "env_file.j2").write_text("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}")
    assert "nested too deeply" in refused(folder)


def test_all_problems_are_counted(folder: Path) -> None:
    for name in NAMES[:3]:
        (folder / "layouts" / f"{name}.j2").write_text("{% if %}")
    with pytest.raises(ConfigError, match=r"cannot be used.*env_file.* 2 more: run petoolbench check-pack"):
        read_pack(folder)


# Settings.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[ranges", "pack.toml: not valid TOML: Expected ']' at the end of a table declaration (at "),
        (f"x = {'[' * 5000}", "pack.toml: not valid TOML"),
        ("\n[layout]\nx = 1", "pack.toml, line 2: unknown table 'layout'; allowed: [[provider]] and [ranges]."),
        ("ranges = 3", "pack.toml, line 1: ranges must be a table"),
        ("provider = 3", "pack.toml, line 1: provider must be a list of tables"),
        ("[ranges]\nregion = [1, 2]", "pack.toml, line 2: 'region' is not an axis with numbers; allowed: price, rate"),
        ("[ranges]\nprice = 3", "pack.toml, line 2: price must be [low, high] with 0.1 <= low < high <= 20 USD per"),
        ("[ranges]\nprice = [1]", "pack.toml, line 2: price must be"),
        ("[ranges]\nprice = [true, 20]", "pack.toml, line 2: price must be"),
        ("[ranges]\nprice = [20, 1]", "pack.toml, line 2: price must be"),
        ("[ranges]\nprice = [1, 40]", "pack.toml, line 2: price must be"),
        ("[ranges]\nprice = [nan, 20]", "pack.toml, line 2: price must be"),
        (
            "[ranges]\nprice = [0.31, 20]",
            "pack.toml, line 2: price: listings do not state 0.31 USD per 1,000 calls; the",
        ),
        (
            "[ranges]\n\nlatency = [500, 1000]",
            "pack.toml, line 3: latency spans 14% of the axis (40 to 5000 ms, on the",
        ),
    ],
)
def test_settings_that_are_refused(folder: Path, text: str, problem: str) -> None:
    (folder / "pack.toml").write_text(text)
    assert refused(folder).startswith(problem)


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        (provider("Gelmarsk", split="test"), "unknown key 'split'; allowed: name, slug, naming, parameters."),
        ('[[provider]]\nname = "Gelmarsk"', "slug is missing or not a text"),
        (provider("Gelmarsk", naming="kebab"), "naming is 'kebab'; allowed: verb_noun, camel, rest, noun, namespaced."),
        (provider("Gelmarsk", parameters="x"), "parameters is 'x'; allowed: snake, camel, short."),
        (provider("Gelmarsk", slug="G"), "the slug 'G' must have 3 to 20 characters"),
        (provider("Gelmarsk", slug="other"), "the slug 'other' must be the beginning of the name 'Gelmarsk'."),
        (provider("Gelmarsk of a Long Name Ltd", slug="gelmarsk"), "the name 'Gelmarsk of a Long Name Ltd' is longer"),
        (provider("TOLBOR"), "the name 'TOLBOR' or its slug is that of another provider, 'Tolbor'"),
        (provider("Tolbor Gmbh", slug="tolbor"), "the name 'Tolbor Gmbh' or its slug is that of another provider"),
        (provider("Zinc Willow", slug="zinc_willow"), "the name 'Zinc Willow' or its slug is that of the repository"),
    ],
)
def test_providers_that_are_refused(folder: Path, last: str, problem: str) -> None:
    (folder / "pack.toml").write_text(settings(*map(provider, PROVIDERS), last))
    assert refused(folder).startswith(f"pack.toml, line 241: provider 41: {problem}")


def test_few_providers_are_refused(folder: Path) -> None:
    (folder / "pack.toml").write_text(settings(*map(provider, PROVIDERS[:39])))
    assert "39 providers; give at least 40" in refused(folder)


def test_ranges_that_leave_too_few_trade_offs_are_found(folder: Path) -> None:
    for name in NAMES:
        (folder / "layouts" / f"{name}.j2").write_text("")  # only the ranges matter here
    ranges = {
        "price": "[1.3, 20]",
        "latency": "[40, 500]",
        "rate_limit": "[10, 180]",
        "uptime": "[98, 99.9]",
        "standing": "[6, 9.4]",
        "freshness": "[60, 21600]",
        "coverage": "[8, 45]",
    }
    (folder / "pack.toml").write_text("[ranges]\n" + "\n".join(f"{name} = {text}" for name, text in ranges.items()))
    problem = check_pack(folder)[-1]
    assert (
        "of 130 jobs each of 4 tools is the best for some users; at least 91 (70%) needed. Widen the ranges." in problem
    )


# Layouts.


def without_axis(source: str) -> str:
    return source.replace("2.3 Turnaround", "{# 2.3 Turnaround").replace("ms\n", "ms #}\n")


def always_labelled(source: str) -> str:
    return source.replace("{% if facts.latency %}\n", "2.3 Turnaround:\n{% if facts.latency %}\n")


def said_to_be_missing(source: str) -> str:
    return source.replace(
        "{% if facts.price %}\n",
        "{% if not facts.price %}\n3.1 Remuneration -> on request\n{% endif %}\n{% if facts.price %}\n",
    )


def dashed(source: str) -> str:
    return source.replace(
        "{% if facts.price %}\n", "{% if not facts.price %}\n3.1 Remuneration -> -\n{% endif %}\n{% if facts.price %}\n"
    )


def replaced(old: str, new: str) -> Callable[[str], str]:
    def edit(source: str) -> str:
        assert old in source
        return source.replace(old, new)

    return edit


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (replaced("facts.latency.ms ", "facts.latency.millis "), ", line 47: cannot be rendered with latency 9 alone: latency has no form 'millis'; its forms: value, number, in_words, ms, seconds, ms_95, answers_per_minute."),
        (replaced("facts.latency.ms ", "facts.latency.per_hour "), ": latency has no form 'per_hour'; its forms: "),
        (replaced("facts.region.value", "facts.region.number"), ": region has no form 'number'; its forms: value."),
        (replaced("if facts.latency ", "if facts.delay "), ", line 46: cannot be rendered with price 0 alone: 'delay' is no axis; axes: price, access, rate_limit,"),
        (replaced("facts.price.calls_for_10_usd", "facts.price.plan.cost"), "the plan of price has no 'cost'; it has: fee, included, yearly_fee, yearly_calls."),
        (replaced("facts.latency.ms ", "facts.price.usd_per_call "), "'usd_per_call' of a fact that is not stated; put it in {% if facts.AXIS %}."),
        (replaced('"US": "USA (Utah)", ', ""), "a table of the template has no entry 'US'; its entries: 'EU', 'APAC'."),
        (replaced("{{ LAW[", "{{ LAWS["), "'LAWS' does not exist; a template knows facts.AXIS and what it sets."),
        (replaced('"Waived" if facts.price.is_zero else ', ""), "price 0 has no form 'calls_for_10_usd'; ask for facts.price.is_zero first."),
        (replaced('"beta": "In beta", ', ""), ", line 50: cannot be rendered with lifecycle beta alone"),
        (replaced('"Waived" if facts.price.is_zero else ', ""), ", line 56: cannot be rendered with price 0 alone"),
        (replaced("{% if facts.region %}\n", "{% if true %}\n"), "cannot be rendered with price"),
        (replaced("facts.archive.months }}", "facts.archive.months.strip }}"), ": '<built-in method strip of str object at 0x' with archive"),
        (replaced("facts.archive.months }}", "facts.archive.__class__ }}"), "archive has no form '__class__'; its forms: value, number"),
        (replaced("3.1 Rem", "x" * 4000 + "3.1 Rem"), "characters with price"),
        (without_axis, ": latency is not stated."),
        (replaced("{{ facts.standing.stars }} out of 5", "{{ facts.standing.number | round | int }}"), ": standing 1.6 and 2.3 of 10 give the same text."),
        (replaced('"US": "USA (Utah)"', '"US": "EU member state (Austria)"'), ": region 'EU' and 'US' give the same text."),
        (replaced(" {{ facts.coverage.noun }}", " items"), ": coverage does not say what it counts"),
        (
            lambda source: source.replace("1.3 Content reaches back -> ", "").replace("2.2 Ceiling on volume -> ", "").replace(" months", "").replace(" requests an hour", ""),
            ": rate_limit and archive look alike: '#'; state each with a label or a unit of its own.",
        ),
        (always_labelled, ": the label '2.3 Turnaround:' has no value"),
        (said_to_be_missing, ": without price, the listing says 'on request'; a missing fact leaves no trace."),
        (dashed, ": the line '3.1 Remuneration -> -' stands where facts are missing"),
        (replaced("{% if facts.reuse %}\n1.1", "Part one\nPart two\nPart three\nPart four\nPart five\n{% if facts.reuse %}\n1.1"), ": 5 lines do not depend on the facts"),
        (replaced("{% if facts.archive %}", "{% if facts.archive and not facts.price %}"), ": archive is stated only where"),
    ],
)  # fmt: skip
def test_layouts_that_a_reader_cannot_use(source: str, edit: Callable[[str], str], problem: str) -> None:
    problems = layout_problems(Layout("mine", edit(source)))
    assert any(f"layouts/mine.j2{problem}" in item or problem in item for item in problems), problems
    assert len(problems) <= 5, problems
    assert all(item.startswith("layouts/mine.j2") and item.endswith(".") for item in problems)


def test_a_layout_that_is_json_is_always_json() -> None:
    plan = next(layout for layout in layouts("train") if layout.name == "plan_json")
    careless = plan.source.replace('fields.rstrip().removesuffix(",")', "fields.rstrip()").replace(
        '"rating": "{{ facts.standing.rating }}/10",', '"rating": "{{ facts.standing.rating }}/10"'
    )
    assert layout_problems(Layout("mine", careless)) == [
        "layouts/mine.j2: JSON with all axes, but not with price 0 alone."
    ]


# Copies.


def test_layouts_of_the_repository_are_no_copies_of_each_other() -> None:
    known = [masked_lines(layout) for split in SPLITS for layout in layouts(split)]
    for first in known:
        assert len(first) >= 0.8 * len(AXES)
        assert max(len(first & other) for other in known if other is not first) <= 0.5 * MAX_SHARED * len(first)


def test_copies_and_unreadable_layouts_are_problems_of_the_pack(folder: Path, source: str) -> None:
    table = next(layout for layout in layouts("test") if layout.name == "sla_table").source
    disguised = table.replace(" | ", " - ").replace("Data age", "DATA AGE")
    for old, new in (("EU data centres", "Europe"), ("state registers", "the state"), ("Onboarding", "To begin")):
        disguised = disguised.replace(old, new)
    (folder / "layouts" / "env_file.j2").write_text(disguised)
    (folder / "layouts" / "vendor_questionnaire.j2").write_text(without_axis(source))
    unreadable, problem = check_pack(folder)
    assert unreadable == "layouts/vendor_questionnaire.j2: latency is not stated."
    assert "layouts/env_file.j2: 87% of its lines, without the values, are those of the repository's layout" in problem
    assert "'sla_table'" in problem


def test_two_layouts_of_a_pack_differ(source: str) -> None:
    again = Layout("again", source.replace("->", "=").replace("Waived", "Nothing").replace("(Utah)", "(Ohio)"))
    ((name, problem),) = copies([Layout("first", source), again])
    assert name == "again"
    assert "100% of its lines, without the values, are those of the layout 'first'" in problem


def test_a_few_lines_in_common_are_allowed(source: str) -> None:
    lines = source.splitlines()
    changed = [line.replace(" -> ", f" (item {place}) -> ") if place % 2 else line for place, line in enumerate(lines)]
    assert list(copies([Layout("first", source), Layout("second", "\n".join(changed))])) == []
