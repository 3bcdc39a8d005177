"""The effect of taking part on the sick-leave rate: the panel it is estimated from, and the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation import did
from evaluation.errors import EstimationError, InputError, Problem
from evaluation.sick_leave.controls import Comparison, everyone, nearest, same_group
from evaluation.sick_leave.rates import checked_columns, intakes, measured
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

MAN_YEAR = 230
"""Man-days worked in a man-year: a stated convention, weekdays less public holidays and holiday leave."""

CONTROLS = ("never_participants", "never_participants_nor_predecessor", "same_kostra_group", "matched")


@dataclass(frozen=True, eq=False)
class Panel(Described):
    """Municipalities by quarters, ready for `did.estimate`.

    Attributes
    ----------
    data : DataFrame
        `municipality`, `quarter`, `period` (the quarter's ordinal), `rate` (percent), `lost_days`, `agreed_days`
        (man-days), `first_treated` (ordinal, 0 if never), `weight` (mean agreed days a quarter before the first start
        in the theme; missing if the municipality has no figures then), `comparison` (1; for controls chosen or weighted
        to be like the treated, how much each counts).
    account : DataFrame
        `group` ("treated" or "controls"), `intake`, `municipalities`, `rows`: who is compared.
    dropped : DataFrame
        `reason`, `municipalities`, `rows` (a municipality in a quarter): who and what is left out.
    balance : DataFrame
        How the treated and the controls compare before the programme (see `controls.Comparison`).
    theme, sector, kind, controls : str or None
        As asked for.
    """

    data: pd.DataFrame
    account: pd.DataFrame
    dropped: pd.DataFrame
    balance: pd.DataFrame
    theme: str | None
    sector: str | None
    kind: str
    controls: str

    def _repr_html_(self) -> str:
        return self.account.to_html(index=False) + self.dropped.to_html(index=False)


@dataclass(frozen=True)
class ManYears:
    """An effect expressed as work done.

    `value`, `low` and `high` are man-years more at work (negative: fewer) in the window that `agreed_days` covers;
    `days` the same in man-days, at `working_days` man-days to a man-year.
    """

    value: float
    low: float
    high: float
    days: float
    agreed_days: float
    working_days: float

    def worth(self, price: float) -> Kroner:
        """Return the value of the man-years at a stated `price` in kroner each; the price is an assumption."""
        if not 0 < price < float("inf"):
            raise InputError(Problem("The price of a man-year must be a positive number", "Give kroner", value=price))
        return Kroner(self.value * price, self.low * price, self.high * price, float(price))


@dataclass(frozen=True)
class Kroner:
    """What man-years are worth, in kroner, at a stated price each; the interval is that of the effect."""

    value: float
    low: float
    high: float
    price: float


def panel(
    study: Study,
    *,
    theme: str | None = "sick_leave",
    sector: str | None = None,
    kind: str = "total",
    first: pd.Period | str | None = None,
    last: pd.Period | str | None = None,
    controls: str = "never_participants",
    without: str | None = None,
) -> Panel:
    """Build the panel of quarterly rates that an effect is estimated from.

    Treated are the municipalities that work on `theme`, from the quarter they first do. Controls never take part in the
    programme; `never_participants_nor_predecessor` also leaves out those of a predecessor programme, whose sick leave
    may still be falling. Participants with other themes only are left out: they are neither.

    Parameters
    ----------
    study : Study
    theme : str or None
        A theme of the programme; None for any theme.
    sector : str, optional
        A code of the column `sector`; all sectors together by default.
    kind : str
        A key of `sick_leave.KINDS`.
    first, last : Period or str, optional
        First and last quarter; the whole table by default.
    controls : {"never_participants", "never_participants_nor_predecessor", "same_kostra_group", "matched"}
        The last two also start from those that never took part: of the KOSTRA groups of the treated, weighted so that
        the groups count alike; or the five nearest to each in level and trend before (see `sick_leave.controls`).
    without : str, optional
        Leave out participants that (also) work on this theme.

    Returns
    -------
    Panel
        A municipality's quarter counts only if all its cells have figures; the rest is accounted for in `dropped`.

    Raises
    ------
    InputError
        If the theme, sector, kind, quarters or controls are unknown.
    """
    table = study.sick_leave
    start, end = _check(study, theme, sector, controls, first, last)
    begun = study.programme.first_treated(theme)
    about = study.municipalities.set_index("municipality")
    treated = about.index.isin(begun.index)
    excluded = {
        "participants with other themes only": ~treated & (about["group"] != "others").to_numpy(),
        "participants in a predecessor programme, not in this one": (
            ~treated & (about["group"] == "others").to_numpy() & about["earlier"].to_numpy(dtype=bool)
        ),
    }
    if controls != "never_participants_nor_predecessor":
        excluded.popitem()
    if without is not None:
        also = about.index.isin(study.programme.participants(without)["municipality"])
        excluded |= {f"participants that also work on {without}": treated & also}
    inside = table[(table["quarter"] >= start) & (table["quarter"] <= end)]
    if sector is not None:
        inside = inside[inside["sector"] == sector]
    cells = _quarters(inside, kind)
    dropped, gone = [], pd.Series(data=False, index=about.index)
    for reason, mask in excluded.items():
        gone |= mask
        dropped.append((reason, int(mask.sum()), int(cells["municipality"].isin(about.index[mask]).sum())))
    kept = cells[cells["municipality"].isin(about.index[~gone])]
    for reason, mask in (
        ("figures missing for some sector or sex in the quarter", kept["missing"] > 0),
        ("no agreed man-days in the quarter", (kept["missing"] == 0) & (kept["agreed_days"] <= 0)),
    ):
        dropped.append((reason, kept.loc[mask, "municipality"].nunique(), int(mask.sum())))
    delivered = kept["municipality"].value_counts().reindex(about.index[~gone], fill_value=0)
    absent = end.ordinal - start.ordinal + 1 - delivered
    dropped.append(("no figures delivered for the quarter", int((absent > 0).sum()), int(absent.sum())))
    data = kept[(kept["missing"] == 0) & (kept["agreed_days"] > 0)].drop(columns="missing")
    data = _finish(data, begun)
    compared = _compare(data, controls, about)
    told = compared.dropped
    dropped += [(str(why), int(n), 0) for why, n in zip(told["reason"], told["municipalities"], strict=True)]
    data = data[data["municipality"].isin(compared.weights.index)].reset_index(drop=True)
    data = data.assign(comparison=data["municipality"].map(compared.weights))
    account = _account(data, intakes(study, theme))
    left_out = pd.DataFrame([row for row in dropped if row[2] or row[1]], columns=["reason", "municipalities", "rows"])
    return Panel(data, account, left_out, compared.balance, theme, sector, kind, controls)


def effect(
    study: Study,
    *,
    theme: str | None = "sick_leave",
    sector: str | None = None,
    kind: str = "total",
    first: pd.Period | str | None = None,
    last: pd.Period | str | None = None,
    controls: str = "never_participants",
    without: str | None = None,
    weighted: bool = False,
    **options: Any,
) -> did.Effects:
    """Estimate the effect of the programme on the sick-leave rate, in percentage points.

    Parameters
    ----------
    study, theme, sector, kind, first, last, controls, without
        As in `panel`.
    weighted : bool
        Weigh municipalities by their agreed days before the programme: the effect for the average man-day. Otherwise
        every municipality counts the same. Weights are fixed before the treatment so that it cannot change them;
        municipalities without figures before are then left out.
    **options
        Passed to `did.estimate`: `method`, `control`, `anticipation`, `level`, `seed` and so on.

    Returns
    -------
    did.Effects
        Clustered on the municipality. Quarters without figures are passed over and counted in `sample`.
    """
    built = panel(
        study, theme=theme, sector=sector, kind=kind, first=first, last=last, controls=controls, without=without
    )
    data = built.data.dropna(subset="weight") if weighted else built.data
    if data.empty:
        raise EstimationError(Problem("The panel is empty", "Widen the quarters, the sector or the controls"))
    data = data.assign(weight=data["comparison"] * (data["weight"] if weighted else 1.0))
    plain = not weighted and bool((data["comparison"] == 1).all())
    return did.estimate(
        data,
        outcome="rate",
        unit="municipality",
        period="period",
        first_treated="first_treated",
        weights=None if plain else "weight",
        **{"missing": "drop"} | options,
    )


def _compare(data: pd.DataFrame, controls: str, about: pd.DataFrame) -> Comparison:
    if controls == "same_kostra_group":
        return same_group(data, about["kostra_group"])
    return nearest(data) if controls == "matched" else everyone(data)


def man_years_back(effect: did.Estimate, agreed_days: float, *, working_days: float = MAN_YEAR) -> ManYears:
    """Express an effect on the rate as man-years more at work.

    Parameters
    ----------
    effect : did.Estimate
        On the sick-leave rate, in percentage points of the agreed days.
    agreed_days : float
        Agreed man-days of the municipalities treated, in the window of interest (a year, or the whole programme).
    working_days : float
        Man-days worked in a man-year; a stated convention, 230 by default. Fewer than the agreed days of a man-year
        (`sick_leave.WORKING_DAYS`), which include holiday leave.

    Returns
    -------
    ManYears
        -effect / 100 x `agreed_days` / `working_days`, with the interval of the effect. An effect that averages
        municipalities equally is thereby applied to every man-day; use a weighted estimate where that matters.
    """
    wrong = [
        Problem(f"{name} must be a positive number", "Give the sum of man-days", value=value)
        for name, value in (("agreed_days", agreed_days), ("working_days", working_days))
        if not (value > 0 and value < float("inf"))
    ]
    if wrong:
        raise InputError(wrong)
    scale = -agreed_days / 100
    return ManYears(
        value=effect.value * scale / working_days,
        low=effect.high * scale / working_days,
        high=effect.low * scale / working_days,
        days=effect.value * scale,
        agreed_days=float(agreed_days),
        working_days=float(working_days),
    )


def _check(
    study: Study,
    theme: str | None,
    sector: str | None,
    controls: str,
    first: pd.Period | str | None,
    last: pd.Period | str | None,
) -> tuple[pd.Period, pd.Period]:
    problems = []
    themes, sectors = list(study.programme.themes), sorted(study.sick_leave["sector"].unique())
    if theme is not None and theme not in themes:
        problems.append(Problem(f"The programme has no theme {theme!r}", f"Choose one of: {', '.join(themes)}"))
    if sector is not None and sector not in sectors:
        problems.append(Problem(f"The table has no sector {sector!r}", f"Choose one of: {', '.join(sectors)}"))
    if controls not in CONTROLS:
        problems.append(Problem(f"Unknown controls {controls!r}", f"Choose one of: {', '.join(CONTROLS)}"))
    quarters = study.sick_leave["quarter"]
    start = quarters.min() if first is None else pd.Period(first, freq="Q-DEC")
    end = quarters.max() if last is None else pd.Period(last, freq="Q-DEC")
    if not quarters.min() <= start <= end <= quarters.max():
        remedy = f"The table runs {quarters.min()} to {quarters.max()}"
        problems.append(Problem(f"{start} to {end} is not within the table", remedy))
    if problems:
        raise InputError(problems)
    return start, end


def _quarters(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    keys = ["municipality", "quarter"]
    used = measured(table, checked_columns(table, keys, kind), kind)
    return used.groupby(keys, observed=True)[["lost_days", "agreed_days", "missing"]].sum().reset_index()


def _finish(data: pd.DataFrame, begun: pd.Series) -> pd.DataFrame:
    first_start = begun.min() if len(begun) else None
    period = data["quarter"].astype("int64")
    start = data["municipality"].map(begun.astype("int64")).fillna(0).astype("int64")
    data = data.assign(
        period=period,
        rate=100 * data["lost_days"] / data["agreed_days"],
        # Who starts after the panel ends is not treated in it; the account tells them apart.
        first_treated=start.where(start <= period.max(), 0),
    )
    early = data[data["quarter"] < first_start] if first_start is not None else data
    data["weight"] = data["municipality"].map(early.groupby("municipality")["agreed_days"].mean())
    columns = ["municipality", "quarter", "period", "rate", "lost_days", "agreed_days", "first_treated", "weight"]
    return data[columns].reset_index(drop=True)


def _account(data: pd.DataFrame, intake: pd.Series) -> pd.DataFrame:
    treated = data["first_treated"] != 0
    labelled = data.assign(
        group=treated.map({True: "treated", False: "controls"}),
        intake=data["municipality"].map(intake).fillna("others"),
    )
    grouped = labelled.groupby(["group", "intake"], observed=True)["municipality"]
    counts = grouped.agg(municipalities="nunique", rows="size").reset_index()
    return counts.sort_values(["group", "intake"], ascending=[False, True], ignore_index=True)
