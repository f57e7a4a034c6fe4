"""The earlier benchmark's released rows: import, audit, and its scorer beside ours."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

from builder.errors import ConfigError, DataError, HubError, OutputError
from builder.predictors.registry import ALLOWED, open_predictor
from hf_dataset.manifest import read_manifest
from hf_dataset.reader import read_instances, read_tools
from hf_dataset.schema import HISTORY_TYPES, Instance
from hf_dataset.verify import check_folder
from metrics.petoolbench.errors import PredictionsError
from metrics.petoolbench.records import Reference, ToolCall
from petoolbench.hub.push import plan_data
from petoolbench.original.findings import ConfigFindings, Figure, Findings, examine, examine_config, interval, wilson
from petoolbench.original.findings_report import to_markdown, write_findings
from petoolbench.original.importer import Import, Unparsed, import_original
from petoolbench.original.released_prompts import UnparsedError, read_prompt, write_prompt
from petoolbench.original.released_replies import read_replies
from petoolbench.original.released_rows import (
    number_of,
    read_entry,
    released_candidates,
    released_history,
    to_instances,
)
from petoolbench.original.scorer_comparison import compare_scorers, crossed
from petoolbench.original.shortcut_rules import credit, popular_answers
from tests.commands import run
from tests.conftest import silent

from .released import PROMPTS, PROVIDERS, candidates, name, parameter, prompt, row, step, tool, write

SAMPLE = "petoolbench_original_sample.json.gz"
ROWS = [
    row(1),
    row(2, wanted=PROVIDERS[2], rival=PROVIDERS[0], parameters={}),
    row(3, query="Weather in Pori?", parameters={"city": "Pori", "days": 2}, ascii_only=False),
    row(4, wanted=PROVIDERS[1], rival=PROVIDERS[0], query="Rain on Monday?"),
]


def imported(folder: Path, *rows: Any) -> Path:
    import_original([write(folder / "rows.json", list(rows or ROWS))], folder / "out", silent)
    return folder / "out"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rows of the early form, imported; not to be changed by a test."""
    return imported(tmp_path_factory.mktemp("original"))


