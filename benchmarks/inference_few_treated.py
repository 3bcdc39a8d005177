"""With few treated municipalities studentised randomisation inference rejects a true null about as often as it should.

428 municipalities, 28 quarters, errors with autocorrelation 0.5 and a variance that falls with the municipality's size,
two intakes, no effect. Each row is one situation: how many are treated, and whether they are any, small (from the
smallest quarter), large (from the largest quarter) or noisy (twice the standard deviation, whatever their size). A test
at 5 % should reject a true null in 5 % of the data sets; with 1 000 of them two Monte Carlo standard errors of such a
share are 1.4 percentage points. Beside it the share in which the same test tells an effect of 1 percentage point (of
the sick-leave rate) from none.

Every test is made by the package itself, on the overall effect by imputation unless said otherwise. The unstudentised
permutation and Conley-Taber are not offered by the package; they stand here to show why.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.did.few_treated import residual_draws
from evaluation.did.linear_forms import linear_form
from evaluation.did.panel import Panel
from evaluation.did.randomisation import random_assignments
from evaluation.did.resampling import observed
from evaluation.did.results import Sample
from evaluation.did.wild_bootstrap import wild_draws

KIND = "proof"
UNITS, PERIODS, STARTS = 428, 28, (13, 17)
AUTOCORRELATION, LEVEL, EFFECT, DRAWS, REPLICATIONS = 0.5, 0.05, -1.0, 199, 1000
SITUATIONS = {
    "104 treated": (104, "any"),
    "20 treated": (20, "any"),
    "8 treated": (8, "any"),
    "8 small treated": (8, "small"),
    "8 large treated": (8, "large"),
    "5 treated": (5, "any"),
    "3 treated": (3, "any"),
    "8 noisy treated": (8, "noisy"),
    "3 noisy treated": (3, "noisy"),
    "2 treated": (2, "any"),
}
TESTS = (
    "cluster-robust, imputation",
    "cluster-robust, two-way",
    "cluster-robust, Callaway-Sant'Anna",
    "wild bootstrap, two-way",
    "wild bootstrap, imputation",
    "permutation",
    "studentised permutation",
    "studentised permutation, two-way",
    "studentised permutation, Callaway-Sant'Anna",
    "Conley-Taber",
    "Ferman-Pinto",
)


def simulated(generator: np.random.Generator, treated: int, which: str) -> tuple[Panel, np.ndarray]:
    """Return a panel without any effect and the size of each municipality (employees, about)."""
    size = np.sort(400 * np.exp(generator.normal(0, 1.0, UNITS)))
    deviation = np.sqrt(0.3 + 0.7 * 400 / size)
    noise = generator.normal(size=(UNITS, PERIODS))
    for period in range(1, PERIODS):
        before = AUTOCORRELATION * noise[:, period - 1]
        noise[:, period] = before + np.sqrt(1 - AUTOCORRELATION**2) * noise[:, period]
    quarter = UNITS // 4
    pools = {"small": np.arange(quarter), "large": np.arange(UNITS - quarter, UNITS)}
    pool = pools.get(which, np.arange(UNITS))
    group = np.zeros(UNITS, dtype=np.int64)
    chosen = generator.permutation(pool)[:treated]
    first = (treated + 1) // 2
    group[chosen[:first]], group[chosen[first:]] = STARTS
    if which == "noisy":
        deviation[chosen] *= 2
    outcome = (
        generator.normal(9, 1, UNITS)[:, None] + np.sin(np.arange(PERIODS) * np.pi / 2) + deviation[:, None] * noise
    )
    nothing = pd.DataFrame()
    panel = Panel(
        outcome=outcome,
        group=group,
        cluster=np.arange(UNITS),
        weights=np.ones(UNITS),
        covariates=np.empty((UNITS, PERIODS, 0)),
        origin=0,
        weighted=False,
        clustered=False,
        sample=Sample(UNITS * PERIODS, UNITS, UNITS, nothing, nothing),
        notes=(),
    )
    return panel, size


def p_values(panel: Panel, size: np.ndarray, seed: int) -> np.ndarray:
    """Return the p values of every test in `TESTS` against no effect and against `EFFECT`: (2, tests)."""
    from scipy.stats import norm

    forms = {
        method: linear_form(panel, method) for method in ("imputation", "two_way_fixed_effects", "callaway_santanna")
    }
    options = {"draws": DRAWS, "seed": seed}
    found = {method: observed(panel, form) for method, form in forms.items()}
    wild = [wild_draws(panel, forms[method], **options)[0] for method in ("two_way_fixed_effects", "imputation")]
    permuted = [random_assignments(panel, form, method=method, **options)[0] for method, form in forms.items()]
    errors = [residual_draws(panel, forms["imputation"], sizes, **options)[0] for sizes in (None, size)]
    rows = []
    for null in (0.0, EFFECT):
        distance = abs(found["imputation"][0] - null)
        rows.append(
            [2 * norm.sf(abs(estimate - null) / error) for estimate, error in found.values()]
            + [drawn.p_value(null) for drawn in wild]
            + [permuted[0].p_value(null, studentised=False)]
            + [drawn.p_value(null) for drawn in permuted]
            + [float((np.abs(drawn) >= distance).mean()) for drawn in errors]
        )
    return np.array(rows)


def run(replications: int = REPLICATIONS) -> pd.DataFrame:
    rows = []
    for position, (situation, (treated, which)) in enumerate(SITUATIONS.items()):
        found = np.array(
            [
                p_values(*simulated(np.random.default_rng((position, replication)), treated, which), replication)
                for replication in range(replications)
            ]
        )
        rejected = 100 * (found <= LEVEL).mean(axis=0)
        for what, shares in zip(
            ("a true null rejected", f"an effect of {EFFECT:g} told from none"), rejected, strict=True
        ):
            rows += [
                (f"{situation}: {test}: {what}", share, "%", f"{replications} data sets, test at 5 %")
                for test, share in zip(TESTS, shares, strict=True)
            ]
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])
