"""Repositories of the fake Hub: ids, LFS, conflicts, missing objects and byte ranges."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.errors import (
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from .clients import status
from .making import NAME, files, parquet, publish, upload
from .objects import File, tree_ids
from .operations import LARGE_BYTES
from .server import HubServer


def test_object_ids_are_those_of_git() -> None:
    snapshot = {"a.txt": File.regular(b"x"), "a/b/c.txt": File.regular(b"hello"), "a0": File.regular(b"1")}
    assert snapshot["a/b/c.txt"].oid == "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"
    assert tree_ids(snapshot) == {
        "": "471ed684414ab7770fc49b3523c1138eb45d35b5",
        "a": "14a74f5db31c12ec29588fa326c4db81a90fe83f",
        "a/b": "0004d4b9b2f0d667f93d3c99d72d264430db680e",
    }


def test_large_and_binary_files_go_to_lfs(hub: HubServer, ann: HfApi) -> None:
    ann.create_repo(NAME, repo_type="dataset")
    contents = {
        "small.txt": b"text",
        "cut.txt": b"x" * 511 + "é".encode(),
        "null": b"a\0b",
        "text.parquet": b"text",
        "big.txt": b"x" * (LARGE_BYTES + 1),
        "limit.txt": b"x" * LARGE_BYTES,
    }
    upload(ann, contents)
    hub.commit("datasets", NAME, {f"server/{path}": data for path, data in contents.items()})
    snapshot = hub.repo("datasets", NAME).at("main").files
    for folder in ("", "server/"):
        assert {path for path in contents if snapshot[folder + path].sha256} == {"null", "text.parquet", "big.txt"}


def test_a_commit_onto_an_outdated_parent_is_rejected(hub: HubServer, ann: HfApi) -> None:
    first = publish(ann)
    hub.on("commit", lambda: hub.commit("datasets", NAME, {"meanwhile.txt": b"1"}))
    with pytest.raises(HfHubHTTPError, match="A commit has happened since") as caught:
        upload(ann, files(4), parent_commit=first)
    assert caught.value.response.status_code == 412
    second = hub.repo("datasets", NAME).head()
    assert hub.repo("datasets", NAME).files()["data/train.parquet"] == parquet(3)
    third = upload(ann, files(4), parent_commit=second[:7]).oid
    assert [commit.id for commit in hub.repo("datasets", NAME).commits()][:3] == [third, second, first]


def test_existing_and_missing_objects_have_their_own_errors(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    publish(ann)
    ann.create_tag(NAME, tag="v1", repo_type="dataset")
    assert status(lambda: ann.create_repo(NAME, repo_type="dataset")) == 409
    assert status(lambda: ann.create_tag(NAME, tag="v1", repo_type="dataset")) == 409
    with pytest.raises(RepositoryNotFoundError):
        ann.model_info(NAME)
    with pytest.raises(RevisionNotFoundError):
        ann.dataset_info(NAME, revision="v9")
    with pytest.raises(RevisionNotFoundError):
        upload(ann, {"a.txt": b"a"}, revision="v1")  # a tag is not a branch
    with pytest.raises(RemoteEntryNotFoundError):
        ann.hf_hub_download(NAME, "nothing.txt", repo_type="dataset", cache_dir=tmp_path)
    assert status(lambda: list(ann.list_organization_members("org"))) == 404
    assert hub.log.entries()[-1].kind is None, "no route"


@pytest.mark.parametrize(
    ("wanted", "served"), [("bytes=1-2", b"bc"), ("bytes=2-", b"cd"), ("bytes=-3", b"bcd"), ("bytes=4-", 416)]
)
def test_byte_ranges(hub: HubServer, wanted: str, served: bytes | int) -> None:
    hub.create("models", "org/model")
    hub.commit("models", "org/model", {"a.txt": b"abcd"})
    response = get_session().get(hf_hub_url("org/model", "a.txt", endpoint=hub.url), headers={"Range": wanted})
    assert (response.content if response.status_code == 206 else response.status_code) == served
    assert response.headers["Content-Range"].endswith("/4")