# Prompts


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_prompt_is_read_apart_and_put_together(ascii_only: bool) -> None:
    text = prompt([step("Sol & Söhne", "Available tools [2], please")], candidates(), ascii_only=ascii_only)
    found = read_prompt(text)
    assert found.history == [step("Sol & Söhne", "Available tools [2], please")]
    assert found.candidates == candidates()
    assert found.ascii_only is ascii_only
    assert write_prompt(found) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no marks", "the prompt lacks 'Interaction history is:'"),
        ("Interaction history is: none", "the prompt has no list behind 'Interaction history is:'"),
        ("Interaction history is: [1, ", "the list behind 'Interaction history is:' is no JSON"),
        ("Interaction history is: [NaN]", "NaN is no JSON"),
        ("Interaction history is: []", "the prompt lacks 'Available tools'"),
        ("Interaction history is: [] Available tools: [", "the list behind 'Available tools' is no JSON"),
        ("Interaction history is: " + "[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_prompt_is_told(text: str, reason: str) -> None:
    with pytest.raises(UnparsedError, match=reason):
        read_prompt(text)


# Rows


def test_a_row_says_the_same_in_our_form() -> None:
    rows = to_instances(read_entry(row(1), 12), "0123abcd")
    assert list(rows) == list(HISTORY_TYPES)
    for config, one in rows.items():
        assert one.instance_id == f"{config}-0123abcd-000012"
        assert number_of(one) == 12
        assert (one.user_id, one.category, one.functionality) == ("entry-101", "Weather", "func-7")
        assert one.instruction == "Weather in Oslo?"
        assert one.answer is not None
        assert (one.answer.name, one.answer.arguments) == (name("Nimbus"), '{"city": "Oslo"}')
        assert one.meta is not None
        assert one.meta.same_function == sorted(map(name, PROVIDERS))
        assert one.meta.n_tokens == -(-len(row(1)[PROMPTS[HISTORY_TYPES.index(config)]]) // 4)
        assert (one.evidence, one.meta.axes, one.meta.noise, one.meta.drift_step) == ([], None, None, None)
    assert [one.rating for one in rows["rating_integrated"].history] == [1, 1, 0, 0, 0]
    assert {one.rating for one in rows["chronological"].history} == {None}
    assert len({one.query_group for one in rows.values()}) == 1
    tools = {one.name: one for one in rows["chronological"].history_tools}
    assert tools[name("Elsewhere", "News")].provider == "Elsewhere"
    assert tools[name("Elsewhere", "News")].description == ""


def test_defaults_of_required_parameters_are_examples() -> None:
    first, second, third = (
        json.loads(one.parameters) for one in to_instances(read_entry(row(1), 1), "b")[HISTORY_TYPES[0]].candidates[:3]
    )
    assert first["required"] == ["city"]
    assert first["properties"]["days"] == {"type": "number", "description": "The days", "default": 3}
    assert second["properties"]["city"] == {"type": "string", "description": "The city", "examples": ["Turku"]}
    assert second["properties"]["days"]["type"] == "number"
    assert second["properties"]["days"]["x-original"]["type"] == "number"
    assert third["properties"]["flag"] == {"type": "boolean", "description": "The flag"}
    assert third["properties"]["day"] | {"x-original": 0} == {
        "type": "string", "format": "date", "description": "The day", "x-original": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    "odd",
    [
        tool(name("Nimbus"), [parameter()], [parameter(kind="string")]),  # listed twice
        tool(name("Nimbus"), [{"name": "city", "type": None}], [{"name": "x", "extra": [1], "default": None}]),
        tool(name("Nimbus"), [parameter(default=0), parameter("b", default=False)]),
        tool("<Weather>.<A>.<B>.<C>"),
    ],
)
def test_nothing_of_a_tool_is_lost(odd: dict[str, Any]) -> None:
    tools = [odd, *candidates()[1:]]
    record = {**row(1, wanted=PROVIDERS[1]), "apis_candidate": tools}
    record |= {key: prompt([step("X", "Y", 1 if "ratings" in key else None)], tools) for key in PROMPTS}
    for one in to_instances(read_entry(record, 1), "b").values():
        assert json.dumps(released_candidates(one)) == json.dumps(tools)
        assert released_history(one)[0]["instruction"] == "Y"


def test_the_later_form_tells_less() -> None:
    one = to_instances(read_entry(row(1, early=False), 3), "b")["chronological"]
    assert (one.user_id, one.functionality) == ("row-000003", "")
    assert one.meta is not None
    assert one.meta.same_function is None


def changed(key: str, value: Any) -> Callable[[], Any]:
    return lambda: {**row(1), key: value}


def steps(*history: Any, key: str = PROMPTS[0]) -> Callable[[], Any]:
    return lambda: {**row(1), key: prompt(list(history), candidates())}


def offered(*tools: Any) -> Callable[[], Any]:
    made = [step("X", "Y")], [*tools, *candidates()[1:]]
    rated = prompt([step("X", "Y", 1)], made[1])
    plain = {**row(1, early=False), PROMPTS[0]: prompt(*made), PROMPTS[1]: rated, PROMPTS[2]: prompt(*made)}
    return lambda: plain


MALFORMED: list[tuple[Callable[[], Any], str]] = [
    (lambda: ["a"], "it is a JSON list, not an object"),
    (lambda: {"query": "x"}, "it lacks 'instruction_preferred', 'instruction_ratings'"),
    (changed("query", 3), "'query' is a JSON int, not text"),
    (changed("query", "\ud800"), "'query' holds half a surrogate pair"),
    (changed(PROMPTS[1], "nothing"), "instruction_ratings: the prompt lacks"),
    (changed(PROMPTS[2], prompt([step("X", "Y")], [])), "the candidates of instruction_chronological are not those"),
    (changed("apis_candidate", "[]"), "apis_candidate are not the candidates of the prompts"),
    (changed("apis_candidate", "1 +"), "'apis_candidate' is text that is neither JSON nor Python"),
    (changed("apis_same_func", [{"tool_name": "x"}]), "apis_same_func is no list of tools"),
    (changed("apis_same_func", []), "apis_same_func lacks the answer"),
    (changed("api_call_ground_truth", "[]"), "'api_call_ground_truth' is a list, not an object"),
    (changed("api_call_ground_truth", {"tool_name": "x"}), "api_call_ground_truth is no tool call"),
    (changed("api_call_ground_truth", {"tool_name": "x", "parameters": {}}), "'x' is not <category>.<provider>"),
    (lambda: {**row(1, early=False), "api_call_ground_truth": {"tool_name": name("None"), "parameters": {}}}, "it cannot be scored"),
    (steps(), "instruction_preferred: the history is empty"),
    (steps({"instruction": "x"}), "an interaction of the history has no 'instruction' and 'tool_call'"),
    (steps(step("X", "Y", 1)), "an interaction has the rating 1; ratings are 0 and 1, in instruction_ratings"),
    (steps(step("X", "Y", 2), key=PROMPTS[1]), "an interaction has the rating 2"),
    (steps({**step("X", "Y"), "rating": True}, key=PROMPTS[1]), "an interaction has the rating True"),
    (steps(step("X", "\ud800")), "half a surrogate pair"),
    (offered({"tool_name": name("A")}), "has no description and lists of parameters"),
    (offered({**tool(name("A")), "required_parameters": [{}]}), "a parameter of the candidate .* has no name"),
    (offered({}), "a candidate has no tool_name"),
    (offered(tool(name("A"), [parameter(default="\ud800")])), "half a surrogate pair"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), MALFORMED)
def test_a_malformed_row_is_listed_with_its_reason(make: Callable[[], Any], reason: str, tmp_path: Path) -> None:
    done = import_original([write(tmp_path / "rows.json", [make(), row(9)])], tmp_path / "out", silent)
    (one,) = done.unparsed
    assert (one.file, one.row) == ("rows.json", 1)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(one.reason)
    assert [json.loads(line) for line in (tmp_path / "out" / "unparsed.jsonl").read_text().splitlines()] == [
        {"file": "rows.json", "row": 1, "reason": one.reason}
    ]
    (kept,) = read_instances(tmp_path / "out", "chronological", "validation")
    assert number_of(kept) == 2  # by its place in the file, so that replies by order still fit


# Import


def test_an_import_is_a_data_set(data: Path) -> None:
    assert check_folder(data) == []
    manifest = read_manifest(data)
    assert manifest.counts == {
        "rows_read": 4,
        "rows_imported": 4,
        "rows_not_parsed": 0,
        "rows_with_entry_id": 4,
        "rows_whose_prompts_come_back": 4,
    }
    for config in HISTORY_TYPES:
        rows = datasets.load_dataset(str(data), config, cache_dir=str(data.parent / "cache"))
        assert {split: len(one) for split, one in rows.items()} == {"validation": 4}
        assert rows["validation"][2]["instruction"] == "Weather in Pori?"
    tools = {one.name: one for one in read_tools(data, "validation")}
    assert tools[name("Nimbus")].functionality == "func-7"
    assert tools[name("Nimbus")].description == f"What {name('Nimbus')} tells."
    assert tools[name("Nimbus", "Forecast")].functionality is None
    assert not any(one.attributes for one in tools.values())


def test_lists_lines_and_gzip_are_one(tmp_path: Path) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in ROWS) + "\n\n", encoding="utf-8")
    packed = tmp_path / "rows.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(ROWS).encode()))
    found = []
    for number, path in enumerate((lines, packed)):
        import_original([path], tmp_path / str(number), silent)
        found.append(
            [released_history(one) for one in read_instances(tmp_path / str(number), "chronological", "validation")]
        )
    assert found[0] == found[1]


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        out = imported(tmp_path / place)
        made.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert made[0] == made[1]


