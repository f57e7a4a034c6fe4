"""Each fault, for each kind of request, against huggingface_hub: what it raises, and what it asks once more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from .clients import api
from .faults import BREAKS, KINDS, STATUSES, Break, Faults, Kind
from .making import NAME, files, parquet, publish, upload
from .server import HubServer

PERSISTENT = frozenset({429, 500, 503})
"""The statuses after which the client asks once more, where it does so at all."""


class Use(NamedTuple):
    """A call of the client that makes a request of some kind."""

    call: Callable[[HfApi], object]

    persists: bool = False
    """Whether the client asks once more."""


USES: dict[Kind, Use] = {
    "whoami": Use(lambda ann: ann.whoami()),
    "create": Use(lambda ann: ann.create_repo("org/other")),
    "delete": Use(lambda ann: ann.delete_repo("org/more", repo_type="dataset")),
    "settings": Use(lambda ann: ann.update_repo_settings(NAME, repo_type="dataset", private=False)),
    "validate_yaml": Use(lambda ann: upload(ann, files(3))),
    "auth_check": Use(lambda ann: ann.auth_check(NAME, repo_type="dataset")),
    "info": Use(lambda ann: ann.dataset_info(NAME)),
    "refs": Use(lambda ann: ann.list_repo_refs(NAME, repo_type="dataset")),
    "commits": Use(lambda ann: ann.list_repo_commits(NAME, repo_type="dataset"), persists=True),
    "tree": Use(lambda ann: ann.list_repo_files(NAME, repo_type="dataset"), persists=True),
    "paths_info": Use(lambda ann: ann.get_paths_info(NAME, ["README.md"], repo_type="dataset")),
    "preupload": Use(lambda ann: upload(ann, files(3)), persists=True),
    "lfs_batch": Use(lambda ann: upload(ann, {"a.bin": b"\0a"}), persists=True),
    "lfs_upload": Use(lambda ann: upload(ann, {"b.bin": b"\0b"}), persists=True),
    "commit": Use(lambda ann: upload(ann, {"a.txt": b"a"})),
    "branch": Use(lambda ann: ann.create_branch(NAME, branch="b", repo_type="dataset")),
    "tag": Use(lambda ann: ann.create_tag(NAME, tag="v1", repo_type="dataset")),
}


def failure(call: Callable[[], object]) -> HfHubHTTPError:
    """The client's error, also where it hides it in another."""
    with pytest.raises((HfHubHTTPError, RuntimeError, LocalEntryNotFoundError)) as caught:
        call()
    error: BaseException | None = caught.value
    while not isinstance(error, HfHubHTTPError):
        assert error is not None
        error = error.__cause__
    return error


def test_every_kind_of_request_is_tried() -> None:
    assert {*USES, "resolve"} == set(KINDS)


@pytest.mark.parametrize("kind", USES)
def test_statuses(hub: HubServer, ann: HfApi, waits: list[float], kind: Kind) -> None:
    publish(ann)
    hub.create("datasets", "org/more")
    before = hub.repo("datasets", NAME).commits()
    hub.log.clear()
    use = USES[kind]
    for status in STATUSES:
        wait = 7 if status in {429, 503} else None
        hub.fail(kind, status, retry_after=wait, times=None)
        error = failure(lambda: use.call(ann))
        assert error.response.status_code == status
        assert error.response.headers.get("Retry-After") == (str(wait) if wait else None)
        assert isinstance(error, RepositoryNotFoundError) == (status == 404)
        tries = 6 if use.persists and status in PERSISTENT else 1
        assert waits == ([8.0] * 5 if wait else [1, 2, 4, 8, 8])[: tries - 1]
        assert [(entry.status, entry.fault) for entry in hub.log.entries(kind)] == [(status, status)] * tries
        hub.faults.clear()
        hub.log.clear()
        waits.clear()
    assert hub.repo("datasets", NAME).commits() == before
    use.call(ann)
    assert hub.log.entries(kind)[0].status in {200, 201}


def test_a_repository_that_is_said_to_exist(hub: HubServer, ann: HfApi) -> None:
    hub.fail("create", 409)
    assert ann.create_repo(NAME, repo_type="dataset", exist_ok=True) == f"{hub.url}/datasets/{NAME}"
    with pytest.raises(RepositoryNotFoundError):
        ann.dataset_info(NAME)


def test_a_right_that_is_lost_on_the_way(hub: HubServer, ann: HfApi) -> None:
    first = publish(ann)
    hub.fail("commit", 403)
    with pytest.raises(HfHubHTTPError, match="403 Forbidden"):
        upload(ann, files(4))
    assert hub.repo("datasets", NAME).head() == first
    assert upload(ann, files(4)).oid == hub.repo("datasets", NAME).head()


