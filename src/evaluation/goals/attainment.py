"""Goal attainment: by the rule from what was reported, by the municipality itself, and by the registers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.goals.codes import optional_table
from evaluation.goals.comparable import (
    HALFWAY,
    OWNER,
    REASONS,
    STATUSES,
    TINY,
    comparable,
    half_step,
    last_full_year,
    percent,
    status,
)
from evaluation.goals.questions import due, expected_reports
from evaluation.goals.registers import register_figures
from evaluation.sources import amounts

if TYPE_CHECKING:
    from evaluation.study import Study


@dataclass(frozen=True, eq=False)
class Attainment:
    """Every target of the study, how far it was reached, and by whose figures.

    Attributes
    ----------
    targets : DataFrame
        The columns of `comparable` and

        - from the report used (see `reported`): `report_year`, `actual`, `stated` (how the figure was written, of
          `evaluation.sources.HOW`), `rounding` (how far it may be off for being rounded), `verdict` (the
          municipality's own);
        - `status` (of `STATUSES`) by the rule, and `goal_reason` where it cannot be assessed;
        - `asked`: whether any report about it has been due; `due`: whether the report on its target year has (false
          where it has none);
        - `register_figure` in the report's year, `register_status` by the same rule from it, missing where no
          register measures the indicator, and `reported_less_register`.
    halfway : the share of the way from which a target is partly reached.
    last_year : the last calendar year that had ended.
    """

    targets: pd.DataFrame
    halfway: float
    last_year: int

    def __repr__(self) -> str:
        counts = self.targets["status"].value_counts().reindex(STATUSES, fill_value=0).to_dict()
        return f"Attainment of {len(self.targets)} targets by reports to {self.last_year}: {counts}"

    def asked(self) -> Attainment:
        """Return the same of the targets about which a report has been due."""
        return replace(self, targets=self.targets[self.targets["asked"]].reset_index(drop=True))

    def counts(self, by: Sequence[str] = ()) -> pd.DataFrame:
        """Count the targets by status.

        Returns
        -------
        DataFrame
            `by`, `targets`, `municipalities`, a column for each of `STATUSES`, `assessed`, and in per cent of all
            targets `share_reached` and `share_cannot_assess`; in per cent of those assessed `share_of_assessed`.
        """
        return counted(self.targets, by)

    def shares(self, by: str) -> pd.DataFrame:
        """Return the same as shares: `by`, `status`, `targets`, `share` (per cent), `municipalities`."""
        counts = self.counts([by])
        rows = [
            {by: row[by], "status": name, "targets": int(row[name]), "share": 100 * row[name] / row["targets"]}
            | {"municipalities": int(row["municipalities"])}
            for _, row in counts.iterrows()
            for name in STATUSES
        ]
        return pd.DataFrame(rows, columns=[by, "status", "targets", "share", "municipalities"])

    def reasons(self, by: Sequence[str] = ()) -> pd.DataFrame:
        """Count why targets cannot be assessed: `by`, `goal_reason`, `targets`, `municipalities`."""
        names, rows = list(by), self.targets[self.targets["status"] == "cannot_assess"]
        found = []
        for key, part in rows.groupby(names, sort=False) if names else [((), rows)]:
            for reason in REASONS:
                inside = part[part["goal_reason"] == reason]
                counts = {"targets": len(inside), "municipalities": int(inside["municipality"].nunique())}
                found += [dict(zip(names, key, strict=True)) | {"goal_reason": reason} | counts] if len(inside) else []
        return pd.DataFrame(found, columns=[*names, "goal_reason", "targets", "municipalities"])

    def by_municipality(self) -> pd.DataFrame:
        """Count each municipality's targets in each theme by status: `name`, `theme`, `targets`, `STATUSES`."""
        found = counted(self.targets, ["municipality", "name", "theme"])
        return found[["municipality", "name", "theme", "targets", *STATUSES]].sort_values(
            ["name", "municipality", "theme"], ignore_index=True
        )

    def as_stated(self) -> pd.DataFrame:
        """Return what the municipalities' own plans and reports say, and the status by them; nothing of the registers.

        Returns
        -------
        DataFrame
            `name`, `theme`, `intake`, `target`, `indicator`, `target_kind`, `baseline`, `goal_level`, `target_year`,
            `report_year`, `actual`, `status`, `goal_reason`, `verdict`; sorted by name.
        """
        found = self.targets.rename(columns={"kind": "target_kind"})
        columns = ["name", "theme", "intake", "target", "indicator", "target_kind", "baseline", "goal_level"]
        columns += ["target_year", "report_year", "actual", "status", "goal_reason", "verdict"]
        return found.sort_values(["name", "municipality", "theme", "target"], ignore_index=True)[columns]

    def one_per_report(self) -> pd.DataFrame:
        """Return the first target of each report: a report has one verdict, however many targets it is about."""
        rows = self.targets[self.targets["report_year"].notna()]
        return rows.sort_values([*OWNER, "target"]).drop_duplicates(OWNER, ignore_index=True)

    def against_registers(self) -> pd.DataFrame:
        """Compare what was reported with what the registers say of the same municipality, year and indicator.

        Returns
        -------
        DataFrame
            By `indicator`, and "all": `targets` compared, `municipalities`, `same` (figures that agree within the
            rounding of the one reported), `share_same` (per cent), `mean_difference` (reported less register, in the
            indicator's unit; missing for "all"), `better_reported` (how many figures are better as reported, beyond
            rounding), `assessed` (both can be judged), `same_status`, `share_same_status` (per cent).
        """
        rows = self.targets[self.targets["reported_less_register"].notna()]
        parts = [*rows.groupby("indicator", sort=False), ("all", rows)]
        found = [{"indicator": name, **_compared(part)} for name, part in parts if len(part)]
        columns = ["indicator", "targets", "municipalities", "same", "share_same", "mean_difference"]
        table = pd.DataFrame(
            found, columns=[*columns, "better_reported", "assessed", "same_status", "share_same_status"]
        )
        table.loc[table["indicator"] == "all", "mean_difference"] = np.nan
        return table


def attainment(study: Study, *, halfway: float = HALFWAY, figures: pd.DataFrame | None = None) -> Attainment:
    """Judge every target by the last report that gives a figure, not later than its year.

    The rule is `status`: reached at the level or past it, partly from `halfway` of the way, otherwise not reached; a
    target cannot be assessed when it has no figure (``no_figure``), is relative without a baseline (``no_baseline``),
    or nobody reported a figure for its indicator (``not_reported``), or was yet to (``no_report_due``). A target whose
    year has not come is judged by how far it is so far; `due` tells which are final.

    Parameters
    ----------
    study : the study.
    halfway : a share of the way, above 0 and at most 1.
    figures : of `register_figures`, where there already.
    """
    targets = comparable(study)
    found = targets.join(reported(study, targets))
    judged = status(found["goal_level"], found["baseline"], found["actual"], found["direction"], halfway=halfway)
    reports = expected_reports(study)[OWNER].drop_duplicates().assign(asked=True)
    asked = targets[OWNER].merge(reports, on=OWNER, how="left")["asked"].notna() | found["report_year"].notna()
    nothing = pd.Series(np.where(asked, "not_reported", "no_report_due"), index=found.index)
    nothing = nothing.where(judged == "cannot_assess")
    last = last_full_year(study)
    found = found.assign(
        status=judged,
        goal_reason=found["lacks"].where(found["lacks"].notna(), nothing),
        asked=asked,
        due=found["target_year"].map(due, na_action="ignore").map(lambda day: pd.notna(day) and day <= study.as_of),
    )
    known = register_figures(study) if figures is None else figures
    beside = known.rename(columns={"year": "report_year", "figure": "register_figure"})
    keys = ["municipality", "indicator", "report_year"]
    found = found.merge(beside[[*keys, "register_figure"]].astype({"report_year": "Int64"}), on=keys, how="left")
    again = status(
        found["goal_level"], found["baseline"], found["register_figure"], found["direction"], halfway=halfway
    )
    found = found.assign(
        register_status=pd.Series(again, index=found.index).where(found["register_figure"].notna()),
        reported_less_register=found["actual"] - found["register_figure"],
    )
    return Attainment(found, halfway, last)


def reported(study: Study, targets: pd.DataFrame) -> pd.DataFrame:
    """Return what the annual reports say of each target.

    A report is about the target when it has the same municipality, project and theme and the same indicator, or names
    none; it must be of a year after the baseline's and not after the target's. The last one with a figure is used, or
    the last one where none has a figure.

    Returns
    -------
    DataFrame
        On the index of `targets`: `report_year` (missing without a report), `actual`, `stated` (how the figure was
        written; the figure of a range is its middle), `rounding` (half a unit of its last decimal, and half the range),
        `verdict`.
    """
    columns = ["report_year", "actual", "stated", "rounding", "verdict"]
    kinds = {"report_year": "Int64", "actual": "float64", "rounding": "float64"}
    reports = optional_table(study, "annual_reports")
    nothing = pd.DataFrame(None, index=targets.index, columns=columns, dtype="object").astype(kinds)
    if reports is None or reports.empty or targets.empty:
        return nothing
    said = reports.reindex(columns=[*OWNER, "year", "indicator", "value", "value_said", "verdict"])
    limits = targets[[*OWNER, "indicator", "baseline_year", "target_year"]].assign(row=targets.index)
    pairs = limits.merge(said, on=OWNER, suffixes=("", "_reported"))
    about = pairs["indicator_reported"].isna() | (pairs["indicator_reported"] == pairs["indicator"])
    after = pairs["baseline_year"].isna() | (pairs["year"] > pairs["baseline_year"])
    in_time = pairs["target_year"].isna() | (pairs["year"] <= pairs["target_year"])
    pairs = pairs[about & after.fillna(True).astype(bool) & in_time.fillna(True).astype(bool)]
    pairs = pairs.assign(figure=pairs["value"].notna()).sort_values(["figure", "year"], kind="stable")
    used = pairs.drop_duplicates("row", keep="last").set_index("row")
    if used.empty:
        return nothing
    written = amounts(used["value_said"])
    ranged = written.how == "range"
    found = pd.DataFrame(
        {
            "report_year": used["year"],
            "actual": used["value"],
            "stated": written.how,
            "rounding": half_step(used["value"]).mask(ranged, written.half_width),
            "verdict": used["verdict"],
        }
    )
    return found.reindex(targets.index).astype(kinds)


def counted(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Count rows by status: see `Attainment.counts`."""
    names = list(by)
    parts = rows.groupby(names, sort=False) if names else [((), rows)]
    found = []
    for key, part in parts:
        counts = {name: int((part["status"] == name).sum()) for name in STATUSES}
        total, assessed = len(part), len(part) - counts["cannot_assess"]
        counts |= {"assessed": assessed}
        shares = {"share_reached": percent(counts["reached"], total)}
        shares |= {"share_cannot_assess": percent(counts["cannot_assess"], total)}
        shares |= {"share_of_assessed": percent(counts["reached"], assessed)}
        about = {"targets": total, "municipalities": int(part["municipality"].nunique())}
        found.append(dict(zip(names, key, strict=True)) | about | counts | shares)
    columns = [*names, "targets", "municipalities", *STATUSES, "assessed", "share_reached", "share_cannot_assess"]
    return pd.DataFrame(found, columns=[*columns, "share_of_assessed"])


def _compared(part: pd.DataFrame) -> dict[str, float]:
    step = part["rounding"]
    gap = part["reported_less_register"]
    same = gap.abs() <= step + TINY
    better = np.where(part["direction"] == "lower", -gap, gap) > step + TINY
    assessed = (part["status"] != "cannot_assess") & (part["register_status"] != "cannot_assess")
    agree = int((assessed & (part["status"] == part["register_status"])).sum())
    return {
        "targets": len(part),
        "municipalities": int(part["municipality"].nunique()),
        "same": int(same.sum()),
        "share_same": percent(int(same.sum()), len(part)),
        "mean_difference": float(gap.mean()),
        "better_reported": int(better.sum()),
        "assessed": int(assessed.sum()),
        "same_status": agree,
        "share_same_status": percent(agree, int(assessed.sum())),
    }