def test_rows_of_two_files_and_both_forms_stand_together(tmp_path: Path) -> None:
    files = [write(tmp_path / "early.json", ROWS[:2]), write(tmp_path / "late.json", [row(1, early=False), ROWS[1]])]
    done = import_original(files, tmp_path / "out", silent)
    assert done.unparsed == (Unparsed("late.json", 2, "the entry_id 102 came before"),)
    rows = read_instances(tmp_path / "out", "preferred_only", "validation")
    assert [number_of(one) for one in rows] == [1, 2, 3]
    assert [one.user_id for one in rows] == ["entry-101", "entry-102", "row-000003"]
    found = examine_config("preferred_only", rows)
    assert {one.rows for one in found.within} == {2}
    assert all(one.bound is None for one in found.over_all)
    assert all(one.bound is not None for one in found.within)


def test_a_line_that_is_no_json_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row(1)) + "\n{broken\n", encoding="utf-8")
    done = import_original([path], tmp_path / "out", silent)
    assert [(one.row, one.reason.partition(" (")[0]) for one in done.unparsed] == [(2, "the line is no JSON")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04...", "is a zip archive. Unpack it"),
        (b"[1, ", "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON"),
        (b"\x1f\x8b broken", "cannot be read"),
        (b"", "No row of rows could be read. Expected released rows"),
        (b'{"query": 1}', "No row of rows could be read; the first: it lacks"),
    ],
)
def test_what_holds_no_rows_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(content)
    with pytest.raises(DataError, match=message):
        import_original([tmp_path / "rows"], tmp_path / "out", silent)
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    out = imported(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        import_original([tmp_path / "rows.json"], out, silent)
    with pytest.raises(DataError, match="cannot be read"):
        import_original([tmp_path / "other.json"], tmp_path / "new", silent)


@pytest.mark.parametrize("model", ALLOWED)
def test_baselines_work_or_say_what_they_lack(data: Path, model: str) -> None:
    if model in ("baseline:oracle", "baseline:regression"):
        with pytest.raises(
            ConfigError, match=r"have no attributes, but this baseline needs them\. Use one of baseline:random"
        ):
            open_predictor(model, data, "chronological", "validation", 0)
        return
    predictor = open_predictor(model, data, "chronological", "validation", 0)
    for one in read_instances(data, "chronological", "validation"):
        assert json.loads(predictor.predict(one))["name"] in [tool.name for tool in one.candidates]


def test_an_import_is_not_pushed(data: Path) -> None:
    with pytest.raises(HubError, match="is an import of rows that are others' work"):
        plan_data(data, "somebody/something", None)


# Audit


def figures(found: ConfigFindings) -> dict[str, Figure]:
    return dict(found.figures)


def instances(config: str, *rows: dict[str, Any]) -> list[Instance]:
    return [to_instances(read_entry(one, number), "b")[config] for number, one in enumerate(rows, start=1)]


def test_rules_by_hand() -> None:
    # answers: Nimbus, Gale, Nimbus, Sol; the last one's query stands in its own history
    found = {config: figures(examine_config(config, instances(config, *ROWS))) for config in HISTORY_TYPES}
    first, rated, timed = (found[config] for config in HISTORY_TYPES)
    within = ", within the functionality"
    # row 1: Nimbus 1, Gale 1, Sol 1; row 3 the same; rows 2 and 4: Nimbus is ahead
    assert first[f"most popular provider: answers of other rows{within}"].value == pytest.approx((1 / 3 + 1 / 3) / 4)
    # queries: Oslo twice; row 1 sees Nimbus 1 and Sol 1, row 2 the same, row 3 a draw of three, row 4 Nimbus
    assert first[f"most popular provider: answers of other queries{within}"].value == pytest.approx((1 / 2 + 1 / 3) / 4)
    assert first[f"random{within}"].value == pytest.approx(1 / 3)
    assert first["random, over all candidates"].value == pytest.approx(1 / 10)
    assert first[f"random{within}"].bound == pytest.approx(1 / 3)
    assert first[f"most frequent provider of own history{within}"].value == 1
    assert rated[f"most frequent provider of own history{within}"].value == 0  # the rival comes three times
    assert rated[f"most liked provider of own history{within}"].value == 1
    assert rated[f"disliked providers dropped, then most liked{within}"].value == 1
    assert timed[f"latest provider of own history{within}"].value == 1
    assert timed[f"first provider skipped, then latest{within}"].value == 1
    assert f"most liked provider of own history{within}" not in timed


def test_shares_by_hand() -> None:
    found = figures(examine_config("chronological", instances("chronological", *ROWS)))
    shares = {name: one.value for name, one in found.items() if " candidates" not in name and "within" not in name}
    assert shares == {
        "the answer's provider stands in the own liked history": 1,
        "the query stands word for word in the own history": 1 / 4,
        "the query is that of another row too": 1 / 2,
        "query and answer are those of another row too": 0,
        "the answer has no arguments": 1 / 4,
        "the prompt is over 4,000 tokens (4 characters each)": 0,
    }
    assert not found["the answer has no arguments"].passed
    assert found["fewer than 3 candidates do the job"].value == 0
    long = row(1, query="x")
    long[PROMPTS[2]] += "." * 16_001
    assert figures(examine_config("chronological", instances("chronological", long)))[
        "the prompt is over 4,000 tokens (4 characters each)"
    ].value == 1  # fmt: skip


def test_a_disliked_provider_is_no_evidence() -> None:
    one = row(1, wanted=PROVIDERS[0])
    one[PROMPTS[1]] = prompt([step(PROVIDERS[0], "a", 0), step("Elsewhere", "b", 1)], candidates())
    found = figures(examine_config("rating_integrated", instances("rating_integrated", one)))
    assert found["the answer's provider stands in the own liked history"].value == 0


def test_credit_is_shared_among_the_best() -> None:
    (one,) = instances("chronological", ROWS[0])
    assert credit(one, [1.0] * 10) == 1 / 10
    assert credit(one, [1.0, 1.0, *[0.0] * 8]) == 1 / 2
    assert credit(one, [0.0, 1.0, *[0.0] * 8]) == 0
    assert credit(one, [0.5, *[1.0] * 9], [name("Nimbus")]) == 1


def test_popularity_of_known_rows_leaves_the_own_one_out() -> None:
    rows = instances("chronological", *ROWS)
    score = popular_answers(rows, rows[:1])
    assert score(rows[0])[:3] == [0, 0, 0]
    assert score(rows[1])[:3] == [1, 0, 0]


def test_a_popular_provider_fails_the_gate() -> None:
    rows = [row(number, query=f"Weather in {number}?") for number in range(60)]
    found = examine_config("chronological", instances("chronological", *rows))
    failed = {name for name, one in found.figures if not one.passed}
    assert "most popular provider: answers of other queries, within the functionality" in failed
    assert "random, within the functionality" not in failed


def test_intervals() -> None:
    # Wilson, by hand: 0 of 4 reaches z^2 / (4 + z^2)
    assert list(wilson(0.0, 4)) == pytest.approx([0.0, 3.8415 / 7.8415], abs=1e-4)
    assert interval([0.0, 0.0], ["a", "a"]) == wilson(0.0, 1)
    assert interval([1.0, 1.0], ["a", "b"]) == wilson(1.0, 2)
    low, high = interval([0.0, 1.0] * 50, [str(index) for index in range(100)])
    assert [low, high] == pytest.approx([0.4, 0.6], abs=0.03)
    # rows of one query are one draw, so that the interval is wider
    wide = interval([0.0, 1.0] * 50, [str(index % 10) for index in range(100)])
    assert wide[0] < low
    assert wide[1] > high


def examined(data: Path) -> Findings:
    return examine(data, read_manifest(data), silent)


def test_the_report(data: Path, tmp_path: Path) -> None:
    found = examined(data)
    assert found.same_function == {3: 4}
    assert found.counts["distinct queries"] == 3
    assert found.counts["distinct pairs of query and answer"] == 4
    assert [curve.within for curve in found.curves] == [False, True]
    assert found.curves[0].points[-1][0] == 4
    for place in ("a", "b"):
        write_findings(found, tmp_path / place)
    files = {path.relative_to(tmp_path / "a"): path.read_bytes() for path in (tmp_path / "a").rglob("*.*")}
    assert sorted(map(str, files)) == ["AUDIT.md", "audit.json", *(f"audit/{one}.png" for one in ("popularity", "rules", "same_function", "shares"))]  # fmt: skip
    assert all((tmp_path / "b" / path).read_bytes() == content for path, content in files.items())
    told = json.loads((tmp_path / "a" / "audit.json").read_text())
    assert [one["config"] for one in told["configs"]] == list(HISTORY_TYPES)
    assert told["failed"] == found.failed
    assert "chronological: the answer has no arguments at 25.0 % where 0.0 % (margin 0.0) is allowed" in found.failed
    page = to_markdown(found, {})
    assert "| the answer has no arguments | 25.0 |" in page
    assert "| rows with 3 candidates that do the job | 4 |" in page


def test_the_later_form_is_reported_without_bounds(tmp_path: Path) -> None:
    data = imported(tmp_path, *(row(number, query=f"Number {number}?", early=False) for number in range(4)))
    found = examined(data)
    assert found.same_function == {}
    assert [curve.within for curve in found.curves] == [False]
    assert not any(item.within for item in found.configs)
    assert all(one.holds == "-" for item in found.configs for one in item.over_all)
    assert found.failed == []
    write_findings(found, tmp_path / "report")
    assert not (tmp_path / "report" / "audit" / "same_function.png").exists()


def test_a_report_that_cannot_be_written_is_told(data: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="The report cannot be written to"):
        write_findings(examined(data), tmp_path / "taken")


# Replies


def replies(data: Path, tmp_path: Path, content: str, config: str = "chronological") -> dict[str, str]:
    path = tmp_path / "replies.json"
    path.write_text(content, encoding="utf-8")
    return read_replies(path, read_instances(data, config, "validation"), read_manifest(data)).predictions


def ids(data: Path, config: str = "chronological") -> list[str]:
    return [one.instance_id for one in read_instances(data, config, "validation")]


def test_replies_belong_to_rows_by_entry_id(data: Path, tmp_path: Path) -> None:
    made = [{"entry_id": 103, "response": "three", "query": "Weather in Pori?"}, {"entry_id": "101", "response": None}]
    expected = {ids(data)[2]: "three", ids(data)[0]: ""}
    assert replies(data, tmp_path, json.dumps(made)) == expected
    assert replies(data, tmp_path, "\n".join(map(json.dumps, made))) == expected


@pytest.mark.parametrize("key", [None, "response", "predict", "prediction"])
def test_or_by_order(data: Path, tmp_path: Path, key: str | None) -> None:
    made = [text if key is None else {key: text, "label": "x"} for text in "abcd"]
    expected = dict(zip(ids(data), "abcd", strict=True))
    assert replies(data, tmp_path, json.dumps(made)) == expected
    assert replies(data, tmp_path, "\n".join(map(json.dumps, made)) + "\n") == expected


def test_order_counts_rows_that_could_not_be_read(tmp_path: Path) -> None:
    data = imported(tmp_path, ROWS[0], {}, ROWS[2])
    assert list(replies(data, tmp_path, '["a", "b", "c"]').values()) == ["a", "c"]


def test_files_of_ours_are_read_as_such(data: Path, tmp_path: Path) -> None:
    line = {"instance_id": ids(data)[1], "prediction": "two"}
    assert replies(data, tmp_path, json.dumps(line)) == {ids(data)[1]: "two"}
    assert replies(data, tmp_path, json.dumps([line])) == {ids(data)[1]: "two"}
    with pytest.raises(PredictionsError, match="occur more than once"):
        replies(data, tmp_path, json.dumps([line, line]))
    with pytest.raises(DataError, match="line 1: not JSON"):
        replies(data, tmp_path, "{broken")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, ", "are no JSON"),
        ('"a"\n{broken', "are no JSON"),
        ('["a", 3, "c", "d"]', "Reply 2 has no text. Expected texts, or objects with one of response, predict"),
        ('[{"reply": "a"}]', "Reply 1 has no text"),
        ('["a", "b"]', "There are 2 replies without entry_id, and 4 rows were released"),
        ("[]", "There are 0 replies"),
        ('[{"response": "a", "entry_id": 7}]', "1 replies have an entry_id that no row has, the first '7'"),
        ('[{"response": "a", "entry_id": 101}, {"response": "b", "entry_id": 101}]', "'101' occurs twice"),
        ('[{"response": "a", "entry_id": 101, "query": "Else?"}]', "Reply 1 .* is to the query 'Else"),
        ("", "is empty"),
    ],
)
def test_replies_to_other_rows_are_refused(data: Path, tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        replies(data, tmp_path, content)


# Two scorers

WEATHER = '{"tool_name": "W", "parameters": {"city": "Oslo", "days": 3}}'
REFERENCE = Reference(
    "i",
    "q",
    [{"name": "W"}, {"name": "V"}],
    json.dumps(
        {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "where": {"type": "object"},
                "fast": {"type": "boolean", "default": False},
                "l": {"type": "string"},
            },
        }
    ),
    ToolCall("W", {"city": "Oslo", "days": 3}),
    ["W", "V"],
)
NESTED = REFERENCE._replace(answer=ToolCall("W", {"where": {"city": "Oslo"}}))
BRACES = REFERENCE._replace(answer=ToolCall("W", {"city": "a}}b"}))
NO_ARGUMENTS = REFERENCE._replace(answer=ToolCall("W", {}))
ONE = REFERENCE._replace(answer=ToolCall("W", {"days": 1}))
LIGATURE = REFERENCE._replace(answer=ToolCall("W", {"l": "ﬁ"}))

