"""Pushing to a Hub: one commit a branch, the same again is none, faults leave nothing half done, answers stay private."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

from builder.errors import HubError
from hf_dataset.errors import ReadError
from petoolbench.cli.hub import METRIC, ROOT
from petoolbench.hub.push import SCRIPT, Pushed, plan_data, plan_metric, plan_space, push_all
from petoolbench.hub.repository_contents import folder_contents
from tests.commands import Done, run
from tests.conftest import Built
from tests.fakes.hub.clients import api
from tests.fakes.hub.conftest import ann, hub, waits
from tests.fakes.hub.faults import Break, Kind, Status
from tests.fakes.hub.server import HubServer

__all__ = ["ann", "hub", "waits"]  # fixtures
DATA, ANSWERS = "org/petoolbench", "org/petoolbench-answers"


def push(built: Built, client: HfApi, tag: str | None = None) -> list[Pushed]:
    return list(push_all(plan_data(built.data, DATA, ANSWERS), client, tag))


@pytest.fixture
def private(hub: HubServer) -> None:
    hub.create("datasets", ANSWERS, visibility="private")


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def on_hub(hub: HubServer, name: str, branch: str = "main") -> dict[str, bytes]:
    return {path: data for path, data in hub.repo("datasets", name).files(branch).items() if path != ".gitattributes"}


@pytest.mark.usefixtures("private")
def test_each_branch_gets_one_commit_and_a_version(hub: HubServer, ann: HfApi, built: Built) -> None:
    done = push(built, ann, "v1.0.0")
    assert [(one.push.repository, one.push.branch, one.changed) for one in done] == [
        (ANSWERS, "main", True), (DATA, "main", True), (DATA, SCRIPT, True),
    ]  # fmt: skip
    assert on_hub(hub, DATA) == content(built.data)
    assert on_hub(hub, ANSWERS) == content(built.answers)
    assert "petoolbench.py" in on_hub(hub, DATA, SCRIPT)
    assert "petoolbench.py" not in on_hub(hub, DATA)
    assert len(hub.log.entries("commit")) == 3
    for name in (DATA, ANSWERS):
        repository = hub.repo("datasets", name)
        assert repository.tags() == {"v1.0.0": repository.head()}
    assert hub.repo("datasets", ANSWERS).private
    assert not hub.repo("datasets", DATA).private


@pytest.mark.usefixtures("private")
def test_pushing_the_same_again_makes_no_commit(hub: HubServer, ann: HfApi, built: Built) -> None:
    first = push(built, ann, "v1.0.0")
    hub.log.clear()
    again = push(built, ann, "v1.0.0")
    assert [one.commit for one in again] == [one.commit for one in first]
    assert not any(one.changed for one in again)
    assert hub.log.entries("commit", "preupload", "lfs_upload", "tag") == []


@pytest.mark.usefixtures("private")
def test_what_changed_is_sent_and_what_is_gone_goes(hub: HubServer, ann: HfApi, built: Built) -> None:
    push(built, ann)
    data = hub.repo("datasets", DATA)
    hub.commit("datasets", DATA, {"README.md": b"other", "left/over.parquet": b"PAR1"})
    before = len(data.commits("main"))
    push(built, ann)
    assert on_hub(hub, DATA) == content(built.data)
    assert len(data.commits("main")) == before + 1


@pytest.mark.usefixtures("private")
def test_a_version_does_not_move(hub: HubServer, ann: HfApi, built: Built) -> None:
    push(built, ann, "v1.0.0")
    old = hub.repo("datasets", DATA).tags()
    hub.commit("datasets", DATA, {"README.md": b"other"})
    with pytest.raises(HubError, match=r"tag 'v1.0.0' .* is at another commit, .* new --tag"):
        push(built, ann, "v1.0.0")
    assert hub.repo("datasets", DATA).tags() == old


def test_answers_are_refused_where_anybody_could_see_them(hub: HubServer, ann: HfApi, built: Built) -> None:
    with pytest.raises(HubError, match=r"There is no repository .* hf repos create"):
        push(built, ann)
    hub.create("datasets", ANSWERS)
    with pytest.raises(HubError, match="is public, and answers go to a private repository only"):
        push(built, ann)
    with pytest.raises(HubError, match="cannot hold both"):
        plan_data(built.data, DATA, DATA.upper())
    assert not hub.exists("datasets", DATA)
    assert on_hub(hub, ANSWERS) == {}


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("kind", ["info", "preupload", "commit"])
def test_answers_are_hidden_again_where_the_repository_became_public_meanwhile(
    hub: HubServer, ann: HfApi, built: Built, kind: Kind
) -> None:
    answers = hub.repo("datasets", ANSWERS)

    def publish() -> None:
        answers.visibility = "public"

    hub.on(kind, publish, after=1 if kind == "info" else 0)
    with pytest.raises(HubError, match="public"):
        push(built, ann)
    assert answers.private or on_hub(hub, ANSWERS) == {}
    assert not hub.exists("datasets", DATA)


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(
    ("kind", "fault", "message"),
    [
        ("info", 401, "does not know the token"),
        ("create", 403, "may not write there"),
        ("tree", 404, "no such repository"),
        ("commit", 409, "another change was under way"),
        ("commit", 412, "has changed since it was looked at"),
        ("commit", 429, "asks for fewer requests"),
        ("commit", 500, r"in trouble \(status 500\)"),
        ("lfs_upload", 500, "in trouble"),
        ("preupload", "dropped_before", "connection failed"),
        ("commit", "dropped_before", "connection failed"),
        ("commit", "dropped_after", "connection failed"),
        ("lfs_upload", "upload_cut", "connection failed"),
    ],
)
def test_a_fault_leaves_all_as_it_was_and_the_same_command_completes(
    hub: HubServer, ann: HfApi, built: Built, kind: Kind, fault: Status | Break, message: str
) -> None:
    # The answers are pushed; then the data set meets the fault, as often as the client tries.
    list(push_all(plan_data(built.data, DATA, ANSWERS)[:1], ann))
    hub.fail(kind, fault, times=None, matching="" if kind in ("create", "lfs_upload") else DATA)
    if kind == "info":
        hub.faults.clear()
        hub.fail(kind, fault, times=None)
    with pytest.raises(HubError, match=message) as caught:
        push(built, ann)
    assert "hf_" not in str(caught.value)
    whole = content(built.data)
    if hub.exists("datasets", DATA):
        assert on_hub(hub, DATA) in ({}, whole)
    hub.faults.clear()
    push(built, ann, "v1.0.0")
    assert on_hub(hub, DATA) == whole
    assert len(hub.repo("datasets", DATA).commits("main")) == 2  # that of the Hub's own, and ours


def test_a_hub_that_is_down_is_named(ann: HfApi, hub: HubServer, built: Built) -> None:
    gone = HfApi(endpoint="http://127.0.0.1:9", token=ann.token)
    assert hub.url
    with pytest.raises(HubError, match=r"connection failed .* Check the network and HF_ENDPOINT"):
        list(push_all(plan_data(built.data, DATA, None), gone))


def test_without_a_token_it_says_how_to_log_in(hub: HubServer, built: Built) -> None:
    with pytest.raises(HubError, match="hf auth login"):
        list(push_all(plan_data(built.data, DATA, None), api(hub, None)))


def test_a_token_that_cannot_be_sent_is_not_told(hub: HubServer, built: Built) -> None:
    with pytest.raises(HubError) as caught:
        list(push_all(plan_data(built.data, DATA, None), HfApi(endpoint=hub.url, token="hf_secret\n")))  # noqa: S106
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_name_without_an_organisation_is_refused(ann: HfApi, built: Built) -> None:
    with pytest.raises(HubError, match="ORG/NAME"):
        list(push_all(plan_data(built.data, "a/b/c", None), ann))


def test_only_what_a_build_made_is_pushed(built: Built, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="not a complete PEToolBench folder"):
        plan_data(tmp_path, DATA, None)
    shutil.copytree(built.data, tmp_path / "copy")
    with (tmp_path / "copy" / "README.md").open("a") as file:
        file.write("more")
    with pytest.raises(HubError, match=r"README.md is not the file that was built"):
        plan_data(tmp_path / "copy", DATA, None)
    shutil.copytree(built.data, tmp_path / "whole")
    with pytest.raises(HubError, match="are not those of"):
        plan_data(tmp_path / "whole", DATA, ANSWERS)
    shutil.copytree(built.answers, tmp_path / "whole-private")
    (tmp_path / "whole-private" / "README.md").write_text("other")
    with pytest.raises(HubError, match="are not those of"):
        plan_data(tmp_path / "whole", DATA, ANSWERS)


def test_what_lies_beside_a_build_stays_at_home(built: Built, tmp_path: Path) -> None:
    out = tmp_path / ".pycharm" / "out"
    shutil.copytree(built.data, out)
    (out / ".env").write_text("KEY=secret")
    (out / "oracle.test.jsonl").write_text("{}")
    main, script = plan_data(out, DATA, None)
    built_files = set(built.report.manifest.files) | {"manifest.json"}
    assert set(main.contents) == built_files
    assert set(script.contents) == built_files | {"petoolbench.py"}


def test_a_folder_below_any_name_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / "__pycache__" / ".pycharm"
    (folder / "__pycache__").mkdir(parents=True)
    for name in ("a.py", "b.pyc", "__pycache__/a.py"):
        (folder / name).write_text("")
    assert set(folder_contents(folder)) == {"a.py"}


def test_the_metric_is_pushed_as_a_space(hub: HubServer, ann: HfApi) -> None:
    (done,) = push_all(plan_metric(METRIC, "org/petoolbench-metric"), ann)
    space = hub.repo("spaces", "org/petoolbench-metric")
    files = space.files()
    assert files["petoolbench-metric.py"] == files["petoolbench.py"] == (METRIC / "petoolbench.py").read_bytes()
    assert set(folder_contents(METRIC)) <= set(files)
    assert not any("__pycache__" in path for path in files)
    assert space.head() == done.commit


def typed(
    hub: HubServer, home: Path, token: str | None, *arguments: str, largest_file: int | None = None
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, which reads the Hub's address as it starts."""
    home.mkdir(exist_ok=True)
    environment = {**os.environ, **hub.environment(home, token), "COLUMNS": "200"}
    program = [sys.executable, "-W", "ignore", "-m", "petoolbench", *arguments]  # httpx2 warns at each LFS upload
    if largest_file is not None:  # a process of its own that can write no more, as on a full disk
        program = ["prlimit", f"--fsize={largest_file}", *program]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False, cwd=home)


