"""In a real JupyterLab, driven through Chromium, every chapter runs to its end and is a workbench.

JupyterLab is started on a copy of the chapters. Each is opened, and Run > Run All Cells chosen: no cell ends in an
error, the contents at its top have a link for every heading in the chapter's language, and every result in its names
says what it is in at most six lines. In the deep dive another municipality is picked, and the figure and the text below
it change. In the first chapter the language is changed in the parameters cell, and all is run again. In a copy in one
language, JupyterLab's own table of contents has that language alone. Tab after `study.` and other names lists what is
public. Text is read against its background in the light and in the dark theme. What the page complains of is listed.

Needs Chromium (its program on the path or in $CHROMIUM) and a package that the suite does not need otherwise:
`pip install playwright`. $PICTURES may name a folder for pictures of the window.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pandas as pd

from benchmarks._browser import find
from evaluation.exhibits.contents import headings
from evaluation.report.copies import chapters

KIND = "proof"
Row = tuple[str, float, str, str]
ROOT = Path(__file__).parents[1]
PATIENCE = 900
CELLS = """(before) => {
  const panel = jupyterapp.shell.currentWidget;
  const code = [...panel.content.model.cells].filter((cell) => cell.type === 'code');
  const written = code.filter((cell) => cell.sharedModel.getSource().trim());
  const outputs = code.flatMap((cell) => cell.outputs.toJSON());
  const kernel = panel.sessionContext.session?.kernel;
  const counts = written.map((cell) => cell.executionCount ?? 0);
  return {cells: written.length, run: counts.filter((count) => count > before).length, last: Math.max(...counts),
    idle: kernel?.status === 'idle' && written.every((cell) => cell.executionState !== 'running'),
    errors: outputs.filter((one) => one.output_type === 'error').map((one) => `${one.ename}: ${one.evalue}`),
    told: outputs.filter((one) => one.name === 'stderr').map((one) => String(one.text)),
    text: outputs.map((one) => String(one.data?.['text/markdown'] ?? one.data?.['text/html'] ?? '')).join('\\n')};
}"""
REPRS = """_told = {name: repr(value) for name, value in dict(globals()).items() if not name.startswith("_")
         and type(value).__module__.startswith("evaluation") and not isinstance(value, type)}
