"""Other reasonable choices for the effect on position sizes: each is the estimator it says, on the rows it says."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation import did

# The package's name is the function's.
module = import_module("evaluation.positions.alternatives")

EFFECT = 2.0


def _panel(seed=1, units=120, years=range(2008, 2014)):
    rng = np.random.default_rng(seed)
    first = np.repeat([0, 2012, 2013], [units // 2, units // 4, units // 4])
    frame = pd.DataFrame([(unit, year) for unit in range(units) for year in years], columns=["municipality", "year"])
    frame["first_treated"] = first[frame["municipality"]]
    treated = (frame["first_treated"] > 0) & (frame["year"] >= frame["first_treated"])
    level = rng.normal(40, 5, units)[frame["municipality"]] + 0.3 * (frame["year"] - 2008)
    frame["full_time_share"] = level + EFFECT * treated + rng.normal(0, 0.5, len(frame))
    frame["weight"] = rng.integers(50, 500, units)[frame["municipality"]].astype(float)
    return frame.assign(period=frame["year"])


@pytest.fixture
def found(monkeypatch):
    data = _panel()

    def panel(study, outcome, *, exclude_earlier=False, **_):
        # The municipalities of the earlier programme are the first ten.
        return SimpleNamespace(data=data[data["municipality"] >= 10] if exclude_earlier else data)

    monkeypatch.setattr(module, "panel", panel)
    return module.alternatives(None, "full_time_share").set_index("specification"), data


def test_every_choice_recovers_the_effect_and_names_its_sample(found):
    rows, _ = found
    assert rows.index.tolist() == list(module.CHOICES)
    assert rows["prespecified"].tolist() == [True, *[False] * (len(rows) - 1)]
    assert rows["estimate"].between(EFFECT - 0.3, EFFECT + 0.3).all()
    assert (rows["low"] < EFFECT).all()
    assert (rows["high"] > EFFECT).all()
    assert rows["n"].tolist() == [110 if name == "without_predecessor" else 120 for name in rows.index]
    assert module.same_sign(rows.reset_index()) == 1.0


def test_a_choice_that_leaves_nobody_out_is_not_told_as_another(monkeypatch):
    data = _panel(units=60)
    monkeypatch.setattr(module, "panel", lambda *_, **__: SimpleNamespace(data=data))
    rows = module.alternatives(None, "full_time_share")
    assert rows["specification"].tolist() == [name for name in module.CHOICES if name != "without_predecessor"]


@pytest.mark.parametrize("method", ["imputation", "sun_abraham", "two_way_fixed_effects"])
def test_a_choice_is_the_estimate_of_that_method(found, method):
    rows, data = found
    names = {"unit": "municipality", "period": "period", "first_treated": "first_treated"}
    own = did.estimate(data, outcome="full_time_share", method=method, **names).overall
    assert rows.loc[method, "estimate"] == pytest.approx(own.value)
    assert rows.loc[method, "standard_error"] == pytest.approx(own.standard_error)


def test_the_share_of_the_same_sign_leaves_the_prespecified_out():
    rows = pd.DataFrame({"prespecified": [True, False, False], "estimate": [1.0, 2.0, -1.0]})
    assert module.same_sign(rows) == 0.5
