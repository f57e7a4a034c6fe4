"""Fixtures for tests of web pages: a browser, and a Gradio app in its own process.

Usage:

    from tests.browser import Look, serving

    @pytest.fixture(scope="module")
    def url(tmp_path_factory):
        with serving([sys.executable, "app.py"], tmp_path_factory.mktemp("app"), cwd=FOLDER) as url:
            yield url

    def test_page(look: Look, url: str) -> None:
        page = look(url, dark=True, width=390)
        expect(page.get_by_role("button", name="Score")).to_be_visible()

The browser is Debian's Chromium. If it is not installed, the tests are skipped, or fail if `CI_BROWSER=required` is set.
Pages can only reach loopback addresses. The pages of a module share a context without cookies and storage, so that the
files of an app are loaded only once.

While the browser runs, Playwright keeps an event loop running in the thread of the tests, so `asyncio.run` fails there.
Therefore the browser is started once per module, which takes about a second, and modules that use it must not call
`asyncio.run`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

START_S: Final = 120.0
"""Seconds within which an app must answer. On a busy machine the imports alone take ten."""
WAIT_S: Final = 30.0
"""Seconds within which a page must meet the expectation of a test."""
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_CLIENT_VARIABLES: Final = ("HF_", "HUGGING", "GRADIO_", "SPACE_")
"""Prefixes of environment variables that would change the configuration of an app."""
_LOOPBACK: Final = ("127.0.0.1", "localhost")
_HTTP: Final = ("http", "https")
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Look(Protocol):
    """Function that opens a page without cookies and storage, and waits until its app has loaded."""

    def __call__(self, url: str, *, dark: bool = False, width: int = 1280, height: int = 900) -> Page:
        """Open a page.

        Args:
            url: Address of the page.
            dark: Report a preference for dark colours.
            width: Width of the window in CSS pixels. 390 is a phone.
            height: Height of the window in CSS pixels.
        """
        ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_chromium(), args=_ARGUMENTS, headless=True)
        expect.set_options(timeout=1000 * WAIT_S)
        yield started
        started.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> BrowserContext:
    """Context of the pages of `look`, whose cache of files is kept between tests."""
    return browser.new_context(locale="en-GB")


@pytest.fixture
def look(context: BrowserContext) -> Iterator[Look]:
    """Function that opens pages. The test fails after a script error, or a request to a host other than loopback."""
    faults: list[str] = []

    # Requests are observed and not routed, since a routed request does not use the cache.
    def check_host(request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in _HTTP and url.hostname not in _LOOPBACK:
            faults.append(f"request to {request.url}")

    def record_error(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    def open_page(url: str, *, dark: bool = False, width: int = 1280, height: int = 900) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.on("console", record_error)
        page.on("request", check_host)
        return arrived(page, url, faults)

    yield open_page
    for page in context.pages:
        page.evaluate("localStorage.clear()")
        page.close()
    context.clear_cookies()
    assert not faults, faults


def arrived(page: Page, url: str, faults: list[str]) -> Page:
    """Open an app in a page and wait until it has loaded.

    Args:
        page: New page.
        url: Address of the app.
        faults: List to which script errors are appended.

    Returns:
        The same page.
    """
    page.context.set_default_timeout(1000 * WAIT_S)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    page.locator(".gradio-container").first.wait_for()
    return page


@contextmanager
def serving(
    command: Sequence[str], home: Path, *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a Gradio app in a new process, on a free loopback port, offline and with empty caches.

    Args:
        command: Command line of the app, which reads host and port from Gradio's environment variables.
        home: Folder for its caches and its log.
        cwd: Working directory; by default that of the tests.
        environment: Additional environment variables.

    Yields:
        The address of the app.

    Raises:
        RuntimeError: If the app exits or does not answer in time. The message contains the end of its output.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    log = home / "app.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=cwd, env=_environment(home, port, environment or {}), stdout=file, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _chromium() -> str:
    """Return the path of Chromium. Skip the test if it is not installed, or fail if it is required."""
    path = shutil.which("chromium")
    if path is None:
        problem = "Chromium is not installed. Install the Debian package `chromium`."
        if os.environ.get("CI_BROWSER") == "required":
            pytest.fail(f"CI_BROWSER=required: {problem}")
        pytest.skip(problem)
    return path


def _free_port() -> int:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
        return port


def _environment(home: Path, port: int, more: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_CLIENT_VARIABLES) and not name.lower().endswith("_proxy")
    }
    return {
        **inherited,
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(home / "gradio"),
        "HF_EVALUATE_OFFLINE": "1",
        "HF_HOME": str(home / "huggingface"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "*",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an app answers."""
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            with _DIRECT.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    output = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    state = "does not answer" if process.poll() is None else f"exited with status {process.returncode}"
    raise RuntimeError(f"The app at {url} {state}. Its output:\n{output}")
