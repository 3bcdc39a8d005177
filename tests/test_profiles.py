"""A profile for every municipality: found by an index, kept when nothing changed, not stopped by another's failure."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy_profiles as toy
import toy_reports as toys
from pypdf import PdfReader

from evaluation import cli
from evaluation.errors import InputError, ParameterError, ReportError
from evaluation.report import warm
from evaluation.report.declared import read_notebook
from evaluation.report.execute import execute_one
from evaluation.report.inline import may_depend
from evaluation.report.kernels import Kernels
from evaluation.report.parameters import Run
from evaluation.report.profiles import batch
from evaluation.report.profiles.page import Task

ROOT = Path(__file__).parents[1]
EVALUATION = Path(sys.executable).with_name("evaluation")


@pytest.fixture(autouse=True)
def few_libraries(monkeypatch):
    monkeypatch.setattr(warm, "LIBRARIES", ())


@pytest.fixture
def interruptible():
    """Python ignores Ctrl-C where it was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_municipality_gets_a_page_its_data_and_a_line_in_the_index(tmp_path):
    made = toy.make(toy.project(tmp_path))
    assert (made.made, made.kept, made.removed, made.failures) == (3, 0, 0, {})
    assert made.folder == tmp_path / "reports" / "deep-dives"
    names = set(hashes(made.folder))
    for stem in ("0301/0301-as-oy", "6233/6233-varghaug", "6234/6234-abmirnjarga"):
        assert {f"{stem}.html", f"{stem}.pdf", f"{stem[:4]}/data/tall.csv", f"{stem[:4]}/findings.json"} <= names
    page = (made.folder / "6233/6233-varghaug.html").read_text(encoding="utf-8")
    assert re.findall(r"<h(\d)[^>]*>([^<]*)<", page) == [("1", "Kommune 6233"), ("2", "Om"), ("2", "Mer")]
    assert '<a href="#fig-profile-6233-kurve">figur 1</a>' in page
    assert "<script" not in page
    assert "http:" not in re.sub(r'xmlns(:\w+)?="[^"]*"|data:[^"]*', "", page)
    assert "Syntetiske data" in page
    reader = PdfReader(made.folder / "6233/6233-varghaug.pdf")
    assert reader.trailer["/Root"]["/Lang"] == "nb"
    assert "Varghaug" in reader.metadata.title


def test_the_index_links_every_page_and_needs_no_network(tmp_path):
    made = toy.make(toy.project(tmp_path), language="nn")
    index = (made.folder / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"#]+)"', index)
    assert len(links) == 9
    assert all((made.folder / link).is_file() for link in links)
    assert "//" not in re.sub(r'<script>.*</script>|content="[^"]*"', "", index, flags=re.DOTALL)
    script = re.search(r"<script>(.*)</script>", index, re.DOTALL)[1]
    assert f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in index
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", index)
    assert "Ås &amp; &lt;Øy&gt;" in index
    assert index.count("<tr>") == 4
    assert 'lang="nn"' in index
    assert "634\u00a0463" in index


def test_warm_and_cold_profiles_are_equal_byte_by_byte(tmp_path):
    source = "import numpy as np\nprint(municipality)\n1 / np.array([1.0, 3.0])"
    toy.project(tmp_path, source)
    warmed = toy.make(tmp_path, out=tmp_path / "warm")
    cold = toy.make(tmp_path, out=tmp_path / "cold", cold=True, workers=1)
    assert hashes(warmed.folder) == hashes(cold.folder)
    assert len(hashes(cold.folder)) > 15


def test_what_is_shared_is_run_once_and_each_profile_has_its_own_process(tmp_path):
    log = tmp_path / "log"
    source = f"with open({str(log)!r}, 'a') as file:\n    print(municipality, opened, os.getpid(), file=file)"
    toy.make(toy.project(tmp_path, source), workers=1)
    rows = [line.split() for line in log.read_text().splitlines()]
    assert [row[0] for row in rows] == ["0301", "6233", "6234"]
    assert len({row[1] for row in rows}) == (1 if warm.available() else 3)
    assert len({row[2] for row in rows}) == 3


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 / 0", "profile.ipynb, municipality 6233, cell 8 (if municipality == '6233':):\nZeroDivisionError"),
        ("import sys; sys.exit(0)", "the notebook ended itself"),
        ("os.kill(os.getpid(), 9)", "cell 8 (if municipality == '6233':):\nthe process died"),
        ("os._exit(3)", "cell 8 (if municipality == '6233':):\nthe notebook ended the process by itself"),
        ("os._exit(0)", "cell 8 (if municipality == '6233':):\nthe notebook ended the process by itself"),
        ("while True: pass", "cell 8 (if municipality == '6233':):\nit took longer than 3 seconds"),
    ],
)
def test_one_failure_stops_no_other_and_is_told(tmp_path, monkeypatch, source, expected):
    monkeypatch.setattr(batch, "LIMIT", 3)
    made = toy.make(toy.project(tmp_path, f"if municipality == '6233':\n    {source}"))
    assert made.made == 2
    assert list(made.failures) == ["6233 Varghaug"]
    assert expected in made.failures["6233 Varghaug"]
    assert sorted(path.name for path in made.folder.iterdir()) == ["0301", "6234", "index.html", "manifest.json"]
    index = (made.folder / "index.html").read_text(encoding="utf-8")
    assert "Profiler som mangler" in index
    assert "6233 Varghaug" in index


