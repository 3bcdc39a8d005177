"""The exact distribution of position sizes, and what is read off it.

*Position size* (stillingsstørrelse) is a per cent of full time, counted 1 December. Two views answer two questions.
Per *position*: how large are the positions the employer offers? Per *employee*: how much does a person work in the
municipal sector? Published series differ by this choice (table 1.3.5: 78.6 in 2012; a KS article: 81.8), so every
result says which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions import weighted
from evaluation.positions.partitions import read_cells
from evaluation.positions.register import DIMENSIONS, Asked
from evaluation.positions.source import VIEWS, Source, View, memory
from evaluation.workbench import Described

EXCLUDED = ("substitute", "apprentice", "pensioner", "hourly")
EDGES = (0.0, 25.0, 50.0, 75.0, 100.0)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
COUNT = {"position": "positions", "employee": "persons"}
FULL_TIME = 1000
SMALL = 50.0


def histogram(
    source: Source,
    *,
    by: Sequence[str] = ("municipality", "year"),
    view: View = "position",
    exclude: Collection[str] = EXCLUDED,
    years: Collection[int] = (),
    attributes: pd.DataFrame | None = None,
    irregular: Literal["keep", "refuse"] = "keep",
    memory_limit: str | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    tell: Callable[[str], None] | None = None,
) -> Histogram:
    """Count positions, or employees, per distinct percentage.

    Parameters
    ----------
    source : the prepared Parquet file of a study, a CSV file or a frame, one row per position, with the columns of
        `positions`; or a folder or pattern of Parquet files, or the address of such (s3://...), in which the path may
        tell a column (year=2012/a.parquet).
    by : any of municipality, year, sector, sex, birth_year, age_group, position_code, employment, and the columns of
        `attributes`.
    view : ``"position"`` counts positions. ``"employee"`` adds up all positions a person has in the municipal sector
        that year, across municipalities too, and counts the person once, with that sum, in the municipality, sector,
        sex, ... of the largest position. Of equally large positions the one first by municipality, sector, sex, year
        of birth, position code and employment counts. Percentages are rounded to hundredths before the sum and to
        tenths after it, halves upwards: 33.33 + 33.33 + 33.34 is full time.
    exclude : employment kinds left out before anything is counted or added up. The default leaves out substitutes,
        apprentices, pensioners and the hourly paid, as the official definition of a full-time employee does.
    years : the years read, all unless given.
    attributes : what is known of each `municipality` (group, intake, ...), one row each, to split by instead of by
        every municipality. Those in a municipality without an attribute are left out and counted.
    irregular : positions of 0 or above 100 per cent are kept and counted in `account`, or refused.
    memory_limit : what DuckDB may use before it spills to disk, such as 500MB; what the environment variable
        `EVALUATION_MEMORY_LIMIT` says unless given, else `MEMORY`.
    threads : how many threads it may use; what `EVALUATION_THREADS` says unless given, else the cores.
    executor : counts the years side by side, each with memory and threads of its own: processes of this machine, or a
        cluster's. The result is the same.
    tell : is told of every year that is counted.

    Raises
    ------
    InputError
        A column that is missing or has empty values, an unknown name in `by`, percentages that cannot be right.

    Notes
    -----
    Full time is a sum of at least 100 per cent of all positions in the municipal sector, also across employers (KS,
    "Andelen heltidsansatte øker"; Statistics Norway's explanation of the term).
    """
    names = _names(by)
    extra = () if attributes is None else tuple(str(name) for name in attributes if name not in DIMENSIONS)
    problems = [
        Problem("Unknown column in `by`", _nearest(name, (*DIMENSIONS, *extra)), column=name)
        for name in names
        if name not in (*DIMENSIONS, *extra)
    ]
    if view not in VIEWS:
        problems.append(Problem("Unknown view", _nearest(str(view), VIEWS), value=view))
    if irregular not in ("keep", "refuse"):
        problems.append(Problem("Unknown choice for `irregular`", "Give 'keep' or 'refuse'", value=irregular))
    if not names:
        problems.append(Problem("`by` is empty", "Give at least ('year',)"))
    if problems:
        raise InputError(problems)
    excluded = tuple(sorted(set(exclude)))
    cells, account = read_cells(
        source,
        Asked(names, view, excluded, attributes),
        irregular=irregular,
        memory_limit=memory(memory_limit),
        threads=threads,
        years=sorted(set(years)),
        executor=executor,
        tell=tell,
    )
    cells.columns = [*cells.columns[:-1], COUNT[view]]
    return Histogram(data=cells, view=view, by=names, excluded=excluded, account=account)


@dataclass(frozen=True)
class Histogram(Described):
    """Exact counts of positions or employees by percentage of full time.

    Attributes
    ----------
    data : one row per combination of `by` and distinct percentage (one decimal): `percentage` and the count, in column
        `positions` or `persons` as the view is; sorted.
    view : ``"position"`` or ``"employee"``.
    by : the columns it can be split by.
    excluded : the employment kinds left out.
    account : columns `reason`, `rows`: rows read, left out by kind, kept, and the irregular ones among the kept.
    """

    data: pd.DataFrame
    view: View
    by: tuple[str, ...]
    excluded: tuple[str, ...]
    account: pd.DataFrame

    @property
    def count(self) -> str:
        """The name of the column of counts: `positions` or `persons`."""
        return COUNT[self.view]

    def where(self, **chosen: Any) -> Histogram:
        """Keep the rows whose column equals the value given, or is among the values given."""
        keep = np.ones(len(self.data), dtype=bool)
        for name, wanted in chosen.items():
            self._require([name])
            values = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Collection) else list(wanted)
            keep &= self.data[name].isin(values).to_numpy()
        return replace(self, data=self.data[keep].reset_index(drop=True))

    def with_attributes(
        self, attributes: pd.DataFrame, columns: Sequence[str] | str, *, on: str = "municipality"
    ) -> Histogram:
        """Add columns that are known per municipality (group, intake, KOSTRA group) to split by.

        Rows without an attribute are left out, and counted in `account` as ``no_<column>``.
        """
        names = _names(columns)
        self._require([on])
        table = attributes[[on, *names]].drop_duplicates()
        if table[on].duplicated().any():
            twice = table.loc[table[on].duplicated(), on].iloc[0]
            raise InputError(
                Problem("One municipality has two values of an attribute", "Give one row each", column=on, value=twice)
            )
        indexed = table.set_index(on)
        keys = self.data[on].astype("str") if self.data[on].dtype == "category" else self.data[on]
        data, lost = self.data, {}
        keep = np.ones(len(data), dtype=bool)
        for name in names:
            values = keys.map(indexed[name])
            lost[f"no_{name}"] = int(data.loc[values.isna() & keep, self.count].sum())
            keep &= values.notna().to_numpy()
            text = values.dtype.kind not in "iufb"
            data = data.assign(**{name: values.astype("category") if text else values})
        data = data[keep]
        order = [*self.by, *names, "percentage", self.count]
        account = pd.DataFrame({"reason": list(lost), "rows": list(lost.values())})
        return replace(
            self,
            data=data[order].reset_index(drop=True),
            by=(*self.by, *names),
            account=pd.concat([self.account, account], ignore_index=True),
        )

    def measures(
        self, by: Sequence[str] | str | None = None, *, small: float = SMALL, at: Sequence[float] = QUANTILES
    ) -> pd.DataFrame:
        """Return what the distribution is summed up by, with numerators and denominators.

        Parameters
        ----------
        by : columns to split by, all the histogram's own unless given. A histogram of several years needs `year`.
        small : positions below this many per cent of full time are small.
        at : the quantiles, as shares; 0.5 is called `median`, 0.1 `p10`.

        Returns
        -------
        DataFrame
            `positions` or `persons`; `man_years` (sum of percentages / 100); `mean_size` (per cent) = `percentage_sum`
            over the count; `full_time` (count of at least 100 per cent) and `full_time_share` (per cent); `small`
            and `small_share`; `p10`, `p25`, `median`, `p75`, `p90` (per cent, values that occur); `gini`;
            `variance` (of the percentage, for sampling errors); `municipalities` where the histogram has them.
        """
        names, keys, group, tenths, count, order = self._grouped(by)
        groups = len(keys)
        if not all(0 < share < 1 for share in at):
            raise InputError(Problem("A quantile is a share between 0 and 1", "Give e.g. (0.25, 0.5, 0.75)", value=at))
        limit = int(_tenths([small], "small")[0])
        size = weighted.total(group, groups, count)
        sums = weighted.total(group, groups, tenths * count)
        squares = np.bincount(group, weights=(tenths**2 * count).astype(np.float64), minlength=groups)
        full = weighted.total(group, groups, count * (tenths >= FULL_TIME))
        below = weighted.total(group, groups, count * (tenths < limit))
        values = weighted.quantiles(group, groups, tenths, count, at) / 10
        mean = weighted.ratio(sums, size, 0.1)
        result = keys.assign(
            **{self.count: size},
            man_years=sums / 1000,
            percentage_sum=sums / 10,
            mean_size=mean,
            full_time=full,
            full_time_share=weighted.ratio(full, size, 100.0),
            small=below,
            small_share=weighted.ratio(below, size, 100.0),
            **{quantile_name(share): values[:, place] for place, share in enumerate(at)},
            gini=weighted.gini(group, groups, tenths, count),
            variance=np.maximum(weighted.ratio(squares, size, 0.01) - mean**2, 0.0),
        )
        if "municipality" in self.by and "municipality" not in names:
            unit = pd.factorize(self.data["municipality"])[0][order].astype(np.int64)
            pairs = np.unique(group * (unit.max(initial=0) + 1) + unit) // (unit.max(initial=0) + 1)
            result["municipalities"] = np.bincount(pairs, minlength=groups)
        return result

    def bands(self, by: Sequence[str] | str | None = None, edges: Sequence[float] = EDGES) -> pd.DataFrame:
        """Return counts and shares by band; a band runs from its edge up to the next, the last has no upper limit.

        Returns
        -------
        DataFrame
            For each combination of `by` every band, empty ones too: `band` ("0-24.9", ..., "100+"), `lower`, `upper`
            (per cent, upper not included), the count, `man_years`, `total` (count of all bands), `share` (per cent).
        """
        cuts = _tenths(edges, "edges")
        labels = band_labels(cuts)
        result = self._binned(by, cuts)
        place = result.pop("bin").to_numpy()
        result["band"] = pd.Series(np.array(labels, dtype=object)[place], dtype="str")
        columns = [name for name in result if name != "band"]
        first = columns.index("lower")
        return result[[*columns[:first], "band", *columns[first:]]]

    def density(self, by: Sequence[str] | str | None = None, width: float = 5.0) -> pd.DataFrame:
        """Return the density over bins of one `width`, from 0 upwards; a bin holds its lower limit.

        Returns
        -------
        DataFrame
            As `bands`, with `density`: per cent of the group per percentage point. Spikes at 50, 75 and 100 are whole
            inside the bin that starts there if `width` divides 25.
        """
        step = int(_tenths([width], "width")[0])
        if step <= 0:
            raise InputError(Problem("The width of the bins must be above 0", "Give e.g. 5", value=width))
        top = max(float(self.data["percentage"].max()) if len(self.data) else 0.0, 100.0)
        cuts = np.arange(0, round(top * 10) // step * step + 1, step)
        result = self._binned(by, cuts).drop(columns="bin")
        return result.assign(upper=result["lower"] + width, density=result["share"] / width)

    def cumulative(self, by: Sequence[str] | str | None = None, *, step: float | None = None) -> pd.DataFrame:
        """Return, at every percentage that occurs in any of the groups, the share that is at most that size.

        Parameters
        ----------
        by : as in `measures`.
        step : read the curve at multiples of this many percentage points up to 100 only, with everything larger at the
            last point. Single sizes may be held by very few people; steps can be released.

        Returns
        -------
        DataFrame
            `percentage`, the count at exactly that size (with `step`: above the point before), `cumulative` (count at
            most that size), `total`, `share` (per cent). All groups are on the same percentages, so that curves can be
            subtracted.
        """
        names, keys, group, tenths, count, _ = self._grouped(by)
        if step is not None:
            width = int(_tenths([step], "step")[0])
            if width <= 0 or FULL_TIME % width:
                raise InputError(Problem("The step must divide 100", "Give e.g. 5", value=step))
            tenths = np.minimum(-(-tenths // width) * width, FULL_TIME)
        grid, place = np.unique(tenths, return_inverse=True)
        table = np.zeros((len(keys), len(grid)), dtype=np.int64)
        np.add.at(table, (group, place), count)
        running = table.cumsum(axis=1)
        size = running[:, -1] if len(grid) else np.zeros(len(keys), dtype=np.int64)
        repeated = keys.loc[keys.index.repeat(len(grid))].reset_index(drop=True)
        everyone = np.repeat(size, len(grid))
        return repeated.assign(
            percentage=np.tile(grid / 10, len(keys)),
            **{self.count: table.ravel()},
            cumulative=running.ravel(),
            total=everyone,
            share=weighted.ratio(running.ravel(), everyone, 100.0),
        )[[*names, "percentage", self.count, "cumulative", "total", "share"]]

    def _binned(self, by: Sequence[str] | str | None, cuts: Any) -> pd.DataFrame:
        names, keys, group, tenths, count, _ = self._grouped(by)
        place = np.searchsorted(cuts, tenths, side="right") - 1
        cell, cells = group * len(cuts) + place, len(keys) * len(cuts)
        inside = weighted.total(cell, cells, count)
        everyone = np.repeat(weighted.total(group, len(keys), count), len(cuts))
        repeated = keys.loc[keys.index.repeat(len(cuts))].reset_index(drop=True)
        return repeated.assign(
            bin=np.tile(np.arange(len(cuts)), len(keys)),
            lower=np.tile(cuts / 10, len(keys)),
            upper=np.tile([*(cuts[1:] / 10), np.inf], len(keys)),
            **{self.count: inside},
            man_years=weighted.total(cell, cells, tenths * count) / 1000,
            total=everyone,
            share=weighted.ratio(inside, everyone, 100.0),
        )[[*names, "bin", "lower", "upper", self.count, "man_years", "total", "share"]]

    def _grouped(self, by: Sequence[str] | str | None) -> tuple[tuple[str, ...], pd.DataFrame, Any, Any, Any, Any]:
        """Sort the cells by group and percentage; return names, a row per group, and four arrays over cells."""
        names = self.by if by is None else _names(by)
        self._require(names)
        if "year" in self.by and "year" not in names and len(self.data["year"].unique()) > 1:
            raise InputError(
                Problem("Several years would be added together", "Put year in `by`, or choose one by .where(year=...)")
            )
        tenths = np.rint(self.data["percentage"].to_numpy() * 10).astype(np.int64)
        if names:
            grouper = self.data.groupby(list(names), observed=True, sort=True)
            code = grouper.ngroup().to_numpy().astype(np.int64)
            keys = grouper.size().index.to_frame(index=False)
        else:
            code, keys = np.zeros(len(self.data), dtype=np.int64), pd.DataFrame(index=pd.RangeIndex(1))
        order = np.argsort(code * (tenths.max(initial=0) + 1) + tenths, kind="stable")
        keys = keys.astype({name: "str" for name in keys if keys[name].dtype == "category"})
        return names, keys, code[order], tenths[order], self.data[self.count].to_numpy(dtype=np.int64)[order], order

    def _require(self, names: Sequence[str]) -> None:
        problems = [
            Problem("The histogram is not split by this column", _nearest(name, self.by), column=name)
            for name in names
            if name not in self.by
        ]
        if problems:
            raise InputError(problems)


def band_labels(cuts: Any) -> list[str]:
    """Return the names of the bands that begin at these tenths: "0-24.9", ..., "100+"."""
    if len(cuts) == 0 or cuts[0] != 0 or (np.diff(cuts) <= 0).any():
        raise InputError(Problem("Band edges must start at 0 and rise", "Give e.g. (0, 25, 50, 75, 100)"))
    uppers = [*cuts[1:].tolist(), None]
    return [
        f"{low / 10:g}+" if high is None else f"{low / 10:g}-{(high - 1) / 10:g}"
        for low, high in zip(cuts.tolist(), uppers, strict=True)
    ]


def quantile_name(share: float) -> str:
    """Return the name of a quantile: `median`, `p10`, `p2.5`."""
    return "median" if share == 0.5 else f"p{share * 100:g}"


def _names(by: Sequence[str] | str) -> tuple[str, ...]:
    return (by,) if isinstance(by, str) else tuple(dict.fromkeys(by))


def _nearest(name: str, known: Collection[str]) -> str:
    close = get_close_matches(str(name), list(known), n=1)
    return (f"Did you mean {close[0]!r}? " if close else "") + f"It has {', '.join(known)}"


def _tenths(values: Sequence[float], name: str) -> Any:
    exact = np.asarray(values, dtype=np.float64) * 10
    whole = np.rint(exact)
    if not np.isfinite(exact).all() or (np.abs(exact - whole) > 1e-6).any():
        raise InputError(Problem(f"`{name}` must be whole tenths of a percentage point", "Give e.g. 25 or 33.3"))
    return whole.astype(np.int64)
