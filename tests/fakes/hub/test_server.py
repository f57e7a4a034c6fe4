"""Isolation of the fake Hub from this machine's settings, and errors that its exit raises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import get_session

from .clients import api, hub_clients
from .server import HubServer


def test_the_environment_has_no_other_client_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "https_proxy", "HTTP_PROXY", "SPACE_ID", "OTHER"):
        monkeypatch.setenv(name, "x")
    environment = HubServer().environment(tmp_path)
    assert environment["OTHER"] == "x"
    assert not environment.keys() & {"HF_TOKEN", "HF_HUB_OFFLINE", "https_proxy", "HTTP_PROXY", "SPACE_ID"}


def use_a_failing_callback() -> None:
    def fail() -> None:
        raise ZeroDivisionError("in a callback")

    with hub_clients(), HubServer() as hub:
        hub.on("whoami", fail)
        api(hub, hub.add_user("ann")).whoami()


def send_a_body_that_breaks_the_server() -> None:
    with hub_clients(), HubServer() as hub:
        hub.create("models", "ann/model")
        headers = {"Authorization": f"Bearer {hub.add_user('ann')}"}
        url = f"{hub.url}/api/models/ann/model/commit/main"
        assert get_session().post(url, content=b"no JSON", headers=headers).status_code == 500


def test_errors_of_callbacks_and_of_the_server_are_raised_at_the_exit() -> None:
    with pytest.raises(ZeroDivisionError, match="in a callback"):
        use_a_failing_callback()
    with pytest.raises(json.JSONDecodeError):
        send_a_body_that_breaks_the_server()
