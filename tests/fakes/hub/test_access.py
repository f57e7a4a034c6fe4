"""Read and write access to repositories, as huggingface_hub reports it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from .clients import api, status
from .making import NAME, TEXT, publish, upload
from .server import HubServer


def test_a_private_repository_does_not_exist_for_others(hub: HubServer, ann: HfApi, tmp_path: Path) -> None:
    publish(ann, private=True)
    colleague = api(hub, hub.add_user("carol", orgs=["org"], role="read"))
    assert colleague.dataset_info(NAME).private

    def calls(other: HfApi) -> list[Callable[[], object]]:
        return [
            lambda: other.dataset_info(NAME),
            lambda: other.hf_hub_download(NAME, TEXT, repo_type="dataset", cache_dir=tmp_path),
            lambda: upload(other, {"a.txt": b""}),
        ]

    for other, code in ((api(hub, hub.add_user("bob")), 404), (api(hub, None), 401)):
        for call in calls(other):
            with pytest.raises(RepositoryNotFoundError) as caught:
                call()
            assert caught.value.response.status_code == code


def test_only_members_with_a_write_token_can_write(hub: HubServer, ann: HfApi) -> None:
    commit = publish(ann)
    reader = api(hub, hub.add_user("ann", orgs=["org"], role="read"))

    def calls(other: HfApi) -> list[Callable[[], object]]:
        return [
            lambda: upload(other, {"a.bin": b"\0"}),
            lambda: other.create_tag(NAME, tag="v1", repo_type="dataset"),
            lambda: other.update_repo_settings(NAME, repo_type="dataset", private=True),
            lambda: other.create_repo("org/new"),
        ]

    for other, code in ((reader, 403), (api(hub, hub.add_user("bob")), 403), (api(hub, None), 401)):
        assert [status(call) for call in calls(other)] == [code] * 4
    assert status(lambda: api(hub, "hf_nobody").dataset_info(NAME)) == 401, "unknown tokens are rejected everywhere"
    assert hub.repo("datasets", NAME).head() == commit
