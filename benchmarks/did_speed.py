"""Difference-in-differences: Callaway-Sant'Anna is as fast as diff-diff called directly, and no method needs 2 GB.

Panels of 428 units by 28 periods (two intakes, 104 treated) and 20 000 by 40 (six intakes, 4 860 treated). Every
task runs in a process of its own, with linear algebra on one thread (peers may use threads of their own): peak memory
is that of the whole process, Python and its libraries included; times are the best of several, warm. Peers that are not
in the lock are measured if the environment variable PEERS_PYTHON names a Python that has them and this package.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

KIND = "bench"
ROOT = Path(__file__).parents[1]
ROUNDS = 3
SMALL, LARGE = "428 x 28", "20 000 x 40"
NAMES = {"outcome": "y", "unit": "unit", "period": "period", "first_treated": "first"}
PACKAGE = {"diff_diff": "diff-diff"}
OURS = (
    "callaway_santanna",
    "sun_abraham",
    "imputation",
    "two_stage",
    "two_way_fixed_effects",
    "synthetic_did",
    "synthetic_control",
)
BOOTSTRAP = "Callaway-Sant'Anna, 999 multiplier draws"
TWO_WAY = "two-way fixed effects, clustered"


def panel(size: str) -> pd.DataFrame:
    """Unit and period effects, noise, and an effect of -0.3 in staggered intakes."""
    import numpy as np

    units, periods, intakes, treated = (
        (428, 28, (17, 21), 104) if size == SMALL else (20_000, 40, range(11, 35, 4), 4_860)
    )
    generator = np.random.default_rng(0)
    first = np.zeros(units, dtype=int)
    first[:treated] = np.resize(list(intakes), treated)
    time_ = np.arange(1, periods + 1)
    outcome = generator.normal(size=units)[:, None] + np.sin(time_) + generator.normal(size=(units, periods))
    outcome -= 0.3 * ((first[:, None] > 0) & (time_ >= first[:, None]))
    columns = {"unit": np.repeat(np.arange(units), periods), "period": np.tile(time_, units)}
    return pd.DataFrame(columns | {"first": np.repeat(first, periods), "y": outcome.ravel()})


def _ours(method: str) -> Callable[[pd.DataFrame], Any]:
    from evaluation import did

    return lambda frame: did.estimate(frame, method=method, **NAMES)


def _diff_diff(frame: pd.DataFrame) -> Any:
    from diff_diff import CallawaySantAnna

    estimator = CallawaySantAnna(
        n_bootstrap=999, seed=1, control_group="not_yet_treated", base_period="universal", cband=True
    )
    return estimator.fit(frame, "y", "unit", "period", "first")


def _csdid(frame: pd.DataFrame) -> Any:
    from csdid.att_gt import ATTgt

    fitted = ATTgt("y", "period", "unit", "first", data=frame, control_group="notyettreated", biters=999)
    fitted.fit(est_method="reg", base_period="universal", bstrap=True)
    return fitted.aggte("dynamic", bstrap=True, biters=999)


def _differences(frame: pd.DataFrame) -> Any:
    from differences import ATTgt

    cohorts = frame.set_index(["unit", "period"])
    cohorts = cohorts.assign(first=cohorts["first"].where(cohorts["first"] > 0))
    fitted = ATTgt(data=cohorts, cohort_column="first", base_period="universal")
    fitted.fit("y", control_group="not_yet_treated", boot_iterations=999, random_state=1, progress_bar=False)
    return fitted.aggregate("event", boot_iterations=999, random_state=1)


def _moderndid(frame: pd.DataFrame) -> Any:
    import moderndid

    options = {"control_group": "notyettreated", "base_period": "universal", "est_method": "reg"}
    names = {"yname": "y", "tname": "period", "idname": "unit", "gname": "first"}
    fitted = moderndid.att_gt(frame, **names, **options, boot=True, biters=999, random_state=1)
    return moderndid.aggte(fitted, type="dynamic")


def _pyfixest(frame: pd.DataFrame) -> Any:
    import pyfixest

    treated = ((frame["first"] > 0) & (frame["period"] >= frame["first"])).astype(float)
    return pyfixest.feols("y ~ treated | unit + period", frame.assign(treated=treated), vcov={"CRV1": "unit"})


PEERS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "diff_diff": _diff_diff,
    "csdid": _csdid,
    "differences": _differences,
    "moderndid": _moderndid,
    "pyfixest": _pyfixest,
}


def task(name: str, size: str, repeats: int) -> dict[str, Any]:
    """Measure one estimator in this process: seconds (best of the repeats, after a first run) and peak megabytes."""
    try:
        release = version(PACKAGE.get(name, name) if name in PEERS else "evaluation")
    except PackageNotFoundError:
        return {"absent": True}
    frame, estimator = panel(size), PEERS[name] if name in PEERS else _ours(name)
    warnings.simplefilter("ignore")
    seconds = []
    with contextlib.redirect_stdout(io.StringIO()):
        for _ in range(repeats + 1):
            start = time.perf_counter()
            estimator(frame)
            seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": min(seconds[1:] or seconds), "megabytes": peak, "version": release}


def _measure(name: str, size: str, repeats: int) -> dict[str, Any]:
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [python, "-m", "benchmarks.did_speed", name, size, str(repeats)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | threads, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} on {size} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _compare(
    what: str, size: str, own: str, peers: tuple[str, ...], repeats: int
) -> list[tuple[str, object, str, str]]:
    rounds = [{name: _measure(name, size, repeats) for name in (own, *peers)} for _ in range(ROUNDS)]
    rows: list[tuple[str, object, str, str]] = []
    found = {name: [one[name] for one in rounds] for name in (own, *peers)}
    best = min(one["seconds"] for one in found[own])
    rows.append((f"{what}, {size}: evaluation", round(best, 4), "seconds", ""))
    rows.append((f"{what}, {size}: evaluation", round(found[own][0]["megabytes"]), "MB peak", ""))
    for name in peers:
        if any("absent" in one for one in found[name]):
            rows.append((f"{what}, {size}: {name}", None, "seconds", "peer not installed"))
            continue
        theirs, label = min(one["seconds"] for one in found[name]), f"{name} {found[name][0]['version']}"
        rows.append((f"{what}, {size}: {name}", round(theirs, 4), "seconds", label))
        rows.append((f"{what}, {size}: evaluation / {name}", round(best / theirs, 3), "ratio", label))
        rows.append((f"{what}, {size}: {name}", round(found[name][0]["megabytes"]), "MB peak", label))
    return rows


def run() -> pd.DataFrame:
    rows = _compare(BOOTSTRAP, SMALL, "callaway_santanna", ("diff_diff", "csdid", "differences", "moderndid"), 7)
    rows += _compare(BOOTSTRAP, LARGE, "callaway_santanna", ("diff_diff",), 2)
    rows += _compare(TWO_WAY, LARGE, "two_way_fixed_effects", ("pyfixest",), 3)
    for method in OURS:
        found = _measure(method, LARGE, 0)
        rows.append((f"{method}, {LARGE}, first run", round(found["seconds"], 2), "seconds", ""))
        rows.append((f"{method}, {LARGE}", round(found["megabytes"]), "MB peak", "limit 2 000"))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


if __name__ == "__main__":
    print(json.dumps(task(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
