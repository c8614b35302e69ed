"""In a real browser: a notebook runs in JupyterLab without an error, and the report's pages load nothing from outside."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import CHROMIUM, NOTEBOOKS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install the package chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_s_pages_request_nothing_and_fit_the_screen(browser, demo_report, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    requested, errors = [], []
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for path in sorted(demo_report.glob("*.html")):
        requested.clear()
        page.goto(path.as_uri())
        outside = [url for url in requested if not url.startswith("data:") and url != path.as_uri()]
        assert outside == [] and errors == [], path.name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
        assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)"), path.name
        cut = page.evaluate(
            "[...document.querySelectorAll('.jp-RenderedHTML, .scroll')].filter(it => it.scrollWidth > it.clientWidth).length"
        )
        assert cut == 0 or width < 1280, f"{cut} tables of {path.name} are wider than the page"
    page.close()


def test_the_report_is_walked_from_page_to_page_and_shows_its_code_on_request(browser, demo_report):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((demo_report / "index.html").as_uri())
    page.click(".findings a >> nth=0")
    assert page.url.endswith(f"{NOTEBOOKS[0].stem}.html")
    code = page.locator(".jp-InputArea-editor").first
    assert not code.is_visible()
    page.click("#toggle")
    assert code.is_visible() and page.locator("#toggle").text_content() == "Hide code"
    page.click("a[rel=next]")
    assert page.url.endswith(f"{NOTEBOOKS[1].stem}.html")
    page.close()


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on loopback with a token, with settings of its own: no news, no windowing of long notebooks."""
    for path in NOTEBOOKS[:3]:
        shutil.copy(path, tmp_path)
    settings = tmp_path / "lab" / "user-settings" / "@jupyterlab"
    for name, values in {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    own = {"JUPYTERLAB_SETTINGS_DIR": settings.parent, "JUPYTERLAB_WORKSPACES_DIR": tmp_path / "lab" / "workspaces"}
    folders = {name: tmp_path / name.lower() for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    environment = {**os.environ, **{name: str(value) for name, value in (own | folders).items()}, "JUPYTER_PREFER_ENV_PATH": "1"}
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--allow-root",
        f"--notebook-dir={tmp_path}",
    ]
    command = [sys.executable, "-m", "custprof", "lab", *options, f"--IdentityProvider.token={token}"]
    with open(tmp_path / "log.txt", "w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            if _ask(f"{address}/api/status?token={token}"):
                break
            assert process.poll() is None, (tmp_path / "log.txt").read_text()
            time.sleep(0.2)
        yield address, token
    finally:
        process.terminate()
        process.wait(timeout=30)


def _ask(url: str):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None


@pytest.mark.parametrize("notebook", NOTEBOOKS[1:3], ids=lambda path: path.stem)
def test_a_notebook_runs_in_jupyterlab_without_an_error(browser, lab, notebook):
    address, token = lab
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    outside = []
    page.on(
        "request",
        lambda request: None if request.url.startswith((address, "data:", "blob:", "ws://127.0.0.1")) else outside.append(request.url),
    )
    page.goto(f"{address}/lab/tree/{notebook.name}?token={token}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    accept = page.locator(".jp-Dialog button.jp-mod-accept")

    def kernel_is_idle() -> bool:
        """Lab says idle before there is a kernel, so the server is asked; a dialog may want a kernel to be chosen."""
        if accept.count() and accept.first.is_visible():
            accept.first.click()
        sessions = _ask(f"{address}/api/sessions?token={token}") or []
        return any(each["kernel"]["execution_state"] == "idle" and each["kernel"]["connections"] > 0 for each in sessions)

    _wait(kernel_is_idle, page, 60)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    errors = page.locator("[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type='application/vnd.jupyter.error']")

    def is_done() -> bool:
        """No cell is waiting and the last one has its number, or a cell failed, after which the others never run."""
        prompts = [text.strip(" :") for text in page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()]
        return errors.count() > 0 or ("[*]" not in prompts and prompts[-1] not in ("", "[ ]", "[]"))

    _wait(is_done, page, 120)
    assert errors.all_text_contents() == []
    assert page.locator(".jp-OutputArea-output").count() >= 5
    if "ipywidgets" in notebook.read_text(encoding="utf-8"):
        handle = page.locator(".widget-slider .noUi-handle").first
        handle.scroll_into_view_if_needed()
        handle.focus()
        page.keyboard.press("ArrowLeft")
        _wait(lambda: "95 %" in page.locator(".widget-html-content").first.inner_text(), page, 60)
    assert outside == []
    context.close()


def _wait(condition, page, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "JupyterLab did not get there in time"
        page.wait_for_timeout(300)
