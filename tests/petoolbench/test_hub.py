"""Tests of uploads to a Hub: commits, tags, errors of the Hub, and privacy of the answers."""

from __future__ import annotations

import dataclasses
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
from hf_dataset.layout import MANIFEST
from hf_dataset.manifest import Page, read_manifest
from petoolbench.cli.hub import METRIC, ROOT
from petoolbench.hub.push import SCRIPT, Pushed, plan_data, plan_metric, plan_space, push_all
from petoolbench.hub.space_files import METRIC_FILES, listed_files
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
def test_each_branch_gets_one_commit(hub: HubServer, ann: HfApi, built: Built) -> None:
    uploads = push(built, ann, "v1.0.0")
    assert [(upload.push.repository, upload.push.branch, upload.changed) for upload in uploads] == [
        (ANSWERS, "main", True), (DATA, "main", True), (DATA, SCRIPT, True),
    ]  # fmt: skip
    assert on_hub(hub, DATA) == content(built.data)
    assert on_hub(hub, ANSWERS) == content(built.answers)
    assert "petoolbench.py" in on_hub(hub, DATA, SCRIPT)
    assert "petoolbench.py" not in on_hub(hub, DATA)
    assert len(hub.log.entries("commit")) == 3


@pytest.mark.usefixtures("private")
def test_data_and_answers_are_tagged_and_only_the_data_are_public(hub: HubServer, ann: HfApi, built: Built) -> None:
    push(built, ann, "v1.0.0")
    for name, private in ((DATA, False), (ANSWERS, True)):
        repository = hub.repo("datasets", name)
        assert repository.tags() == {"v1.0.0": repository.head()}
        assert repository.private is private


@pytest.mark.usefixtures("private")
def test_pushing_the_same_again_makes_no_commit(hub: HubServer, ann: HfApi, built: Built) -> None:
    first = push(built, ann, "v1.0.0")
    hub.log.clear()
    again = push(built, ann, "v1.0.0")
    assert [upload.commit for upload in again] == [upload.commit for upload in first]
    assert not any(upload.changed for upload in again)
    assert hub.log.entries("commit", "preupload", "lfs_upload", "tag") == []


@pytest.mark.usefixtures("private")
def test_changed_files_are_replaced_and_removed_files_deleted(hub: HubServer, ann: HfApi, built: Built) -> None:
    push(built, ann)
    data = hub.repo("datasets", DATA)
    hub.commit("datasets", DATA, {"README.md": b"other", "left/over.parquet": b"PAR1"})
    before = len(data.commits("main"))
    push(built, ann)
    assert on_hub(hub, DATA) == content(built.data)
    assert len(data.commits("main")) == before + 1


@pytest.mark.usefixtures("private")
def test_a_tag_is_not_moved(hub: HubServer, ann: HfApi, built: Built) -> None:
    push(built, ann, "v1.0.0")
    old = hub.repo("datasets", DATA).tags()
    hub.commit("datasets", DATA, {"README.md": b"other"})
    with pytest.raises(HubError, match=r"tag 'v1.0.0' .* is at another commit, .* new --tag"):
        push(built, ann, "v1.0.0")
    assert hub.repo("datasets", DATA).tags() == old


