"""A chapter counts as run only when every cell of it ran; a failure names the cell and stops the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import nbformat
import pytest
import toy_reports as toys

from evaluation.errors import ReportError
from evaluation.report import warm
from evaluation.report.execute import Chapters, execute, execute_one, normalise
from evaluation.report.kernels import LONGEST_SOCKET_FOLDER, Kernels, socket_folder
from evaluation.report.parameters import Run
from evaluation.report.schedule import each, place

PARAMETERS = toys.code('x = 1\nlanguage = "nb"', "parameters")


@pytest.fixture(params=["warm", "cold"] if warm.available() else ["cold"])
def cold(request, monkeypatch):
    """Everything here is promised of warm and cold kernels alike."""
    monkeypatch.setattr(warm, "LIBRARIES", ("ipykernel.kernelapp", "numpy"))
    return request.param == "cold"


@pytest.fixture
def run(cold):
    def run(folder: Path, *stems: str, workers: int = 2, done=lambda name: None, cold: bool = cold, **parameters):
        runs = [Run(stem, folder / "notebooks" / f"{stem}.ipynb", parameters) for stem in stems]
        with place(partial(Chapters, folder, 86400, cold=cold), workers=workers) as here:
            return execute(runs, here, done=done)

    return run


def test_the_first_piece_is_begun_before_the_next_is_asked_for():
    begun = threading.Event()

    class Bench:
        def __call__(self, piece: int) -> int:
            begun.set()
            return piece

        def close(self) -> None:
            pass

    def pieces():
        yield 1
        assert begun.wait(60)
        yield 2

    with place(Bench, workers=1) as here:
        assert sorted(here.result(future) for _, future in each(here, pieces())) == [1, 2]


def test_notebooks_run_in_neutral_surroundings_whatever_kernels_the_user_has(run, tmp_path, monkeypatch):
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    wrong = {"argv": ["/bin/false", "{connection_file}"], "display_name": "wrong", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(wrong))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("LC_ALL", "nb_NO.UTF-8")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    names = ("PYTHONHASHSEED", "MPLBACKEND", "TZ", "LC_ALL", "SOURCE_DATE_EPOCH")
    source = f"import json, os\nprint(json.dumps([x, os.getcwd(), *(os.environ[n] for n in {names!r})]))"
    toys.write(tmp_path, "a", PARAMETERS, toys.code(source))
    done: list[str] = []
    executed = run(tmp_path, "a", done=done.append, x=2)["a"]
    expected = [2, str(tmp_path), "0", "agg", "UTC", "C.UTF-8", "86400"]
    assert json.loads(executed.cells[-1].outputs[0].text) == expected
    assert done == ["a"]


def test_two_runs_leave_equal_notebooks(run, tmp_path):
    toys.write(tmp_path, "a", PARAMETERS, toys.code("object()"), toys.code(""), toys.markdown("text"))
    first, second = (nbformat.writes(run(tmp_path, "a", x=2)["a"]) for _ in range(2))
    assert first == second
    assert "papermill" not in first
    assert " at 0x0>" in first


@pytest.mark.parametrize(
    ("source", "expected", "more"),
    [
        ("# why\n1 / 0", "1 / 0):\nZeroDivisionError: division by zero", ()),
        ("import sys; sys.exit(0)", "import sys; sys.exit(0)):\nthe notebook ended itself", ()),
        ("import sys; sys.exit(0)", "import sys; sys.exit(0)):\nthe notebook ended itself", ("2",)),
        ("import os; os.kill(os.getpid(), 9)", "import os; os.kill(os.getpid(), 9)):\nthe kernel died", ("2",)),
        ("import os; os._exit(0)", "import os; os._exit(0)):\nthe kernel died", ()),
    ],
)
def test_a_cell_that_did_not_end_well_is_named(run, tmp_path, source, expected, more):
    cells = [PARAMETERS, toys.markdown("text"), toys.code(source), *map(toys.code, more)]
    toys.write(tmp_path, "a", *cells)
    with pytest.raises(ReportError) as error:
        run(tmp_path, "a", x=2)
    assert str(error.value).startswith(f"a.ipynb, cell 3 ({expected}")


def test_an_error_of_the_suite_speaks_for_itself(run, tmp_path):
    source = "from evaluation.errors import InputError, Problem\n"
    source += "raise InputError(Problem('no such column', 'Mend it', 'f.csv'))"
    toys.write(tmp_path, "a", toys.code(source))
    with pytest.raises(ReportError) as error:
        run(tmp_path, "a")
    assert str(error.value).endswith(":\nf.csv: no such column. Mend it")


def test_a_cell_allowed_to_fail_is_a_failure_all_the_same(run, tmp_path):
    toys.write(tmp_path, "a", toys.code("1 / 0", "raises-exception"), toys.code("1"))
    with pytest.raises(ReportError, match="cell 1"):
        run(tmp_path, "a")


def test_a_skipped_cell_is_a_failure(run, tmp_path):
    toys.write(tmp_path, "a", toys.code("1", "skip-execution"))
    with pytest.raises(ReportError, match=r"cell 1 \(1\):\nthe cell was never run"):
        run(tmp_path, "a")


def test_the_first_failure_kills_the_other_kernels(run, tmp_path):
    mark = tmp_path / "pid"
    waiting = f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    toys.write(tmp_path, "slow", toys.code(waiting))
    failing = f"import pathlib, time\nwhile not pathlib.Path({str(mark)!r}).exists(): time.sleep(0.05)\n1 / 0"
    toys.write(tmp_path, "failing", toys.code(failing))
    toys.write(tmp_path, "later", toys.code(f"import pathlib; pathlib.Path({str(tmp_path / 'later')!r}).touch()"))
    began = time.monotonic()
    with pytest.raises(ReportError, match=r"failing\.ipynb, cell 1"):
        run(tmp_path, "slow", "failing", "later")
    assert time.monotonic() - began < 60
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    assert not (tmp_path / "later").exists()


def test_sockets_have_a_short_folder_whatever_the_temporary_folder_is(tmp_path, monkeypatch):
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    folder = socket_folder()
    assert len(str(folder)) <= LONGEST_SOCKET_FOLDER
    assert not any(deep.iterdir())
    folder.rmdir()


SHOWS = """
import numpy as np, sys
from IPython.display import Markdown, display
%matplotlib inline
import matplotlib.pyplot as plt
plt.plot([1, 3, 2])
plt.show()
display(Markdown("*text*"))
print([name for name in sys.modules if name.startswith("evaluation")], x)
np.random.default_rng(7).normal(size=3)
"""


def test_a_warm_kernel_shows_what_a_cold_one_shows(run, tmp_path, cold):
    toys.write(
        tmp_path, "a", PARAMETERS, toys.code(SHOWS), toys.code("__name__, __file__ if '__file__' in dir() else ''")
    )
    here, other = (nbformat.writes(run(tmp_path, "a", cold=how, x=3)["a"]) for how in (cold, not cold))
    assert here == other
    assert '"image/png"' in here
    assert "[] 3" in here


def test_kernels_draw_random_numbers_of_their_own(run, tmp_path, cold):
    source = "import sys\nprint('numpy' in sys.modules, 'matplotlib_inline.backend_inline' in sys.modules)"
    source += "\nimport numpy, random\nnumpy.random.random(), random.random()"
    for stem in ("a", "b"):
        toys.write(tmp_path, stem, toys.code(source))
    first, second = (run(tmp_path, "a", "b")[stem].cells[0].outputs for stem in ("a", "b"))
    assert first[0].text == f"{not cold} False\n"
    assert first[1].data["text/plain"] != second[1].data["text/plain"]


def test_without_its_server_a_run_goes_on_cold(run, tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "SCRIPT", tmp_path / "absent.py")
    toys.write(tmp_path, "a", toys.code("1 + 1"))
    assert run(tmp_path, "a")["a"].cells[0].outputs[0].data["text/plain"] == "2"


def test_a_server_that_dies_is_a_dead_kernel_and_not_a_hanging_run(tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "LIBRARIES", ())
    path = toys.write(tmp_path, "a", toys.code("import os, time\ntime.sleep(600)"))
    with Kernels(tmp_path, 0) as kernels:
        server = getattr(kernels.server, "_process", None)  # there is none where kernels are not forked
        killer = threading.Timer(3, server.kill if server is not None else kernels.kill)
        killer.start()
        with pytest.raises(ReportError, match=r"the kernel died|stopped"):
            execute_one(Run("a", path, {}), kernels)


def test_a_long_text_without_spaces_costs_no_more_than_its_length():
    cell = toys.code("1")
    cell.outputs = [nbformat.v4.new_output("stream", text="x" * 3_000_000 + " /tmp/ipykernel_12/34.py")]
    assert normalise(toys.notebook(cell), set()).cells[0].outputs[0].text == "x" * 3_000_000 + " cell.py"


def test_a_widget_is_left_out_of_the_notebook(run, tmp_path):
    bundle = {"application/vnd.jupyter.widget-view+json": {"model_id": "0a"}, "text/plain": "bar"}
    toys.write(tmp_path, "a", toys.shows(bundle, toys.prose("text")))
    outputs = run(tmp_path, "a")["a"].cells[0].outputs
    assert [output.data["text/markdown"] for output in outputs] == ["text"]


@pytest.mark.skipif(not warm.available(), reason="kernels are not forked here")
def test_what_a_kernel_compiles_is_kept_as_long_as_the_run_where_it_may_not_lie_beside_the_source(
    run, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "own.py").write_text("x = 1\n")
    toys.write(
        tmp_path, "a", PARAMETERS, toys.code("import os, own\nprint(own.__cached__)\nos.stat(own.__cached__)[:0]")
    )
    executed = run(tmp_path, "a", cold=False)["a"]
    compiled = Path(executed.cells[-1].outputs[0].text.strip())
    assert not compiled.is_relative_to(tmp_path)
    assert not compiled.exists()
    assert not (tmp_path / "__pycache__").exists()


def test_a_kernel_ends_with_all_that_a_notebook_left_to_its_end(run, tmp_path):
    left = [tmp_path / name for name in ("unclosed", "at exit", "by a thread")]
    source = f"""