_longest = max(_told, key=lambda name: (_told[name].count("\\n"), len(_told[name])))
print(len(_told), _told[_longest].count("\\n") + 1, _longest)
"""
EXECUTE = """(code) => new Promise((resolve) => {
  const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code});
  let text = '';
  future.onIOPub = (message) => { text += message.content.text ?? message.content.evalue ?? ''; };
  future.done.then(() => resolve(text));
})"""
# WCAG's contrast of every piece of text in the outputs with what is behind it; the least.
CONTRAST = """() => {
  const part = (value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = (c) => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const colour = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const behind = (node) => { for (; node; node = node.parentElement) {
    const c = colour(getComputedStyle(node).backgroundColor);
    if (c.length === 3 || c[3] > 0.99) return c;
  } return [255, 255, 255]; };
  let least = [99, ''];
  for (const node of document.querySelectorAll('.jp-OutputArea-output *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.offsetParent) continue;
    const [a, b] = [light(colour(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, `${node.tagName.toLowerCase()}: ${node.textContent.trim().slice(0, 40)}`];
  }
  return least;
}"""

# The outputs that are wider than their place, met by going through the cells.
WIDE = """async () => {
  const notebook = jupyterapp.shell.currentWidget.content, wide = new Set();
  for (let place = 0; place < notebook.widgets.length; place += 1) {
    if (notebook.widgets[place].model.type !== 'code') continue;
    notebook.scrollToItem(place, 'start');
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const one of notebook.node.querySelectorAll('.jp-OutputArea-output'))
      if (one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1) wide.add(one.textContent.trim().slice(0, 60));
  }
  return [...wide];
}"""
SEEN = """(text) => [...document.querySelectorAll('.jp-RenderedMarkdown :is(h2, h3)')].some((heading) => {
  const top = heading.getBoundingClientRect().top;
  return heading.textContent.startsWith(text) && top > 0 && top < innerHeight;
})"""


def run() -> pd.DataFrame:
    rows: list[Row] = []

    def tell(what: str, value: float, unit: str = "", note: str = "") -> None:
        rows.append((what, value, unit, note))
        print(f"{what}: {value} {unit}  {note}", flush=True)

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        lab = stack.enter_context(_lab(folder))
        page, complaints = stack.enter_context(_page())
        for path in chapters(folder / "notebooks"):
            _chapter(page, lab, path, tell)
            if path.stem == "08_deep_dive":
                _picked(page, tell)
            lab.end_kernels()
        _changed(page, lab, tell)
        _themes(page, tell)
        lab.end_kernels()
        _copied(page, lab, folder, tell)
        lab.end_kernels()
        _completed(page, lab, folder, tell)
        tell("what the page complained of", len(complaints), "", "; ".join(dict.fromkeys(complaints))[:300])
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


class _Lab:
    """A JupyterLab that is running: its address and token."""

    def __init__(self, port: int, token: str):
        self.address, self.token = f"http://127.0.0.1:{port}", token

    def url(self, notebook: str) -> str:
        """The address at which the lab opens a notebook, in a workspace that is forgotten."""
        return f"{self.address}/lab/workspaces/proof/tree/{notebook}?token={self.token}&reset"

    def ask(self, path: str, method: str = "GET") -> Any:
        request = Request(f"{self.address}/api/{path}", method=method, headers={"Authorization": f"token {self.token}"})
        with urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def end_kernels(self) -> None:
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")


@contextmanager
def _lab(folder: Path) -> Iterator[_Lab]:
    """Start JupyterLab in a copy of the chapters, with settings of its own, and end it."""
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in ("data", "params", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    news = folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lab = _Lab(port, secrets.token_hex(16))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser", f"--port={port}"]
    command += [f"--IdentityProvider.token={lab.token}", "--ServerApp.port_retries=0", "--allow-root"]
    command += [f"--ServerApp.root_dir={folder / 'notebooks'}", f"--LabApp.user_settings_dir={folder / 'settings'}"]
    command += [f"--LabApp.workspaces_dir={folder / 'workspaces'}"]
    own = {f"JUPYTER_{name}_DIR": str(folder / "jupyter" / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    with (folder / "lab.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | own, stdout=log, stderr=log)
    try:
        _wait(lambda: _answers(lab) or process.poll() is not None, "JupyterLab did not start")
        assert process.poll() is None, (folder / "lab.txt").read_text()[-2000:]
        yield lab
        lab.end_kernels()
    finally:
        process.terminate()
        process.wait(60)


def _answers(lab: _Lab) -> bool:
    try:
        lab.ask("status")
    except OSError:
        return False
    return True


@contextmanager
def _page() -> Iterator[tuple[Any, list[str]]]:
    """Open a window; what it complains of is gathered."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise SystemExit("Needs Playwright: pip install playwright") from None
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(60_000)
        page.on("dialog", lambda asked: asked.accept())
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page, complaints
        browser.close()


def _wait(done: Any, otherwise: str, patience: float = PATIENCE) -> Any:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.5)
    raise AssertionError(otherwise)


def _picture(page: Any, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def _open(page: Any, lab: _Lab, name: str) -> None:
    page.goto(lab.url(name))
    ready = """(name) => { const panel = window.jupyterapp?.shell.currentWidget;
      return panel?.context?.path === name && panel.sessionContext?.session?.kernel?.status === 'idle'; }"""
    page.wait_for_function(ready, arg=name, timeout=PATIENCE * 1000)


def _run_all(page: Any) -> dict[str, Any]:
    """Choose Run > Run All Cells, wait until every cell has run or one has failed, and return what came of it."""
    before = page.evaluate(CELLS, 0)["last"]
    page.click('.lm-MenuBar-itemLabel:text-is("Run")')
    page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
    time.sleep(1)

    def done() -> dict[str, Any] | None:
        found: dict[str, Any] = page.evaluate(CELLS, before)
        ended = found["idle"] and (found["run"] == found["cells"] or found["errors"])
        return found if ended else None

    return dict(_wait(done, "a chapter did not come to its end"))


def _chapter(page: Any, lab: _Lab, path: Path, tell: Any) -> None:
    """Open a chapter and run it all."""
    start = time.monotonic()
    _open(page, lab, path.name)
    found = _run_all(page)
    seconds = time.monotonic() - start
    wrong = found["errors"] + found["told"]
    note = "; ".join(wrong)[:200] or f"{found['run']} of {found['cells']} cells, {seconds:.0f} s"
    tell(f"{path.stem}: cells that failed or did not run", found["cells"] - found["run"] + len(wrong), "", note)
    wanted = len(list(headings(path, "nb")))
    shown = found["text"].split("<nav", 1)[-1].split("</nav>")[0].count("<a ")
    tell(f"{path.stem}: headings less links in the contents", wanted - shown, "", f"{wanted} headings")
    _picture(page, path.stem)
    wide = page.evaluate(WIDE)
    tell(f"{path.stem}: outputs wider than the window", len(wide), "", "; ".join(wide)[:200])
    results, lines, name = page.evaluate(EXECUTE, REPRS).split()
    tell(f"{path.stem}: lines of the longest repr", int(lines), "", f"{name}, of {results} results")


def _picked(page: Any, tell: Any) -> None:
    """Pick another municipality below the deep dive, and see what is shown change."""
    shown = (
        "() => [...document.querySelectorAll('.jp-OutputArea-output .widget-html-content')].map((n) => n.innerHTML)[0]"
    )
    choice = page.locator(".jp-OutputArea-output .widget-dropdown select").first
    choice.scroll_into_view_if_needed()
    before = page.evaluate(shown)
    other = choice.locator("option").nth(40).text_content()
    choice.select_option(label=other)
    after = _wait(lambda: (new := page.evaluate(shown)) != before and new, "the picked municipality was not shown", 60)
    (one, two), (old, new) = (text.split('" alt="', 1) for text in (before, after)), (before, after)
    figures = [text.partition("base64,")[2].partition('"')[0] for text in (old, new)]
    tell("picked in the deep dive: figures that stayed the same", int(figures[0] == figures[1]), "", f"{other} picked")
    tell("picked in the deep dive: texts that do not name it", int(str(other) not in two[1] or str(other) in one[1]))
    _picture(page, "picked")


def _changed(page: Any, lab: _Lab, tell: Any) -> None:
    """Write another language into the parameters cell of the first chapter, run it again, and see the text change."""
    _open(page, lab, "01_programme.ipynb")
    before = _run_all(page)["text"]
    page.evaluate("() => jupyterapp.shell.currentWidget.content.scrollToItem(3)")
    page.locator('.cm-line:has-text("language =")').first.click(click_count=3)
    page.keyboard.insert_text('language = "en"\n')
    after = _run_all(page)["text"]
    told = {
        name: [one in text for text in (before, after)]
        for name, one in {"nb": "Deltakende kommuner", "en": "Participating municipalities"}.items()
    }
    wrong = int(told != {"nb": [True, False], "en": [False, True]})
    tell("language changed in the first chapter: exhibits not in it", wrong, "", str(told))


def _themes(page: Any, tell: Any) -> None:
    """Read the chapter that is open in the light and the dark theme, at several places."""
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        least = (99.0, "")
        for place in range(3, page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.length"), 4):
            page.evaluate("(place) => jupyterapp.shell.currentWidget.content.scrollToItem(place, 'start')", place)
            time.sleep(1)
            least = min(least, tuple(page.evaluate(CONTRAST)))
            _picture(page, f"{theme.split()[1]}-{place:02d}")
        tell(f"{theme}: the least contrast of text in outputs", round(least[0], 1), "to 1", least[1])
    page.evaluate("() => jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


def _copied(page: Any, lab: _Lab, folder: Path, tell: Any) -> None:
    """Copy a chapter in one language by the command, and read the panel with the table of contents."""
    command = [sys.executable, "-m", "evaluation.cli", "copy", "08_deep_dive", "--language", "nn"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    copy = folder / "notebooks" / "my_08_deep_dive.ipynb"
    _open(page, lab, copy.name)
    found = _run_all(page)
    tell("a copy in one language: cells that failed", len(found["errors"]), "", "; ".join(found["errors"]))
    page.evaluate("() => jupyterapp.commands.execute('toc:show-panel')")
    time.sleep(2)
    entries = page.locator(".jp-tocItem-content").all_text_contents()
    wanted = [one.text for one in headings(folder / "notebooks" / "08_deep_dive.ipynb", "nn")]
    extra = [text for text in entries if text not in wanted]
    # The title, and the heading that the notebook writes of the case.
    tell(
        "a copy in one language: headings missing in the panel", len(set(wanted) - set(entries)), "", ", ".join(entries)
    )
    tell("a copy in one language: other entries in the panel", len(extra), "", ", ".join(extra))
    _picture(page, "copy")
    page.click(f'nav[lang="nn"] a:has-text("{wanted[1]}")')
    time.sleep(1)
    seen = page.evaluate(SEEN, wanted[1])
    tell("a link of the contents: headings it does not lead to", int(not seen), "", wanted[1])
    _picture(page, "link")


def _completed(page: Any, lab: _Lab, folder: Path, tell: Any) -> None:
    """Press Tab after names in a scratch notebook, and compare what is listed with what is public."""
    import nbformat

    first = (
        "import evaluation\nfrom evaluation import deep_dive, did, exhibits, load_study, participation, sick_leave\n"
    )
    first += 'study = evaluation.load_study("data/demo", as_of="2013-12-31", division=2013)'
    cells = [nbformat.v4.new_code_cell(first), nbformat.v4.new_code_cell("")]
    # Without a kernel named, JupyterLab would ask for one.
    named = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=named), folder / "notebooks" / "my_scratch.ipynb")
    _open(page, lab, "my_scratch.ipynb")
    _run_all(page)
    for name in ("study", "evaluation", "sick_leave", "did", "deep_dive", "exhibits", "participation"):
        page.locator(".jp-Notebook .jp-Cell .cm-content").nth(1).click()
        page.keyboard.press("Control+a")
        page.keyboard.type(f"{name}.")
        page.keyboard.press("Tab")
        page.wait_for_selector(".jp-Completer-item")
        time.sleep(1)
        listed = page.locator(".jp-Completer-item .jp-Completer-match").all_text_contents()
        _picture(page, f"tab-{name}")
        page.keyboard.press("Escape")
        code = f"print(*[one for one in dir({name}) if not one.startswith('_')])"
        public = page.evaluate(EXECUTE, code).split()
        foreign = sorted(set(listed) - set(public))
        tell(
            f"Tab after {name}.: names that are not public",
            len(foreign),
            "",
            ", ".join(foreign) or f"{len(listed)} listed",
        )
        tell(f"Tab after {name}.: public names left out", len(set(public) - set(listed)), "", f"of {len(public)}")