def test_answers_are_not_pushed_to_a_public_repository(hub: HubServer, ann: HfApi, built: Built) -> None:
    with pytest.raises(HubError, match=r"There is no repository .* hf repos create"):
        push(built, ann)
    hub.create("datasets", ANSWERS)
    with pytest.raises(HubError, match="is public, but answers are pushed only to a private repository"):
        push(built, ann)
    with pytest.raises(HubError, match="cannot hold both"):
        plan_data(built.data, DATA, DATA.upper())
    assert not hub.exists("datasets", DATA)
    assert on_hub(hub, ANSWERS) == {}


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("kind", ["info", "preupload", "commit"])
def test_a_repository_that_becomes_public_during_the_upload_is_made_private_again(
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
        ("info", 401, "token is invalid"),
        ("create", 403, "has no write access"),
        ("tree", 404, "there is no such repository"),
        ("commit", 409, "another change was in progress"),
        ("commit", 412, "has changed in the meantime"),
        ("commit", 429, "rate limit of the Hub is reached"),
        ("commit", 500, r"internal error \(status 500\)"),
        ("lfs_upload", 500, "internal error"),
        ("preupload", "dropped_before", "connection failed"),
        ("commit", "dropped_before", "connection failed"),
        ("commit", "dropped_after", "connection failed"),
        ("lfs_upload", "upload_cut", "connection failed"),
    ],
)
def test_after_a_failed_push_the_data_set_is_unchanged_and_a_second_push_completes(
    hub: HubServer, ann: HfApi, built: Built, kind: Kind, fault: Status | Break, message: str
) -> None:
    # The answers are pushed before the Hub starts to fail. It fails at every retry of the client.
    list(push_all(plan_data(built.data, DATA, ANSWERS)[:1], ann))
    hub.fail(kind, fault, times=None, matching="" if kind in ("create", "lfs_upload") else DATA)
    if kind == "info":
        hub.faults.clear()
        hub.fail(kind, fault, times=None)
    with pytest.raises(HubError, match=message) as caught:
        push(built, ann)
    assert "hf_" not in str(caught.value)
    complete = content(built.data)
    if hub.exists("datasets", DATA):
        assert on_hub(hub, DATA) in ({}, complete)
    hub.faults.clear()
    push(built, ann, "v1.0.0")
    assert on_hub(hub, DATA) == complete
    assert len(hub.repo("datasets", DATA).commits("main")) == 2  # the Hub's initial commit, and that of the push


def test_an_unreachable_hub_is_reported(ann: HfApi, hub: HubServer, built: Built) -> None:
    unreachable = HfApi(endpoint="http://127.0.0.1:9", token=ann.token)
    assert hub.url
    with pytest.raises(HubError, match=r"connection failed .* Check the network and HF_ENDPOINT"):
        list(push_all(plan_data(built.data, DATA, None), unreachable))


def test_a_missing_token_is_reported_with_the_command_to_log_in(hub: HubServer, built: Built) -> None:
    with pytest.raises(HubError, match="hf auth login"):
        list(push_all(plan_data(built.data, DATA, None), api(hub, None)))


def test_an_unusable_token_is_not_shown(hub: HubServer, built: Built) -> None:
    with pytest.raises(HubError) as caught:
        list(push_all(plan_data(built.data, DATA, None), HfApi(endpoint=hub.url, token="hf_secret\n")))  # noqa: S106
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_name_without_an_organisation_is_refused(ann: HfApi, built: Built) -> None:
    with pytest.raises(HubError, match="ORG/NAME"):
        list(push_all(plan_data(built.data, "a/b/c", None), ann))


def test_only_complete_builds_are_pushed(built: Built, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="not a complete PEToolBench folder"):
        plan_data(tmp_path, DATA, None)
    shutil.copytree(built.data, tmp_path / "copy")
    with (tmp_path / "copy" / "README.md").open("a") as file:
        file.write("more")
    with pytest.raises(HubError, match=r"README.md differs from the file that was built"):
        plan_data(tmp_path / "copy", DATA, None)
    shutil.copytree(built.data, tmp_path / "moved")
    with pytest.raises(HubError, match=r"do not match the manifest\.json of"):
        plan_data(tmp_path / "moved", DATA, ANSWERS)
    shutil.copytree(built.answers, tmp_path / "moved-private")
    (tmp_path / "moved-private" / "README.md").write_text("other")
    with pytest.raises(HubError, match=r"do not match the manifest\.json of"):
        plan_data(tmp_path / "moved", DATA, ANSWERS)


def test_other_files_in_the_folder_of_a_build_are_not_pushed(built: Built, tmp_path: Path) -> None:
    out = tmp_path / ".pycharm" / "out"
    shutil.copytree(built.data, out)
    (out / ".env").write_text("KEY=secret")
    (out / "oracle.test.jsonl").write_text("{}")
    main, script = plan_data(out, DATA, None)
    built_files = set(built.report.manifest.files) | {"manifest.json"}
    assert set(main.contents) == built_files
    assert set(script.contents) == built_files | {"petoolbench.py"}


