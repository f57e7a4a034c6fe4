"""Injected faults, as huggingface_hub sees them."""

from __future__ import annotations

import httpx2
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from .faults import BREAKS, STATUSES, Break, Kind
from .making import NAME, files, parquet, publish, upload
from .server import HubServer


@pytest.mark.parametrize("kind", ["info", "commit"])
def test_a_status_reaches_the_client_and_changes_nothing(hub: HubServer, ann: HfApi, kind: Kind) -> None:
    first = publish(ann)
    for status in STATUSES:
        delay = 7 if status in {429, 503} else None
        hub.fail(kind, status, retry_after=delay)
        with pytest.raises(HfHubHTTPError) as caught:
            ann.dataset_info(NAME) if kind == "info" else upload(ann, files(4))
        assert caught.value.response.status_code == status
        assert caught.value.response.headers.get("Retry-After") == (str(delay) if delay else None)
        assert isinstance(caught.value, RepositoryNotFoundError) == (status == 404)
        assert hub.log.entries(kind)[-1].fault == status
    assert hub.repo("datasets", NAME).head() == first


@pytest.mark.parametrize("fault", BREAKS)
def test_a_broken_connection_loses_the_commit_or_only_its_reply(hub: HubServer, ann: HfApi, fault: Break) -> None:
    first = publish(ann)
    hub.fail("commit", fault)
    with pytest.raises(httpx2.TransportError):
        upload(ann, files(4))
    repository = hub.repo("datasets", NAME)
    if fault in {"dropped_before", "upload_cut"}:
        assert repository.head() == first
    else:
        assert [commit.id for commit in repository.commits()][1] == first
        assert repository.files()["data/train.parquet"] == parquet(4)


@pytest.mark.parametrize("fault", BREAKS)
def test_a_broken_upload_is_repeated(hub: HubServer, ann: HfApi, waits: list[float], fault: Break) -> None:
    ann.create_repo(NAME, repo_type="dataset")
    data = bytes(range(256)) * 2**14
    arrived: list[bool] = []
    hub.fail("lfs_upload", fault)
    hub.on("lfs_upload", lambda: arrived.append(bool(hub.repo("datasets", NAME).uploaded)), after=1)
    upload(ann, {"a.bin": data})
    assert hub.repo("datasets", NAME).files()["a.bin"] == data
    assert waits == [1]
    assert arrived == [fault in {"dropped_after", "download_cut"}]


def test_filters_of_faults_and_callbacks(hub: HubServer, ann: HfApi) -> None:
    ann.create_repo("one")
    ann.create_repo("two")
    calls: list[int] = []
    hub.fail("info", 500, after=1, times=2, matching="ann/one")
    hub.fail("info", 403, times=1, matching="ann/one")
    hub.on("info", lambda: calls.append(len(hub.log.entries("info"))), after=2, times=2)
    for name in ("two", "one", "one", "two", "one", "one"):
        try:
            ann.model_info(f"ann/{name}")
        except HfHubHTTPError:
            continue
    assert [entry.status for entry in hub.log.entries("info")] == [200, 403, 500, 200, 500, 200]
    assert calls == [2, 3]
