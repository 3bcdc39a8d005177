"""HonestDiD bounds on the published Medicaid example: R's intervals to 1e-3, three of each kind in under 3 seconds.

The event study of the README of the R package HonestDiD (states that expanded Medicaid in 2014 against those that had
not by 2015; two-way fixed effects, errors clustered on the state with fixest's small-sample factor; the effect in
2014). moderndid, beside it on the same event study, is measured if the environment variable PEERS_PYTHON names a Python
that has it with its solvers.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pandas as pd

KIND = "bench"
DATA = Path(__file__).parents[1] / "tests" / "data" / "ehec.csv"
SMOOTH, MAGNITUDES = (0.0, 0.01, 0.05), (0.5, 1.0, 2.0)
PUBLISHED = {
    ("smoothness", 0.0): (0.0259, 0.0607),
    ("smoothness", 0.01): (0.0132, 0.0787),
    ("smoothness", 0.05): (-0.0271, 0.121),
    ("relative magnitudes", 0.5): (0.0240, 0.0672),
    ("relative magnitudes", 1.0): (0.0171, 0.0720),
    ("relative magnitudes", 2.0): (-0.0011, 0.0883),
}
PEER = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from moderndid.didhonest import sensitivity
given = json.loads(sys.stdin.read())
estimate, covariance = np.array(given["estimate"]), np.array(given["covariance"])
runs = {
    "smoothness": lambda: sensitivity.create_sensitivity_results_sm(estimate, covariance, 5, 2, m_vec=given["smooth"]),
    "relative magnitudes": lambda: sensitivity.create_sensitivity_results_rm(
        estimate, covariance, 5, 2, m_bar_vec=given["magnitudes"]
    ),
}
found = {}
for name, run in runs.items():
    start = time.perf_counter()
    table = run()
    found[name] = [time.perf_counter() - start, [list(map(float, row)) for row in table.select("lb", "ub").rows()]]
print(json.dumps(found))
"""


def event_study():
    import statsmodels.api as sm

    from evaluation.did import EventStudy

    frame = pd.read_csv(DATA)
    frame = frame[(frame["year"] < 2016) & (frame["first_treated"] != 2015)]
    design = pd.get_dummies(frame[["state", "year"]].astype("category"), dtype=float).drop(columns="year_2008")
    years = [year for year in range(2008, 2016) if year != 2013]
    for year in years:
        design[f"treated_{year}"] = ((frame["first_treated"] == 2014) & (frame["year"] == year)).astype(float)
    fit = sm.OLS(frame["insured"], design).fit()
    clustered = fit.get_robustcov_results("cluster", groups=frame["state"].to_numpy(), use_correction=False)
    rows, clusters = len(frame), frame["state"].nunique()
    factor = clusters / (clusters - 1) * (rows - 1) / (rows - 15)
    times = [year - 2014 for year in years]
    covariance = pd.DataFrame(factor * clustered.cov_params()[-7:, -7:], index=times, columns=times)
    return EventStudy(pd.Series(fit.params.to_numpy()[-7:], index=times), covariance)


def run() -> pd.DataFrame:
    from evaluation import did

    study, rows = event_study(), []
    for name, bounds in (("smoothness", SMOOTH), ("relative magnitudes", MAGNITUDES)):
        start = time.perf_counter()
        found = did.honest(study, restriction=name.replace(" ", "_"), values=bounds, target=0)
        seconds = time.perf_counter() - start
        note = f"limit 3 s; with the breakdown value ({found.breakdown:.4g}), imports included"
        rows.append((f"{name}: three intervals", seconds, "s", note))
        for row in found.intervals.itertuples():
            low, high = PUBLISHED[name, row.bound]
            rows.append((f"{name} {row.bound:g}: low", row.low, "share insured", f"R publishes {low}"))
            rows.append((f"{name} {row.bound:g}: high", row.high, "share insured", f"R publishes {high}"))
            worst = max(abs(row.low - low), abs(row.high - high))
            rows.append((f"{name} {row.bound:g}: distance from R", worst, "share insured", "limit 0.001"))
    rows += _moderndid(study)
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def _moderndid(study) -> list[tuple]:
    peer = os.environ.get("PEERS_PYTHON")
    if not peer:
        return [("moderndid: three intervals", float("nan"), "s", "peer not installed")]
    given = {"estimate": study.estimate.tolist(), "covariance": study.covariance.to_numpy().tolist()}
    given |= {"smooth": SMOOTH, "magnitudes": MAGNITUDES}
    done = subprocess.run([peer, "-c", PEER], input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode:
        return [("moderndid: three intervals", float("nan"), "s", "peer not installed")]
    rows = []
    for name, (seconds, intervals) in json.loads(done.stdout.splitlines()[-1]).items():
        said = "; ".join(f"[{low:.4f}, {high:.4f}]" for low, high in intervals)
        rows.append((f"moderndid, {name}: three intervals", seconds, "s", said))
    return rows