def test_the_metric_is_pushed_as_a_space(hub: HubServer, ann: HfApi) -> None:
    (upload,) = push_all(plan_metric(METRIC, "org/petoolbench-metric"), ann)
    space = hub.repo("spaces", "org/petoolbench-metric")
    files = space.files()
    assert files["petoolbench-metric.py"] == files["petoolbench.py"] == (METRIC / "petoolbench.py").read_bytes()
    assert set(listed_files(METRIC, METRIC_FILES)) <= set(files)
    assert not any("__pycache__" in path for path in files)
    assert space.head() == upload.commit


def run_process(
    hub: HubServer, home: Path, token: str | None, *arguments: str, largest_file: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a new process, which reads the Hub's address from its environment."""
    home.mkdir(exist_ok=True)
    environment = {**os.environ, **hub.environment(home, token), "COLUMNS": "200"}
    program = [sys.executable, "-W", "ignore", "-m", "petoolbench", *arguments]  # httpx2 warns at each LFS upload
    if largest_file is not None:  # limits the size of files, to simulate a full disk
        program = ["prlimit", f"--fsize={largest_file}", *program]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False, cwd=home)


def command(hub: HubServer, home: Path, *arguments: str) -> Done:
    """Run a command in this process, without a token and with an empty cache."""
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


def output(done: Done | subprocess.CompletedProcess[str]) -> str:
    """Return the output of a command that must succeed."""
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("private")
def test_a_full_disk_is_reported(hub: HubServer, ann: HfApi, built: Built, tmp_path: Path) -> None:
    push(built, ann)
    full = run_process(hub, tmp_path, None, "verify", DATA, largest_file=2000)
    assert full.returncode == 1
    assert "File too large" in full.stderr
    assert "Traceback" not in full.stderr
    assert output(run_process(hub, tmp_path, None, "verify", DATA))