CASES: list[tuple[Reference, str | None, str, str, str | None]] = [
    (REFERENCE, WEATHER, "correct", "tool and arguments", None),
    (REFERENCE, None, "invalid_format", "no reply", None),
    (REFERENCE, "no idea", "invalid_format", "not read", None),
    (REFERENCE, '{"tool_name": "V", "parameters": {"city": "Oslo", "days": 3}}', "preference_mismatch", "arguments only", "counts arguments of a wrong tool"),
    (REFERENCE, '{"tool_name": "made up", "parameters": {"city": "Oslo", "days": 3}}', "tool_hallucination", "arguments only", "counts arguments of a wrong tool"),
    (REFERENCE, '{"tool_name": "W ", "parameters": {"city": "Oslo", "days": 3}}', "correct", "arguments only", "white space about the tool's name"),
    (REFERENCE, '{"tool_name": "W", "parameters": {"city": "oslo", "days": "3"}}', "correct", "tool only", "arguments that mean the same are written in another way"),
    (REFERENCE, '{"tool_name": "W", "parameters": {"city": "Oslo", "days": 3, "fast": false}}', "correct", "tool only", "written in another way"),
    (ONE, '{"tool_name": "W", "parameters": {"days": true}}', "parameter_value_mismatch", "tool and arguments", "such as true and 1"),
    (REFERENCE, '{"name": "W", "arguments": {"city": "Oslo", "days": 3}}', "correct", "not read", "the keys are not tool_name and parameters"),
    (REFERENCE, "{'tool_name': 'W', 'parameters': {'city': 'Oslo', 'days': 3}}", "correct", "not read", "single quotes"),
    (REFERENCE, '{"parameters": {"city": "Oslo", "days": 3}, "tool_name": "W"}', "correct", "not read", "the keys are in the other order"),
    (REFERENCE, '{"tool_name": "W", "parameters": "{\\"city\\": \\"Oslo\\", \\"days\\": 3}"}', "correct", "not read", "the arguments are JSON text"),
    (REFERENCE, '{"tool_name": "W", "parameters": {"city": "Oslo", "days": 3}, "why": "x"}', "correct", "not read", "a further key stands behind the two"),
    (REFERENCE, '{"tool_name": "W", "why": 3, "parameters": {"city": "Oslo", "days": 3}}', "correct", "not read", "a further key stands between the two"),
    (REFERENCE, '{"tool_name": "W", "parameters": {"city": "Oslo", "days": 3} }', "correct", "not read", "white space between the closing braces"),
    (REFERENCE, '{"tool_name" : "W", "parameters": {"city": "Oslo", "days": 3}}', "correct", "not read", "white space before a colon"),
    (REFERENCE, json.dumps(json.loads(WEATHER), indent=2), "correct", "not read", "the call is written over several lines"),
    (REFERENCE, WEATHER[:-1], "correct", "not read", "no brace closes the call on its line"),
    (NO_ARGUMENTS, '{"tool_name": "W", "parameters": null}', "correct", "not read", "the parameters are no object"),
    (NO_ARGUMENTS, '{"tool_name": "W"}', "correct", "not read", "there are no parameters"),
    (NESTED, '{"tool_name": "W", "parameters": {"where": {"city": "Oslo"}}}', "correct", "not read", "ends at the first }}, which is within the arguments"),
    (BRACES, '{"tool_name": "W", "parameters": {"city": "a}}b"}}', "correct", "not read", "ends at the first }}"),
    (REFERENCE, f"In {{short}}: {WEATHER}", "correct", "not read", "begins at the first { of the line, which is not the call's"),
    (REFERENCE, f'{{"call": {WEATHER} }}', "correct", "not read", "begins at the first { of the line"),
    (REFERENCE, f'{WEATHER}\n{{"tool_name": "V", "parameters": {{}}}}', "preference_mismatch", "tool and arguments", "several calls"),
    (REFERENCE, '{"tool_name": "V", "tool_name": "W", "parameters": {"city": "Oslo", "days": 3}}', "invalid_format", "tool and arguments", "ours refuses it"),
    (LIGATURE, '{"tool_name": "W", "parameters": {"l": "ﬁ"}}', "correct", "tool only", "rewrites the reply by NFKC"),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "reply", "ours", "released", "kind"), CASES)
