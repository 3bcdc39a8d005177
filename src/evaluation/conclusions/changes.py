"""An earlier report against this one: what changed in each effect, and what the change is due to.

Three numbers stand side by side. The earlier report as published; the same chapters run again to the earlier date, on
today's files by today's code; and this report. The step from the first to the second comes from revised data or a
revised method, the step from the second to the third from the data that have come since.
"""

from __future__ import annotations

import pandas as pd

from evaluation.conclusions.read import Findings

KEY = ["chapter", "name"]


def changes(now: Findings, earlier: Findings, *, published: Findings | None = None) -> pd.DataFrame:
    """Compare the effects of this report with those of an earlier one.

    Parameters
    ----------
    now : Findings
    earlier : Findings
        The earlier report's chapters, run again to its date on today's files and by today's code.
    published : Findings, optional
        The earlier report's findings as they were published.

    Returns
    -------
    DataFrame
        A row per effect with evidence that either has, in the order of this report: `theme`, `outcome`, `main`, `unit`,
        `decimals`, `published`, `then`, `then_low`, `then_high`, `now`, `now_low`, `now_high`, `revised`
        (then minus published: revised data or method), `new_data` (now minus then), and `moved`: "inside" or
        "outside", where this report's estimate lies against the earlier interval; "new" or "gone" where only one has
        it. The two estimates share data, so that their intervals are not independent.
    """
    mine, theirs = _effects(now), _effects(earlier)
    both = mine.merge(theirs, on=KEY, how="outer", suffixes=("", "_then"), indicator=True, sort=False)
    for column in ("theme", "outcome", "main", "unit", "decimals"):
        both[column] = both[column].where(both["_merge"] != "right_only", both[f"{column}_then"])
    both = both.rename(columns={"value": "now", "low": "now_low", "high": "now_high"})
    both = both.rename(columns={"value_then": "then", "low_then": "then_low", "high_then": "then_high"})
    before = _effects(published)[[*KEY, "value"]] if published else pd.DataFrame(columns=[*KEY, "value"])
    both = both.merge(before.rename(columns={"value": "published"}), on=KEY, how="left")
    for column in ("now", "now_low", "now_high", "then", "then_low", "then_high", "published"):
        both[column] = both[column].astype("float64")
    both["revised"] = both["then"] - both["published"]
    both["new_data"] = both["now"] - both["then"]
    inside = both["now"].between(both["then_low"], both["then_high"]).map({True: "inside", False: "outside"})
    known = both["now"].notna() & both["then_low"].notna()
    only = both["_merge"].astype("str").map({"left_only": "new", "right_only": "gone"})
    both["moved"] = only.where(only.notna(), inside.where(known))
    order = {tuple(key): place for place, key in enumerate(mine[KEY].to_numpy().tolist())}
    place = [order.get((chapter, name), len(order)) for chapter, name in both[KEY].to_numpy().tolist()]
    both = both.assign(main=both["main"].astype("bool"), place=place)
    both = both.sort_values(["main", "place"], ascending=[False, True], kind="stable", ignore_index=True)
    numbers = ["published", "then", "then_low", "then_high", "now", "now_low", "now_high"]
    return both[["theme", "outcome", "main", "unit", "decimals", *numbers, "revised", "new_data", "moved"]]


def _effects(found: Findings) -> pd.DataFrame:
    rows = found.rows[found.rows["causal"].astype("bool") & found.rows["outcome"].notna()]
    return rows[[*KEY, "theme", "outcome", "main", "unit", "decimals", "value", "low", "high"]]