def test_evaluate_loads_a_pushed_metric(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    name = "org/petoolbench-metric"
    list(push_all(plan_metric(METRIC, name), ann))
    example = json.loads((METRIC / "example.json").read_text())
    (tmp_path / "row.json").write_text(json.dumps(example["rows"][0]))
    code = (
        "import evaluate, json, sys\n"
        "row = json.loads(open('row.json').readline())\n"
        "reply = json.dumps({'name': row['answer']['name'], 'arguments': json.loads(row['answer']['arguments'])})\n"
        "scores = evaluate.load(sys.argv[1]).compute(predictions=[reply], references=[row])\n"
        "print('accuracy', scores['call_accuracy'])\n"
    )
    environment = {**os.environ, **hub.environment(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, name], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy 1.0" in done.stdout


def test_the_leaderboard_is_pushed_as_a_space(hub: HubServer, ann: HfApi) -> None:
    list(push_all(plan_space(ROOT, "org/board"), ann))
    files = hub.repo("spaces", "org/board").files()
    assert {"README.md", "app.py", "requirements.txt", "leaderboard/app.py", "metrics/petoolbench/parsing.py"} <= set(
        files
    )
    assert files["app.py"] == files["leaderboard/app.py"]
    assert b"sdk: gradio" in files["README.md"]
    assert not any(path.startswith(("builder/", "hf_dataset/")) for path in files)


WHERE = ("--repo", DATA, "--private-repo", ANSWERS, "--tag", "v1.0.0")


@pytest.mark.usefixtures("private")
def test_a_dry_run_lists_all_files_and_pushes_nothing(hub: HubServer, built: Built, tmp_path: Path) -> None:
    listed = output(command(hub, tmp_path, "push", str(built.data), *WHERE, "--dry-run"))
    digest = hashlib.sha256((built.data / "README.md").read_bytes()).hexdigest()
    assert re.search(rf"README\.md +[\d,]+ +{digest}", listed)
    assert f"dataset {ANSWERS}, branch main (private)" in listed
    assert not hub.exists("datasets", DATA)


@pytest.mark.usefixtures("private")
def test_a_data_set_is_pushed_and_verified_by_commands(hub: HubServer, built: Built, tmp_path: Path) -> None:
    token = hub.add_user("bea", orgs=["org"])
    pushed = run_process(hub, tmp_path, token, "push", str(built.data), *WHERE)
    assert pushed.returncode == 0, pushed.stderr
    assert f"{DATA}, branch script: pushed, commit" in pushed.stdout
    assert token not in pushed.stdout + pushed.stderr
    again = run_process(hub, tmp_path, token, "push", str(built.data), *WHERE)
    assert f"{DATA}, branch main: unchanged, commit" in again.stdout
    for revision in ("main", "v1.0.0", SCRIPT):
        checked = command(hub, tmp_path / revision, "verify", DATA, "--revision", revision)
        assert "is intact" in output(checked)


@pytest.mark.usefixtures("private")
def test_verify_reports_changed_and_missing_data(hub: HubServer, ann: HfApi, built: Built, tmp_path: Path) -> None:
    push(built, ann)
    readme = hub.repo("datasets", DATA).files()["README.md"]
    hub.commit("datasets", DATA, {"README.md": readme + b"?"})
    changed = command(hub, tmp_path / "changed", "verify", DATA)
    assert changed.returncode == 1
    assert "- README.md differs from the file that was built" in changed.stderr
    missing = command(hub, tmp_path / "missing", "verify", "org/nothing")
    assert missing.returncode == 1
    assert "no access to such a repository" in missing.stderr


@pytest.mark.usefixtures("private")
def test_a_pushed_data_set_is_named_by_its_repository(hub: HubServer, ann: HfApi, built: Built, tmp_path: Path) -> None:
    push(built, ann, "v1.0.0")
    name = f"{DATA}@v1.0.0"
    assert output(run_process(hub, tmp_path, None, "show", name, "--config", "chronological"))
    where = ("--config", "rating_integrated", "-o", "run.jsonl")
    output(command(hub, tmp_path, "predict", name, "--model", "baseline:oracle", *where))
    scored = command(hub, tmp_path, "score", "run.jsonl", "--data", DATA, "--config", "rating_integrated")
    assert "100.0" in output(scored)
    output(command(hub, tmp_path, "report", "run.jsonl", "--data", name, "-o", "report"))
    assert (tmp_path / "report" / "report.html").is_file()
    downloads = " ".join(entry.path.rpartition("v1.0.0")[2] or entry.path for entry in hub.log.entries("resolve"))
    assert "rating_integrated" in downloads
    assert "sft" not in downloads, "the training data is not needed"


@pytest.mark.usefixtures("private")
def test_an_unknown_revision_is_reported(hub: HubServer, ann: HfApi, built: Built, tmp_path: Path) -> None:
    push(built, ann)
    wrong = command(hub, tmp_path, "show", f"{DATA}@v9", "--config", "rating_integrated")
    assert wrong.returncode == 1
    assert re.search(r"There is no local folder '.*v9', so it was looked up on the Hub\. .*v9", wrong.stderr)
    assert wrong.stderr.count("\n") == 1


def test_a_data_set_from_another_catalogue_is_pushed_only_with_a_licence_and_to_its_repository(
    attribute_built: Built, tmp_path: Path
) -> None:
    with pytest.raises(HubError, match=r"its card states no licence\. Build it with --licence"):
        plan_data(attribute_built.data, DATA, None)
    out = tmp_path / "data"
    shutil.copytree(attribute_built.data, out)
    manifest = read_manifest(out)
    page = Page(licence="cc-by-4.0", repository="org/other")
    (out / MANIFEST).write_text(dataclasses.replace(manifest, page=page).to_json(), encoding="utf-8")
    with pytest.raises(HubError, match="names the repository 'org/other'"):
        plan_data(out, DATA, None)
    assert [push.repository for push in plan_data(out, "Org/other", None)] == ["Org/other"] * 2
