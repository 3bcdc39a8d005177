"""A register of positions as it may arrive: what is refused, what is read anyway, and what is kept and counted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_study
from pandas.testing import assert_frame_equal
from small_study import edit, edit_positions

from evaluation import load_study, positions
from evaluation.errors import InputError
from evaluation.municipalities import Register
from evaluation.tables import prepare_positions, read_layout

# Valid by its control digits, and of nobody: the month is raised by 80, as in test numbers.
IDENTITY = "01819050062"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_study.write(tmp_path / "data")


def prepared(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    source, target = read_layout(folder).tables["positions"], folder / "prepared.parquet"
    register = Register.read(folder / "municipalities.csv")
    done = prepare_positions(source.paths(folder), source, register, division=2012, as_of=date(2012, 12, 31),
                             target=target, folder=folder)  # fmt: skip
    return pd.read_parquet(target), done.dropped


def keep_irregular(folder: Path) -> None:
    edit(
        folder / "sources.yaml",
        "    files: stillinger_*.parquet",
        "    irregular: keep\n    files: stillinger_*.parquet",
    )


def rewrite(folder: Path, year: int, **columns) -> None:
    frame = small_study.positions(year).assign(**columns)
    frame.to_parquet(folder / f"stillinger_{year}.parquet")


@pytest.mark.parametrize(("size", "said"), [(0.0, "of 0 per cent"), (120.0, "outside 0-100 per cent")])
def test_zero_and_above_100_are_refused_where_that_is_asked_for(folder, size, said):
    edit(folder / "sources.yaml", "    files: stillinger_*", "    irregular: refuse\n    files: stillinger_*")
    edit_positions(folder / "stillinger_2012.parquet", 5, prosent=size)
    with pytest.raises(InputError, match=said) as error:
        prepared(folder)
    found = error.value.problems[0]
    assert (found.file, found.row, found.column) == ("stillinger_2012.parquet", 5, "prosent")
    assert "irregular: refuse" in found.remedy


def test_kept_irregular_sizes_are_counted_where_they_are_shown(folder):
    edit_positions(folder / "stillinger_2012.parquet", 5, prosent=0.0)
    edit_positions(folder / "stillinger_2012.parquet", 6, prosent=120.0)
    study = load_study(folder, as_of="2012-12-31", division=2012)
    hist = positions.histogram(study.positions, exclude=())
    counted = hist.account.set_index("reason")["rows"]
    assert (counted["kept_zero"], counted["kept_above_100"]) == (1, 1)
    assert hist.where(year=2012).bands(())["positions"].sum() == 18
    with pytest.raises(InputError, match="1 positions are of 0 per cent and 1 above 100"):
        positions.histogram(study.positions, exclude=(), irregular="refuse")


@pytest.mark.parametrize("size", [-1.0, 1001.0])
def test_what_cannot_be_a_percentage_is_refused_even_so(folder, size):
    keep_irregular(folder)
    edit_positions(folder / "stillinger_2012.parquet", 5, prosent=size)
    with pytest.raises(InputError, match="outside 0-1000"):
        prepared(folder)


def test_fractions_here_and_there_among_percentages_are_refused(folder):
    edit_positions(folder / "stillinger_2012.parquet", 7, prosent=0.5)
    with pytest.raises(InputError, match=r"row 7, column prosent: 1 positions of at most 1 per cent: fractions"):
        prepared(folder)
    keep_irregular(folder)
    assert 0.5 in set(prepared(folder)[0]["percentage"])


def test_a_municipality_delivered_in_fractions_is_refused_whatever_is_kept(folder):
    keep_irregular(folder)
    frame = small_study.positions(2012)
    rewrite(folder, 2012, prosent=frame["prosent"].where(frame["kommunenr"] != "0063", frame["prosent"] / 100))
    with pytest.raises(InputError, match="every position in 1 municipalities and years"):
        prepared(folder)


def test_a_decimal_comma_is_read_as_one(folder):
    wanted = prepared(folder)[0]
    for year in (2011, 2012):
        text = small_study.positions(year)["prosent"].map(lambda size: f"{size:.1f} %".replace(".", ","))
        rewrite(folder, year, prosent=text)
    found = prepared(folder)[0]
    assert_frame_equal(found, wanted)
    assert 35.7 in set(found["percentage"])
    rewrite(folder, 2012, prosent=small_study.positions(2012)["prosent"].map(str).replace("50.0", "femti"))
    with pytest.raises(InputError, match=r"femti.*outside 0-1000 per cent"):
        prepared(folder)


def test_the_same_person_twice_in_one_position_is_refused(folder):
    frame = small_study.positions(2012)
    pd.concat([frame, frame.iloc[[3]]]).to_parquet(folder / "stillinger_2012.parquet")
    with pytest.raises(InputError, match=r"1 rows repeat another row in every column"):
        prepared(folder)


def test_a_missing_employment_kind_drops_the_row_and_is_counted(folder):
    edit_positions(folder / "stillinger_2012.parquet", 5, employment=None)
    found, dropped = prepared(folder)
    assert len(found) == 24 + 18 - 1
    assert dropped.to_dict("list") == {"reason": ["left_blank"], "rows": [1]}
    frame = found.assign(employment=found["employment"].mask(found.index < 2))
    with pytest.raises(InputError, match="column employment: 2 positions have no value"):
        positions.histogram(frame)


@pytest.mark.parametrize("column", ["person_id", "kode", "merknad", "sector"])
def test_identity_numbers_in_any_column_are_refused_and_never_echoed(folder, column):
    frame = small_study.positions(2012)
    texts = frame[column].astype("str") if column in frame else pd.Series("ok", index=frame.index)
    texts.iloc[4] = IDENTITY
    rewrite(folder, 2012, **{column: texts})
    with pytest.raises(InputError, match="national identity numbers: the file may not be used") as error:
        prepared(folder)
    assert IDENTITY not in str(error.value)
    assert IDENTITY not in repr(error.value.__cause__)
    assert [one.column for one in error.value.problems if "identity" in one.what] == [column]


def test_the_choice_of_keeping_is_checked(folder):
    edit(
        folder / "sources.yaml",
        "    files: stillinger_*.parquet",
        "    irregular: maybe\n    files: stillinger_*.parquet",
    )
    with pytest.raises(InputError, match=r"`irregular`.*is not known.*keep or refuse"):
        read_layout(folder)


def tidy_frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = 300
    return pd.DataFrame(
        {
            "municipality": rng.choice(["0061", "0062"], rows),
            "year": rng.choice([2011, 2012], rows),
            "person": rng.integers(1, 150, rows),
            "sector": rng.choice(["education", "health_care"], rows),
            "position_code": rng.choice(["0572", "7076"], rows),
            "sex": rng.choice(["women", "men"], rows),
            "birth_year": rng.integers(1950, 1990, rows),
            "percentage": rng.choice([100.0, 50.0, 33.3], rows),
            "employment": rng.choice(["permanent", "hourly"], rows),
        }
    )


@pytest.mark.parametrize(("separator", "decimal"), [(",", "."), (";", ",")])
def test_a_tidy_csv_gives_what_the_frame_gives(tmp_path, separator, decimal):
    frame = tidy_frame()
    path = tmp_path / "register.csv"
    frame.to_csv(path, index=False, sep=separator, decimal=decimal)
    for view in ("position", "employee"):
        by = ("municipality", "year", "position_code", "age_group")
        found = positions.histogram(path, by=by, view=view)
        assert_frame_equal(found.data, positions.histogram(frame, by=by, view=view).data)
    path.write_text("municipality;percentage\n0061;50\n")
    with pytest.raises(InputError, match=r"cannot be read as CSV|lacks a column"):
        positions.histogram(path)
