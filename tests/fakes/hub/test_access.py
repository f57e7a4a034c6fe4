"""Who may see and change what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from .clients import api, status
from .making import NAME, TEXT, publish, upload
from .server import HubServer


def test_who_one_is(hub: HubServer, ann: HfApi) -> None:
    told = ann.whoami()
    assert (told["name"], [org["name"] for org in told["orgs"]]) == ("ann", ["org"])
    assert told["auth"]["accessToken"]["role"] == "write"
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        api(hub, "hf_nobody").whoami()
    assert [(entry.kind, entry.status, entry.user) for entry in hub.log.entries()] == [
        ("whoami", 200, "ann"),
        ("whoami", 401, None),
    ]


def test_a_private_repository_is_not_there_for_others(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    publish(ann, private=True)
    assert ann.dataset_info(NAME).private
    colleague = api(hub, hub.add_user("carol", orgs=["org"], role="read"))
    assert colleague.dataset_info(NAME).private

    def calls(other: HfApi) -> list[Callable[[], object]]:
        return [
            lambda: other.dataset_info(NAME),
            lambda: other.list_repo_refs(NAME, repo_type="dataset"),
            lambda: other.hf_hub_download(NAME, TEXT, repo_type="dataset", cache_dir=tmp_path),
            lambda: upload(other, {"a.txt": b""}),
            lambda: other.update_repo_settings(NAME, repo_type="dataset", private=False),
            lambda: other.delete_repo(NAME, repo_type="dataset"),
        ]

    for other, code in ((api(hub, hub.add_user("bob")), 404), (api(hub, None), 401)):
        for call in calls(other):
            with pytest.raises(RepositoryNotFoundError) as caught:
                call()
            assert caught.value.response.status_code == code
    ann.update_repo_settings(NAME, repo_type="dataset", private=False)
    assert api(hub, None).dataset_info(NAME).private is False
    ann.update_repo_settings(NAME, repo_type="dataset", visibility="private")
    assert hub.repo("datasets", NAME).private
    assert status(lambda: ann.update_repo_settings(NAME, repo_type="dataset", gated="auto", private=True)) == 400


def test_who_may_write(hub: HubServer, ann: HfApi) -> None:
    commit = publish(ann)
    ann.auth_check(NAME, repo_type="dataset", write=True)
    reader = api(hub, hub.add_user("ann", orgs=["org"], role="read"))
    reader.auth_check(NAME, repo_type="dataset")

    def calls(other: HfApi) -> list[Callable[[], object]]:
        return [
            lambda: other.auth_check(NAME, repo_type="dataset", write=True),
            lambda: upload(other, {"a.txt": b""}),
            lambda: upload(other, {"a.bin": b"\0"}),
            lambda: other.create_tag(NAME, tag="v1", repo_type="dataset"),
            lambda: other.create_branch(NAME, branch="b", repo_type="dataset"),
            lambda: other.update_repo_settings(NAME, repo_type="dataset", private=True),
            lambda: other.delete_repo(NAME, repo_type="dataset"),
            lambda: other.create_repo("org/new"),
        ]

    for other, code in ((reader, 403), (api(hub, hub.add_user("bob")), 403), (api(hub, None), 401)):
        assert [status(call) for call in calls(other)] == [code] * 8
    assert status(lambda: api(hub, "hf_nobody").dataset_info(NAME)) == 401
    assert hub.repo("datasets", NAME).head() == commit
    assert hub.repo("datasets", NAME).tags() == {}


def test_a_repository_turns_public_between_check_and_commit(hub: HubServer, ann: HfApi) -> None:
    publish(ann, private=True)
    assert ann.dataset_info(NAME).private

    def open_up() -> None:
        ann.update_repo_settings(NAME, repo_type="dataset", private=False)

    hub.on("commit", open_up)
    upload(ann, {"answers.txt": b"42"})
    assert api(hub, None).dataset_info(NAME).private is False
    assert hub.log.kinds()[-4:] == ["preupload", "settings", "commit", "info"]