def test_every_difference_is_explained(
    reference: Reference, reply: str | None, ours: str, released: str, kind: str | None
) -> None:
    (one,) = compare_scorers({} if reply is None else {"i": reply}, [reference])
    assert (one.ours.error_class, one.released_class) == (ours, released)
    if kind is None:
        assert one.difference is None
    else:
        assert one.difference is not None
        assert kind in one.difference.kind
    assert crossed([one]) == {(ours, released): 1}


def test_a_call_at_which_the_released_scorer_stops() -> None:
    reply = '{"call": {"tool_name": "W", "parameters": {"city": "Oslo", "days": 3} }}'
    (one,) = compare_scorers({"i": reply}, [REFERENCE])
    assert one.difference is not None
    assert "at which the released scorer stops" in one.difference.kind


@pytest.mark.parametrize(
    ("arguments", "detail"),
    [
        ({"city": "oslo", "days": "3"}, '\'city\' is "oslo" for "Oslo"; \'days\' is "3" for 3'),
        ({"city": "Oslo", "days": 3, "fast": False}, "'fast' is false, where the answer leaves it out"),
    ],
)
def test_an_explanation_names_the_arguments(arguments: dict[str, Any], detail: str) -> None:
    (one,) = compare_scorers({"i": json.dumps({"tool_name": "W", "parameters": arguments})}, [REFERENCE])
    assert one.difference is not None
    assert one.difference.detail == detail


