"""The Hub against huggingface_hub: what is uploaded comes back, by whom it may, as it was at each revision."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    HfFileSystem,
    get_session,
    hf_hub_url,
)
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder

from .clients import api, hub_clients, status
from .making import NAME, README, TEXT, files, parquet, publish, upload
from .objects import File, tree_ids
from .operations import ATTRIBUTES, LARGE_BYTES
from .server import HubServer


def test_a_repository_is_made_once(hub: HubServer, ann: HfApi) -> None:
    made = ann.create_repo(NAME, repo_type="dataset")
    assert (made, made.repo_id, made.repo_type) == (f"{hub.url}/datasets/{NAME}", NAME, "dataset")
    assert status(lambda: ann.create_repo(NAME, repo_type="dataset")) == 409
    assert ann.create_repo(NAME, repo_type="dataset", private=True, exist_ok=True) == made
    assert not hub.repo("datasets", NAME).private
    assert hub.repo("datasets", NAME).files() == {".gitattributes": ATTRIBUTES}
    assert ann.create_repo("model", visibility="private").repo_id == "ann/model"
    assert ann.create_repo("org/space", repo_type="space", space_sdk="gradio").repo_type == "space"
    assert set(hub.repo("spaces", "org/space").files()) == {".gitattributes", "README.md"}
    assert ann.space_info("org/space").sdk == "gradio"
    assert status(lambda: ann.create_repo("elsewhere/model")) == 403
    with pytest.raises(LookupError, match="datasets/org/numbers, models/ann/model, spaces/org/space"):
        hub.repo("models", NAME)


def test_what_is_uploaded_comes_back(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    commit = publish(ann)
    assert hub.log.kinds(["whoami"]) == ["create", "validate_yaml", "preupload", "lfs_batch", "lfs_upload", "commit"]
    repository = hub.repo("datasets", NAME)
    assert repository.head() == commit
    assert repository.files() == {".gitattributes": ATTRIBUTES, **files(3)}
    folder = ann.snapshot_download(NAME, repo_type="dataset", cache_dir=tmp_path)
    assert Path(folder).name == commit
    for path, data in repository.files().items():
        assert (Path(folder) / path).read_bytes() == data
        assert (Path(folder) / path).resolve().name == repository.at("main").files[path].etag


def test_the_ids_are_those_of_git() -> None:
    made = {"a.txt": File.regular(b"x"), "a/b/c.txt": File.regular(b"hello"), "a0": File.regular(b"1")}
    assert made["a/b/c.txt"].oid == "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"
    assert tree_ids({}) == {"": "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}
    assert tree_ids(made) == {
        "": "471ed684414ab7770fc49b3523c1138eb45d35b5",
        "a": "14a74f5db31c12ec29588fa326c4db81a90fe83f",
        "a/b": "0004d4b9b2f0d667f93d3c99d72d264430db680e",
    }


def test_which_files_go_to_lfs(hub: HubServer, ann: HfApi) -> None:
    ann.create_repo(NAME, repo_type="dataset")
    contents = {
        "small.txt": b"text",
        "cut.txt": b"x" * 511 + "é".encode(),
        "binary": b"\xff\xfe\x00",
        "null": b"a\0b",
        "text.parquet": b"text",
        "empty.parquet": b"",
        "big.txt": b"x" * (LARGE_BYTES + 1),
        "limit.txt": b"x" * LARGE_BYTES,
    }
    upload(ann, contents)
    snapshot = hub.repo("datasets", NAME).at("main").files
    large = {path for path in contents if snapshot[path].sha256}
    assert large == {"binary", "null", "text.parquet", "big.txt"}
    hub.commit("datasets", NAME, {f"server/{path}": data for path, data in contents.items()})
    snapshot = hub.repo("datasets", NAME).at("main").files
    assert {path for path in contents if snapshot[f"server/{path}"].sha256} == large


def test_what_is_there_is_not_sent_again(hub: HubServer, ann: HfApi) -> None:
    commit = publish(ann)
    hub.log.clear()
    assert upload(ann, files(3)).oid == commit
    assert hub.log.kinds() == ["validate_yaml", "preupload", "lfs_batch", "info"]
    upload(ann, {"data/copy.parquet": parquet(3)})
    assert hub.log.entries("lfs_upload") == []
    assert len(hub.repo("datasets", NAME).commits()) == 3


def test_the_header_of_a_readme_is_checked(ann: HfApi) -> None:
    ann.create_repo(NAME, repo_type="dataset")
    with pytest.raises(ValueError, match="Invalid metadata"):
        upload(ann, {"README.md": b"---\na: [\n---\n"})
    with pytest.raises(ValueError, match="must be a mapping"):
        upload(ann, {"README.md": b"---\n- a\n---\n"})
    with pytest.warns(UserWarning, match="empty or missing yaml metadata"):
        upload(ann, {"README.md": b"# Numbers\n"})


def test_history(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    first = publish(ann, 3)
    ann.create_tag(NAME, tag="v1", repo_type="dataset")
    ann.create_branch(NAME, branch="script", repo_type="dataset")
    second = upload(ann, files(4), "Four").oid
    third = upload(ann, {"numbers.py": b"pass\n"}, "Script", revision="script").oid

    refs = ann.list_repo_refs(NAME, repo_type="dataset")
    assert {ref.name: ref.target_commit for ref in refs.branches} == {"main": second, "script": third}
    assert [(ref.name, ref.ref, ref.target_commit) for ref in refs.tags] == [("v1", "refs/tags/v1", first)]
    told = ann.list_repo_commits(NAME, repo_type="dataset")
    assert [(commit.commit_id, commit.title) for commit in told[:2]] == [(second, "Four"), (first, "Upload")]
    assert [commit.authors for commit in told] == [["ann"], ["ann"], ["system"]]
    assert [commit.created_at for commit in told] == sorted((commit.created_at for commit in told), reverse=True)

    for revision, commit, count in (("main", second, 4), ("v1", first, 3), (first, first, 3), (first[:7], first, 3)):
        info = ann.dataset_info(NAME, revision=revision)
        assert (info.sha, info.private, len(info.siblings or [])) == (commit, False, 4)
        path = ann.hf_hub_download(NAME, TEXT, repo_type="dataset", revision=revision, cache_dir=tmp_path)
        assert Path(path).read_text(encoding="utf-8") == f"up to {count}\n"
    assert ann.file_exists(NAME, "numbers.py", repo_type="dataset", revision="script")
    assert not ann.file_exists(NAME, "numbers.py", repo_type="dataset")
    assert hub.repo("datasets", NAME).files("v1") == {".gitattributes": ATTRIBUTES, **files(3)}


def test_branches_and_tags(hub: HubServer, ann: HfApi) -> None:
    first = publish(ann)
    upload(ann, files(4))
    repository = hub.repo("datasets", NAME)
    ann.create_branch(NAME, branch="a/b", revision=first, repo_type="dataset")
    ann.create_tag(NAME, tag="v1", revision=first[:8], repo_type="dataset")
    assert repository.branches()["a/b"] == repository.tags()["v1"] == first
    assert ann.dataset_info(NAME, revision="a/b").sha == ann.dataset_info(NAME, revision="refs/tags/v1").sha == first

    assert status(lambda: ann.create_branch(NAME, branch="a/b", repo_type="dataset")) == 409
    assert status(lambda: ann.create_tag(NAME, tag="v1", repo_type="dataset")) == 409
    ann.create_branch(NAME, branch="a/b", repo_type="dataset", exist_ok=True)
    ann.create_tag(NAME, tag="v1", repo_type="dataset", exist_ok=True)
    assert status(lambda: ann.create_branch(NAME, branch="refs/pr/5", repo_type="dataset")) == 400
    with pytest.raises(RevisionNotFoundError):
        ann.create_branch(NAME, branch="c", revision="nowhere", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        ann.create_tag(NAME, tag="v2", revision="nowhere", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        upload(ann, {"a.txt": b"a"}, revision="v1")  # no branch

    ann.delete_tag(NAME, tag="v1", repo_type="dataset")
    ann.delete_branch(NAME, branch="a/b", repo_type="dataset")
    assert (repository.tags(), list(repository.branches())) == ({}, ["main"])
    with pytest.raises(RevisionNotFoundError):
        ann.delete_tag(NAME, tag="v1", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        ann.delete_branch(NAME, branch="a/b", repo_type="dataset")
    assert status(lambda: ann.delete_branch(NAME, branch="main", repo_type="dataset")) == 403


def test_a_commit_for_another_head_is_refused(hub: HubServer, ann: HfApi) -> None:
    first = publish(ann)
    hub.on("commit", lambda: hub.commit("datasets", NAME, {"meanwhile.txt": b"1"}))
    with pytest.raises(HfHubHTTPError, match="A commit has happened since") as caught:
        upload(ann, files(4), parent_commit=first)
    assert caught.value.response.status_code == 412
    second = hub.repo("datasets", NAME).head()
    assert hub.repo("datasets", NAME).files()["data/train.parquet"] == parquet(3)
    third = upload(ann, files(4), parent_commit=second[:7]).oid
    assert [commit.id for commit in hub.repo("datasets", NAME).commits()][:3] == [third, second, first]


def test_deleting_and_copying(hub: HubServer, ann: HfApi) -> None:
    first = publish(ann)

    def commit(*operations: CommitOperationAdd | CommitOperationCopy | CommitOperationDelete) -> None:
        ann.create_commit(NAME, operations, commit_message="Change", repo_type="dataset")

    commit(
        CommitOperationCopy(TEXT, "copy.txt"),
        CommitOperationCopy("data/train.parquet", "more/test.parquet", src_revision=first),
        CommitOperationDelete("data/"),
        CommitOperationDelete(TEXT),
    )
    left = {".gitattributes": ATTRIBUTES, "README.md": README, "copy.txt": files(3)[TEXT]}
    assert hub.repo("datasets", NAME).files() == {**left, "more/test.parquet": parquet(3)}
    head = hub.repo("datasets", NAME).head()
    for missing in ("data/", TEXT):
        with pytest.raises(RemoteEntryNotFoundError):
            commit(CommitOperationDelete(missing))
    with pytest.raises(BadRequestError, match="Both a file and a folder: 'more'"):
        commit(CommitOperationAdd("more", b""))
    assert hub.repo("datasets", NAME).head() == head
    hub.commit("datasets", NAME, {"more/test.parquet": None})
    assert hub.repo("datasets", NAME).files() == left


def test_a_pull_request_moves_no_branch(hub: HubServer, ann: HfApi) -> None:
    first = publish(ann)
    bob = api(hub, hub.add_user("bob"))
    made = upload(bob, {"a.bin": b"\0"}, create_pr=True)
    assert (made.pr_revision, made.pr_num) == ("refs/pr/1", 1)
    assert hub.repo("datasets", NAME).head() == first
    assert "a.bin" in bob.list_repo_files(NAME, repo_type="dataset", revision="refs/pr/1")
    upload(ann, {"b.txt": b"b"}, revision="refs/pr/1")
    refs = ann.list_repo_refs(NAME, repo_type="dataset", include_pull_requests=True)
    assert [(ref.ref, ref.target_commit) for ref in refs.pull_requests or []] == [
        ("refs/pr/1", hub.repo("datasets", NAME).head("refs/pr/1"))
    ]


def test_listing(hub: HubServer, ann: HfApi) -> None:
    first = publish(ann)
    second = hub.commit("datasets", NAME, {"data/more/test.parquet": parquet(1)}, message="More")
    listed = list(ann.list_repo_tree(NAME, repo_type="dataset", recursive=True, expand=True))
    folders = {entry.path: entry.last_commit for entry in listed if isinstance(entry, RepoFolder)}
    assert {path: last and last.oid for path, last in folders.items()} == {
        "data": second, "data/more": second, "notes": first,
    }  # fmt: skip
    told = {entry.path: entry for entry in listed if isinstance(entry, RepoFile)}
    assert set(told) == set(hub.repo("datasets", NAME).files())
    train = told["data/train.parquet"]
    assert train.last_commit
    assert (train.size, train.last_commit.oid, train.last_commit.title) == (len(parquet(3)), first, "Upload")
    assert train.lfs
    assert train.lfs.sha256 == File.large(parquet(3)).sha256

    inside = [entry.path for entry in ann.list_repo_tree(NAME, "data", repo_type="dataset")]
    assert inside == ["data/more", "data/train.parquet"]
    deeper = [entry.path for entry in ann.list_repo_tree(NAME, "data/more", repo_type="dataset", recursive=True)]
    assert deeper == ["data/more/test.parquet"]
    with pytest.raises(RemoteEntryNotFoundError):
        list(ann.list_repo_tree(NAME, "nowhere", repo_type="dataset"))
    asked = ann.get_paths_info(NAME, [TEXT, "data", "nowhere"], repo_type="dataset", revision=first)
    assert [(type(entry).__name__, entry.path) for entry in asked] == [("RepoFile", TEXT), ("RepoFolder", "data")]
    info = ann.dataset_info(NAME, files_metadata=True)
    assert {file.rfilename: file.lfs and file.lfs.sha256 for file in info.siblings or []} == {
        path: file.sha256 for path, file in hub.repo("datasets", NAME).at("main").files.items()
    }


def test_long_lists_come_in_pages() -> None:
    with hub_clients(), HubServer(page_size=2) as hub:
        ann = api(hub, hub.add_user("ann", orgs=["org"]))
        publish(ann)
        hub.log.clear()
        listed = ann.list_repo_files(NAME, repo_type="dataset")
        assert listed == sorted(hub.repo("datasets", NAME).files())
        assert len(hub.log.entries("tree")) == 3
        hub.commit("datasets", NAME, {"a.txt": b"a"})
        assert len(ann.list_repo_commits(NAME, repo_type="dataset")) == 3
        assert len(hub.log.entries("commits")) == 2


def test_parts_of_files(hub: HubServer, ann: HfApi) -> None:
    commit = publish(ann)
    url = hf_hub_url(NAME, TEXT, repo_type="dataset", endpoint=hub.url)
    metadata = ann.get_hf_file_metadata(url=url)
    data = files(3)[TEXT]
    assert (metadata.commit_hash, metadata.etag, metadata.size) == (commit, File.regular(data).oid, len(data))
    system = HfFileSystem(endpoint=hub.url, token=ann.token, skip_instance_cache=True)
    path = f"datasets/{NAME}/data/train.parquet"
    assert system.read_block(path, 4, 10) == parquet(3)[4:14]
    assert system.cat_file(path, -8, None) == parquet(3)[-8:]
    assert system.ls(f"datasets/{NAME}", detail=False)[-1] == f"datasets/{NAME}/notes"
    statuses = [entry.status for entry in hub.log.entries("resolve")]
    assert statuses.count(206) == 2


@pytest.mark.parametrize(
    ("wanted", "served"),
    [("bytes=1-2", b"bc"), ("bytes=2-", b"cd"), ("bytes=-3", b"bcd"), ("bytes=-9", b"abcd"), ("bytes=4-", 416)],
)
def test_ranges(hub: HubServer, wanted: str, served: bytes | int) -> None:
    hub.create("models", "org/model")
    hub.commit("models", "org/model", {"a.txt": b"abcd"})
    got = get_session().get(hf_hub_url("org/model", "a.txt", endpoint=hub.url), headers={"Range": wanted})
    assert (got.content if got.status_code == 206 else got.status_code) == served
    assert got.headers["Content-Range"].endswith("/4")


def test_what_is_not_there(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    publish(ann)
    with pytest.raises(RepositoryNotFoundError):
        ann.model_info(NAME)
    with pytest.raises(RevisionNotFoundError):
        ann.dataset_info(NAME, revision="v9")
    with pytest.raises(RemoteEntryNotFoundError):
        ann.hf_hub_download(NAME, "nothing.txt", repo_type="dataset", cache_dir=tmp_path)
    with pytest.raises(RepositoryNotFoundError):
        ann.delete_repo("org/nothing")
    ann.delete_repo(NAME, repo_type="dataset")
    assert not ann.repo_exists(NAME, repo_type="dataset")
    assert status(lambda: list(ann.list_organization_members("org"))) == 404
    assert hub.log.entries()[-1].kind is None


def test_uploading_a_folder(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    publish(ann)
    for path, data in files(5).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    (tmp_path / "notes" / "more.txt").touch()
    (tmp_path / TEXT).unlink()
    before = len(hub.repo("datasets", NAME).commits())
    ann.upload_folder(repo_id=NAME, repo_type="dataset", folder_path=tmp_path, delete_patterns="*")
    expected = {".gitattributes": ATTRIBUTES, **files(5), "notes/more.txt": b""}
    del expected[TEXT]
    assert hub.repo("datasets", NAME).files() == expected
    assert len(hub.repo("datasets", NAME).commits()) == before + 1