@pytest.mark.parametrize("fault", ["dropped_before", "dropped_after", "upload_cut", "download_cut"])
def test_a_commit_on_a_broken_connection(hub: HubServer, ann: HfApi, waits: list[float], fault: Break) -> None:
    first = publish(ann)
    hub.fail("commit", fault)
    with pytest.raises(httpx2.TransportError):
        upload(ann, files(4))
    assert waits == []  # the client does not ask once more
    repository = hub.repo("datasets", NAME)
    if fault in {"dropped_before", "upload_cut"}:
        assert repository.head() == first
    else:
        assert [commit.id for commit in repository.commits()][1] == first
        assert repository.files()["data/train.parquet"] == parquet(4)
        assert upload(ann, files(4)).oid == repository.head()  # once more is once only
    assert [(entry.status, entry.fault) for entry in hub.log.entries("commit")][1:2] == [(0, fault)]


@pytest.mark.parametrize("fault", BREAKS)
def test_an_upload_on_a_broken_connection(hub: HubServer, ann: HfApi, waits: list[float], fault: Break) -> None:
    ann.create_repo(NAME, repo_type="dataset")
    data = bytes(range(256)) * 2**14
    hub.fail("lfs_upload", fault)
    hub.on("lfs_upload", lambda: there.append(set(hub.repo("datasets", NAME).uploaded)), after=1)
    there: list[set[str]] = []
    upload(ann, {"a.bin": data})
    assert hub.repo("datasets", NAME).files()["a.bin"] == data
    assert waits == [1]
    assert [(entry.status, entry.fault) for entry in hub.log.entries("lfs_upload")] == [(0, fault), (200, None)]
    assert [bool(uploaded) for uploaded in there] == [fault in {"dropped_after", "download_cut"}]


@pytest.mark.parametrize(("mebibytes", "status"), [(4, 200), (24, 206)])  # the client keeps 10 MiB at a time
def test_a_download_that_is_cut(
    hub: HubServer, ann: HfApi, waits: list[float], tmp_path: Path, mebibytes: int, status: int
) -> None:
    publish(ann)
    data = bytes(range(256)) * 2**12 * mebibytes
    hub.commit("datasets", NAME, {"a.bin": data})
    hub.fail("resolve", "download_cut", matching="GET ")
    path = ann.hf_hub_download(NAME, "a.bin", repo_type="dataset", cache_dir=tmp_path)
    assert Path(path).read_bytes() == data
    served = [(entry.method, entry.status) for entry in hub.log.entries("resolve")]
    assert served == [("HEAD", 200), ("GET", 0), ("GET", status)]
    assert waits == [1]


def test_a_file_that_cannot_be_had(hub: HubServer, ann: HfApi, waits: list[float], tmp_path: Path) -> None:
    publish(ann)

    def get() -> str:
        return ann.hf_hub_download(NAME, "README.md", repo_type="dataset", cache_dir=tmp_path)

    for status in STATUSES:
        hub.fail("resolve", status, times=None)
        assert failure(get).response.status_code == status
        hub.faults.clear()
    waits.clear()
    hub.fail("resolve", 503)
    hub.fail("resolve", 429, retry_after=3)
    get()
    assert waits == [4]
    assert [entry.status for entry in hub.log.entries("resolve")][-4:] == [503, 429, 200, 200]
    hub.fail("resolve", 503, times=None)
    get()  # from the cache, and nobody is told


def test_which_requests_a_fault_hits(hub: HubServer, ann: HfApi) -> None:
    ann.create_repo("one")
    ann.create_repo("two")
    hub.fail("info", 500, after=1, times=2, matching="ann/one")
    hub.fail("info", 403, times=1, matching="ann/one")
    hub.on("info", lambda: calls.append(len(hub.log.entries("info"))), after=2, times=2)
    calls: list[int] = []
    for name in ("two", "one", "one", "two", "one", "one"):
        try:
            ann.model_info(f"ann/{name}")
        except HfHubHTTPError:
            continue
    assert [entry.status for entry in hub.log.entries("info")] == [200, 403, 500, 200, 500, 200]
    assert calls == [2, 3]


def test_a_callback_may_ask_the_server_too(hub: HubServer, ann: HfApi) -> None:
    other = api(hub, hub.add_user("bob"))
    hub.on("whoami", lambda: other.create_repo("meanwhile"))
    ann.whoami()
    assert hub.log.kinds() == ["create", "whoami"]
    assert hub.log.entries()[0].user == "bob"


def test_faults_that_nobody_knows() -> None:
    table = Faults()
    with pytest.raises(ValueError, match="no fault 418 of 'commit'"):
        table.fail("commit", 418)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no fault 500 of 'push'"):
        table.fail("push", 500)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no requests of kind 'push'; kinds are"):
        table.on("push", table.clear)  # type: ignore[arg-type]