def test_long_explanations_are_cut() -> None:
    answer = {letter: f"{letter}{'x' * 90}" for letter in "abcde"}
    reference = REFERENCE._replace(answer=ToolCall("W", answer))
    reply = json.dumps({"tool_name": "W", "parameters": {key: value.upper() for key, value in answer.items()}})
    (one,) = compare_scorers({"i": reply}, [reference])
    assert one.difference is not None
    assert one.difference.detail.endswith("; and 2 more")
    assert "x..." in one.difference.detail


# The command line


def good(*arguments: str | Path, cwd: Path) -> str:
    done = run(*arguments, cwd=cwd, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_works_on_an_import(tmp_path: Path) -> None:
    write(tmp_path / "rows.json", [*ROWS, {"query": "x"}])
    done = run("import-original", "rows.json", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 of 5 rows in out, split validation; of 4 the prompts come back byte for byte." in done.stdout
    assert "1 rows could not be read; they are listed in out/unparsed.jsonl." in done.stdout
    assert done.stderr.startswith("rows.json, row 5: it lacks 'instruction_preferred'")
    assert "is what was built" in good("verify", "out", cwd=tmp_path)
    shown = good("show", "out", "--config", "rating_integrated", "-n", "4", cwd=tmp_path)
    assert "Weather in Pori?" in shown
    where = ("--config", "rating_integrated")
    good("predict", "out", *where, "--model", "baseline:liked", "-o", "run.jsonl", cwd=tmp_path)
    assert "rating_integrated" in good("score", "run.jsonl", "--data", "out", *where, cwd=tmp_path)
    lacking = run("predict", "out", *where, "--model", "baseline:oracle", "-o", "oracle.jsonl", cwd=tmp_path)
    assert lacking.returncode == 1
    assert "have no attributes, but this baseline needs them" in lacking.stderr
    assert "Traceback" not in lacking.stderr
    compared = good("compare-scorers", "run.jsonl", "--data", "out", *where, cwd=tmp_path)
    assert "the keys are not tool_name and parameters" in compared


def test_the_audit_of_an_import(data: Path, tmp_path: Path) -> None:
    done = run("audit", data, "-o", "report", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert (
        "gates do not hold: preferred_only: the query stands word for word in the own history at 25.0 %" in done.stderr
    )
    for text in (
        "distinct queries",
        "Audit of chronological",
        "first provider skipped, then latest",
        "Report in report",
    ):
        assert text in done.stdout
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["AUDIT.md", "audit", "audit.json"]
    refused = run("audit", data, "--answers", data, cwd=tmp_path)
    assert refused.returncode == 1
    assert "The answers of an import stand in it. Leave --answers out." in refused.stderr


def test_replies_in_the_earlier_form_are_scored_by_both_rules(data: Path, tmp_path: Path) -> None:
    calls = [one["api_call_ground_truth"] for one in ROWS]
    texts = [json.dumps(calls[0]), json.dumps(dict(reversed(calls[1].items()))), "no idea"]
    made = [{"entry_id": 101 + number, "response": text} for number, text in enumerate(texts)]
    write(tmp_path / "released.json", made)
    where = ("released.json", "--data", data, "--config", "chronological")
    assert " 25.0 " in good("score", *where, "--scorer", "legacy", cwd=tmp_path)
    assert " 50.0 " in good("score", *where, cwd=tmp_path)
    told = good("compare-scorers", *where, "-o", "judged.jsonl", cwd=tmp_path)
    (second,) = [line for line in told.splitlines() if line.startswith("chronological-")]
    assert second.endswith(
        "ours correct, released not read: the released expression finds no call: the keys are in the other order"
    )
    assert "divides by the 3 replies that are there, of 4 rows: it would print 33.3 % for the tool" in told
    judged = [json.loads(line) for line in (tmp_path / "judged.jsonl").read_text().splitlines()]
    assert [(one["ours"], one["released"]) for one in judged] == [
        ("correct", "tool and arguments"),
        ("correct", "not read"),
        ("invalid_format", "not read"),
        ("invalid_format", "no reply"),
    ]
    write(tmp_path / "same.json", [json.dumps(one) for one in calls])
    same = good("compare-scorers", "same.json", "--data", data, cwd=tmp_path)
    assert "Both rules credit the same in every reply." in same


# The released sample


@pytest.fixture(scope="module")
def sample(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Import]:
    """The released sample, imported."""
    out = tmp_path_factory.mktemp("sample") / "out"
    return out, import_original([real_data / SAMPLE], out, silent)


@pytest.mark.realdata
def test_all_of_the_sample_is_read_and_comes_back(sample: tuple[Path, Import], real_data: Path) -> None:
    out, done = sample
    assert done.unparsed == ()
    assert done.manifest.counts["rows_imported"] == 150
    assert done.manifest.counts["rows_whose_prompts_come_back"] == 150
    with gzip.open(real_data / SAMPLE, "rt", encoding="utf-8") as file:
        released = json.load(file)
    for config, key in zip(HISTORY_TYPES, PROMPTS, strict=True):
        for one, record in zip(read_instances(out, config, "validation"), released, strict=True):
            for part in (released_history(one), released_candidates(one)):
                assert json.dumps(part) in record[key] or json.dumps(part, ensure_ascii=False) in record[key]
            assert one.answer is not None
            assert json.loads(one.answer.arguments) == record["api_call_ground_truth"]["parameters"]
            assert (one.instruction, one.user_id) == (record["query"], f"entry-{record['entry_id']}")
    assert check_folder(out) == []


FULL_FILE = {
    ("preferred_only", "random, within the functionality"): 44.0,
    ("preferred_only", "lexical match with the instruction, over all candidates"): 28.5,
    ("preferred_only", "most popular provider: answers of other rows, over all candidates"): 67.8,
    ("preferred_only", "most popular provider: histories of other rows, over all candidates"): 67.8,
    ("preferred_only", "most popular provider: histories of other rows, within the functionality"): 87.6,
    ("preferred_only", "most frequent provider of own history, within the functionality"): 71.5,
    ("rating_integrated", "most liked provider of own history, within the functionality"): 67.3,
    ("rating_integrated", "disliked providers dropped, then most liked, within the functionality"): 90.2,
    ("chronological", "first provider skipped, then latest, within the functionality"): 90.2,
    ("preferred_only", "the answer's provider stands in the own liked history"): 48.9,
    ("rating_integrated", "the answer's provider stands in the own liked history"): 41.5,
    ("chronological", "the answer's provider stands in the own liked history"): 41.5,
    ("preferred_only", "the query stands word for word in the own history"): 0.2,
    ("rating_integrated", "the query stands word for word in the own history"): 25.5,
    ("chronological", "the query stands word for word in the own history"): 25.5,
    ("chronological", "the answer has no arguments"): 29.1,
    ("chronological", "fewer than 3 candidates do the job"): 70.2,
    ("chronological", "the prompt is over 4,000 tokens (4 characters each)"): 10.0,
}
"""What is quoted of all 1,000 rows, in %, by the figure of ours that is its counterpart."""


@pytest.fixture(scope="module")
def sample_figures(sample: tuple[Path, Import]) -> dict[tuple[str, str], Figure]:
    found = examined(sample[0])
    return {(item.config, name): one for item in found.configs for name, one in item.figures}


@pytest.mark.realdata
@pytest.mark.parametrize("key", FULL_FILE, ids=" ".join)
def test_the_sample_agrees_with_the_full_file(
    sample_figures: dict[tuple[str, str], Figure], key: tuple[str, str]
) -> None:
    one = sample_figures[key]
    assert one.low <= FULL_FILE[key] / 100 <= one.high


@pytest.mark.realdata
def test_popularity_among_the_answers_of_150_rows_is_less_than_of_1000(
    sample_figures: dict[tuple[str, str], Figure],
) -> None:
    """The one figure that is outside its interval: see docs/original.md."""
    one = sample_figures["preferred_only", "most popular provider: answers of other rows, within the functionality"]
    assert one.bound is not None
    assert one.low > one.bound
    assert one.high < 0.876


@pytest.mark.realdata
def test_the_commands_on_the_sample(sample: tuple[Path, Import], real_data: Path, tmp_path: Path) -> None:
    out, _ = sample
    audited = run("audit", out, "-o", "report", cwd=tmp_path)
    assert audited.returncode == 1
    assert "Audit of chronological" in audited.stdout
    with gzip.open(real_data / SAMPLE, "rt", encoding="utf-8") as file:
        released = json.load(file)
    made = [
        {"entry_id": one["entry_id"], "response": json.dumps(one["api_call_ground_truth"], indent=1)}
        for one in released
    ]
    write(tmp_path / "replies.json", made)
    told = good("compare-scorers", "replies.json", "--data", out, "--config", "chronological", cwd=tmp_path)
    assert "the call is written over several lines" in told
    good("predict", out, "--model", "baseline:embedding", "-o", "run.jsonl", cwd=tmp_path)
    good("score", "run.jsonl", "--data", out, cwd=tmp_path)