def test_what_is_up_to_date_is_kept_and_the_rest_made(tmp_path):
    toy.project(tmp_path, "if municipality == '6233':\n    1 / 0")
    first = toy.make(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*.html")}
    again = toy.make(tmp_path)
    assert (again.made, again.kept, len(again.failures)) == (0, 2, 1)
    kept = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*-*.html")}
    assert all(times[path] == moment for path, moment in kept.items())
    (first.folder / "0301" / "0301-as-oy.pdf").write_bytes(b"")
    assert toy.make(tmp_path).made == 1
    toy.project(tmp_path)
    assert toy.make(tmp_path, "0301,6233") == again.__class__(first.folder, 2, 0, 1, {})
    assert toy.make(tmp_path, "Ábmirnjárga").made == 1
    final = toy.make(tmp_path)
    assert (final.made, final.kept, final.removed) == (0, 3, 0)
    assert toy.make(tmp_path, as_of="2014-12-31").made == 3
    assert "2014" in (final.folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_leaves_the_earlier_profiles_and_goes_on_where_it_was(tmp_path):
    toy.make(toy.project(tmp_path))
    folder = tmp_path / "reports" / "deep-dives"
    before = hashes(folder)
    stop = tmp_path / "stop"
    stop.touch()
    source = f"if municipality == '6234' and os.path.exists({str(stop)!r}):\n    os.kill({os.getpid()}, 2)\n"
    toy.project(tmp_path, source + "    import time; time.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        toy.make(tmp_path, workers=1)
    assert hashes(folder) == before
    assert not toy.processes()
    stop.unlink()
    made = toy.make(tmp_path)
    assert (made.made, made.kept) == (1, 2)
    assert sorted(path.name for path in folder.parent.iterdir()) == [".deep-dives.lock", "deep-dives"]


def test_what_fails_for_all_is_one_error(tmp_path):
    toy.project(tmp_path)
    notebook = read_notebook(tmp_path / "notebooks" / "profile.ipynb")
    notebook.cells[4].source = "raise ValueError('no data')"
    toys.write(tmp_path, "profile", *notebook.cells)
    with pytest.raises(ReportError, match=r"profile\.ipynb, cell 5 \(raise ValueError.*\nValueError: no data"):
        toy.make(tmp_path)


@pytest.mark.parametrize(
    ("municipalities", "options", "expected"),
    [
        ("", {}, "no municipality is asked for"),
        ("0999", {}, "'0999': the municipality is not in the study"),
        ("Nowhere", {}, "unknown municipality"),
        ("all", {"as_of": "2013"}, "--as-of is not a date"),
        ("all", {"language": "no"}, "nynorsk"),
        ("all", {"data": "x"}, "unknown --data"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(tmp_path, municipalities, options, expected):
    toy.project(tmp_path)
    with pytest.raises((ParameterError, InputError), match=expected):
        toy.make(tmp_path, municipalities, **options)
    assert not (tmp_path / "reports").exists()


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    toy.project(tmp_path)
    with pytest.raises(ReportError, match="something else than a report"):
        toy.make(tmp_path, out=tmp_path / "params")


def test_termination_ends_every_process(tmp_path):
    mark = tmp_path / "pid"
    source = f"import time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600 if municipality else 0)"
    toy.project(tmp_path, source)
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nimport toy_profiles, pathlib\n"
    script += "from evaluation.report import warm; warm.LIBRARIES = ()\n"
    script += f"toy_profiles.make(pathlib.Path({str(tmp_path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    deadline = time.monotonic() + 10
    while _lives(int(mark.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(int(mark.read_text()))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def test_cells_run_here_show_what_a_kernel_shows(tmp_path):
    sources = [
        "import sys, numpy as np\nprint('a'); print('b')",
        "from IPython.display import display, HTML\nprint('x'); display(HTML('<b>1</b>')); print('y')\n{1, 2}",
        "import pandas as pd\nframe = pd.DataFrame({'a': [1.5, None]})\nframe",
        "x = 2",
        "y = 3;\ny;",
        "# nothing",
        "print('c', file=sys.stderr)",
        "",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, x]); plt.show()",
        "!echo shell",
        "In[-1], len(Out), __name__, _",
        "await __import__('asyncio').sleep(0, 'later')",
        "sys.stdout.write('no line end')",
    ]
    cells = [toys.code("x = 1", "parameters"), toys.markdown("text"), *map(toys.code, sources)]
    path = toys.write(tmp_path, "a", *cells)
    with Kernels(tmp_path, 0, cold=True) as kernels:
        expected = execute_one(Run("a", path, {"x": 7}), kernels)
        environment = kernels.environment
    script = "import sys, nbformat\nfrom pathlib import Path\nfrom evaluation.report.declared import read_notebook\n"
    script += "from evaluation.report.inline import Inline\nown = Inline(read_notebook(Path(sys.argv[1])), {'x': 7})\n"
    script += "assert own.run(len(own.notebook.cells)) is None\nnbformat.write(own.notebook, sys.argv[2])"
    command = [sys.executable, "-c", script, str(path), str(tmp_path / "own.ipynb")]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    own = read_notebook(tmp_path / "own.ipynb")
    wanted = [cell for cell in expected.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    for cell, here in zip(wanted, own.cells, strict=True):
        assert (here.get("outputs"), here.get("execution_count")) == (cell.get("outputs"), cell.get("execution_count"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1", False),
        ("by = ('town', 'year')", False),
        ("print(town)", True),
        ("f'{town}'", True),
        ("globals()['to' + 'wn']", True),
        ("%run other.py", True),
        ("from helper import *\ntable.town", False),
    ],
)
def test_a_cell_that_may_ask_for_the_parameter_is_not_shared(source, expected):
    assert may_depend(source, "town") is expected


def test_names_become_file_names():
    assert Task("0301", "Åsnes/Øst (æ)", "").stem == "0301-asnes-ost-ae"
    assert Task("0301", "北", "").stem == "0301"


def test_the_command_tells_failures_and_ends_with_status_1(tmp_path, monkeypatch, capsys):
    toy.project(tmp_path)
    folder = tmp_path / "reports" / "deep-dives"
    asked = {}

    def make(*arguments, **options):
        asked.update(options, arguments=arguments)
        return batch.Made(folder, 2, 1, 4, {"6233 Varghaug": "broken"})

    monkeypatch.setattr(batch, "make_profiles", make)
    monkeypatch.chdir(tmp_path)
    arguments = ["deep-dives", "--municipalities", "all", "--parameters", "toy", "--division", "2013", "--cold"]
    monkeypatch.setattr(sys, "argv", ["evaluation", *arguments, "--as-of", "2013-12-31", "--workers", "3"])
    with pytest.raises(SystemExit) as status:
        cli.main()
    out, err = capsys.readouterr()
    assert status.value.code == 1
    assert out == "reports/deep-dives/index.html: 2 profiles made, 1 kept, 4 outdated ones of others removed\n"
    assert err == "1 profiles could not be made.\n6233 Varghaug: broken\n"
    assert asked["arguments"] == ("all", tmp_path / "params" / "toy.yaml")
    assert (asked["division"], asked["as_of"], asked["workers"], asked["cold"]) == (2013, "2013-12-31", 3, True)


@pytest.mark.report
def test_profiles_of_the_demonstration_fill_two_pages(tmp_path):
    arguments = ["deep-dives", "--municipalities", "Varghaug,0061", "--language", "nn", "--out", str(tmp_path)]
    done = subprocess.run([str(EVALUATION), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = sorted(tmp_path.glob("*/*.pdf"))
    assert len(pages) == 2
    assert all(len(PdfReader(page).pages) == 2 for page in pages)
    findings = json.loads((tmp_path / "6233" / "findings.json").read_text(encoding="utf-8"))
    assert [(one["name"], one["causal"]) for one in findings] == [("sick_leave_gap", False), ("full_time_gap", False)]