import atexit, pathlib, sys, threading, time
sys.unclosed = open({str(left[0])!r}, "w")  # not in the namespace, which IPython empties
sys.unclosed.write("1")
atexit.register(pathlib.Path({str(left[1])!r}).write_text, "2")
threading.Thread(target=lambda: (time.sleep(0.3), pathlib.Path({str(left[2])!r}).write_text("3"))).start()
"""
    toys.write(tmp_path, "a", toys.code(source))
    run(tmp_path, "a")
    assert [path.read_text() for path in left] == ["1", "2", "3"]


def test_a_run_that_is_killed_leaves_no_kernel(tmp_path, cold):
    mark = tmp_path / "pid"
    source = f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    path = toys.write(tmp_path, "slow", toys.code(source))
    script = "import sys\nfrom pathlib import Path\nfrom evaluation.report import warm\nwarm.LIBRARIES = ()\n"
    script += "from evaluation.report.execute import execute_one\nfrom evaluation.report.kernels import Kernels\n"
    script += "from evaluation.report.parameters import Run\npath = Path(sys.argv[1])\n"
    script += (
        f"with Kernels(path.parent, 0, cold={cold}) as kernels:\n    execute_one(Run('slow', path, {{}}), kernels)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], env=environment)
    deadline = time.monotonic() + 90
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while lives(int(mark.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not lives(int(mark.read_text()))


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(") ", 1)[1][0] != "Z"