def command(hub: HubServer, home: Path, *arguments: str) -> Done:
    """A command of somebody without a token, in this process, with a cache of its own."""
    home.mkdir(exist_ok=True)
    with (
        mock.patch("huggingface_hub.constants.HF_HUB_CACHE", str(home / "hub")),
        mock.patch("petoolbench.cli.hub.open_hub", partial(api, hub, None)),
        mock.patch("petoolbench.hub.locate.open_hub", partial(api, hub, None)),
    ):
        disable_progress_bars()
        try:
            return run(*arguments, cwd=home, COLUMNS="200")
        finally:
            enable_progress_bars()


@pytest.mark.usefixtures("private")
def test_where_nothing_more_can_be_written_it_says_so(hub: HubServer, ann: HfApi, built: Built, tmp_path: Path) -> None:
    push(built, ann)
    full = typed(hub, tmp_path, None, "verify", DATA, largest_file=2000)
    assert full.returncode == 1
    assert "File too large" in full.stderr
    assert "Traceback" not in full.stderr
    again = typed(hub, tmp_path, None, "verify", DATA)
    assert again.returncode == 0, again.stderr


def test_a_pushed_metric_scores(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    name = "org/petoolbench-metric"
    list(push_all(plan_metric(METRIC, name), ann))
    example = json.loads((METRIC / "example.json").read_text())
    (tmp_path / "row.json").write_text(json.dumps(example["rows"][0]))
    code = (
        "import evaluate, json, sys\n"
        "row = json.loads(open('row.json').readline())\n"
        "reply = json.dumps({'name': row['answer']['name'], 'arguments': json.loads(row['answer']['arguments'])})\n"
        "found = evaluate.load(sys.argv[1]).compute(predictions=[reply], references=[row])\n"
        "print('accuracy', found['call_accuracy'])\n"
    )
    environment = {**os.environ, **hub.environment(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, name], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy 1.0" in done.stdout


def test_the_leaderboard_is_pushed_as_a_space_that_starts(hub: HubServer, ann: HfApi) -> None:
    list(push_all(plan_space(ROOT, "org/board"), ann))
    files = hub.repo("spaces", "org/board").files()
    assert {"README.md", "app.py", "requirements.txt", "leaderboard/app.py", "metrics/petoolbench/parsing.py"} <= set(
        files
    )
    assert files["app.py"] == files["leaderboard/app.py"]
    assert b"sdk: gradio" in files["README.md"]
    assert not any(path.startswith(("builder/", "hf_dataset/")) for path in files)


@pytest.mark.usefixtures("private")
def test_from_the_command_line_to_somebody_who_checks(hub: HubServer, built: Built, tmp_path: Path) -> None:
    token = hub.add_user("bea", orgs=["org"])
    where = ("push", str(built.data), "--repo", DATA, "--private-repo", ANSWERS, "--tag", "v1.0.0")
    listed = command(hub, tmp_path, *where, "--dry-run")
    assert listed.returncode == 0, listed.stderr
    digest = hashlib.sha256((built.data / "README.md").read_bytes()).hexdigest()
    assert re.search(rf"README\.md +[\d,]+ +{digest}", listed.stdout)
    assert f"dataset {ANSWERS}, branch main (private)" in listed.stdout
    assert not hub.exists("datasets", DATA)

    pushed = typed(hub, tmp_path, token, *where)
    assert pushed.returncode == 0, pushed.stderr
    assert f"{DATA}, branch script: is now commit" in pushed.stdout
    assert token not in pushed.stdout + pushed.stderr
    again = typed(hub, tmp_path, token, *where)
    assert f"{DATA}, branch main: was already, and stays, commit" in again.stdout

    for revision in ("main", "v1.0.0", SCRIPT):
        checked = command(hub, tmp_path / revision, "verify", DATA, "--revision", revision)
        assert checked.returncode == 0, checked.stderr
        assert "is what was built" in checked.stdout
    readme = hub.repo("datasets", DATA).files()["README.md"]
    hub.commit("datasets", DATA, {"README.md": readme + b"?"})
    checked = command(hub, tmp_path / "changed", "verify", DATA)
    assert checked.returncode == 1
    assert "- README.md is not the file that was built" in checked.stderr
    gone = command(hub, tmp_path / "gone", "verify", "org/nothing")
    assert gone.returncode == 1
    assert "shows it no such repository" in gone.stderr


@pytest.mark.usefixtures("private")
def test_a_pushed_data_set_is_shown_asked_and_scored_by_its_name(
    hub: HubServer, ann: HfApi, built: Built, tmp_path: Path
) -> None:
    push(built, ann, "v1.0.0")
    shown = typed(hub, tmp_path, None, "show", f"{DATA}@v1.0.0", "--config", "chronological")
    assert shown.returncode == 0, shown.stderr
    where = ("--config", "rating_integrated", "-o", "run.jsonl")
    asked = command(hub, tmp_path, "predict", f"{DATA}@v1.0.0", "--model", "baseline:oracle", *where)
    assert asked.returncode == 0, asked.stderr
    scored = command(hub, tmp_path, "score", "run.jsonl", "--data", DATA, "--config", "rating_integrated")
    assert scored.returncode == 0, scored.stderr
    assert "100.0" in scored.stdout
    told = command(hub, tmp_path, "report", "run.jsonl", "--data", f"{DATA}@v1.0.0", "-o", "report")
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "report" / "report.html").is_file()
    fetched = {entry.path.rpartition("v1.0.0")[2] or entry.path for entry in hub.log.entries("resolve")}
    assert any("rating_integrated" in path for path in fetched)
    assert not any("sft" in path for path in fetched), "the training data is not needed"
    wrong = command(hub, tmp_path, "score", "run.jsonl", "--data", f"{DATA}@v9", "--config", "rating_integrated")
    assert wrong.returncode == 1
    assert re.search(r"There is no folder '.*v9' here, so it was looked for on the Hub\. .*v9", wrong.stderr)
    assert wrong.stderr.count("\n") == 1
