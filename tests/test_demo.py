"""The demonstration data: what is promised of the files, computed from the files as written."""

from __future__ import annotations

import json
import re
import time
import zipfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from evaluation import demo
from evaluation.errors import InputError
from evaluation.report.manifest import sha256
from evaluation.sources import read_yaml

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "data" / "reference"
DAYS = ["egenmeldt", "legemeldt", "dager_1_3", "dager_4_10", "dager_11_40", "dager_over_40", "avtalte_dagsverk"]
COUNTED = "ansettelsesform IN ('Fast', 'Midlertidig')"


@pytest.fixture(scope="session")
def standard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("standard")
    start = time.perf_counter()
    hashes = demo.generate(folder)
    return folder, hashes, time.perf_counter() - start


@pytest.fixture(scope="session")
def null(null_demo):
    files = (path for path in null_demo.rglob("*") if path.is_file())
    return null_demo, {path.relative_to(null_demo).as_posix(): sha256(path) for path in files}


@pytest.fixture(scope="session")
def days(standard):
    return read_days(standard[0])


@pytest.fixture(scope="session")
def programme(standard):
    return pd.read_excel(standard[0] / "deltakere.xlsx", sheet_name=None, dtype=object)


@pytest.fixture(scope="session")
def truth(standard):
    return json.loads((standard[0] / "truth.json").read_text())


def read_days(folder):
    """The man-days, read without the library."""
    frames = []
    for path in sorted(folder.glob("sykefravaer_*.csv")):
        frame = pd.read_csv(path, sep=";", encoding="latin-1", dtype=str)
        for column in DAYS:
            text = frame[column].str.replace(" ", "").str.replace("\xa0", "").str.replace(",", ".")
            frame[column] = pd.to_numeric(text.replace({"..": None, "-": "0"}))
        frames.append(frame)
    result = pd.concat(frames, ignore_index=True)
    result["kode"], result["aar"] = result["region"].str[:4], result["kvartal"].str[:4].astype(int)
    # The two that merge are one municipality throughout.
    register = pd.read_csv(folder / "municipalities.csv", dtype=str)
    result["kode"] = result["kode"].replace(
        register.dropna(subset="successor_code").set_index("code")["successor_code"]
    )
    result["tapt"] = result["egenmeldt"] + result["legemeldt"]
    return result


def starts(programme, theme):
    """First quarter of each municipality's projects in `theme` (all themes: None), by code."""
    projects = programme["Prosjekter"]
    rows = programme["Deltakelse"].merge(projects if theme is None else projects[projects["tema"] == theme])
    code = rows["kommune"].map(lambda cell: f"{cell:04d}" if isinstance(cell, int) else cell[:4])
    start = rows["pulje"].map({"Pulje 1": "2012K1", "Pulje 2": "2013K1"})
    return start.groupby(code).min()


def rates(days):
    return 100 * wide(days, "tapt") / wide(days, "avtalte_dagsverk")


def wide(days, column):
    """Sums by municipality (rows) and quarter; missing where a delivery, or one of two predecessors', is."""
    keys = ["kode", "kvartal"]
    sums = days.groupby(keys)[column].sum().mask(days[column].isna().groupby([days[key] for key in keys]).any())
    return sums.reset_index().pivot_table(index="kode", columns="kvartal", values=column)


def estimate(rate, programme, last, base):
    """Average over treated municipality-quarters of the change since `base`, less that of never-participants.

    Returns the estimate and its standard error, the municipalities' changes taken as independent.
    """
    treated, anyone = starts(programme, "Sykefravær"), starts(programme, None)
    never = rate.loc[rate.index.difference(anyone.index)]
    gaps, others = [], []
    for start, members in treated.groupby(treated):
        columns = rate.columns[(rate.columns >= start) & (rate.columns <= last)]
        before = rate.columns[(rate.columns >= base[0]) & (rate.columns < min(base[1], start))]
        change = (never[columns].mean() - never[before].mean(axis=0).mean()).to_numpy()
        own = (
            rate.loc[members.index, columns].to_numpy()
            - rate.loc[members.index, before].mean(axis=1).to_numpy()[:, None]
        )
        gaps += [(np.nanmean(row - change), len(columns)) for row in own]
        others.append((never[columns].mean(axis=1) - never[before].mean(axis=1)).var() / len(never))
    values, weight = np.array(gaps).T
    value = np.average(values, weights=weight)
    spread = np.sqrt((weight**2 * (values - value) ** 2).sum()) / weight.sum()
    return value, float(np.hypot(spread, np.sqrt(max(others))))


def query(folder, text):
    return duckdb.sql(text.format(files=f"'{folder}/stillinger_*.parquet'")).df()


def test_files_are_those_committed_to_the_byte(standard):
    folder, hashes, seconds = standard
    assert hashes == demo.expected_hashes()
    assert seconds < 30
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in written) < 60e6
    assert {path.relative_to(folder).as_posix() for path in written} == set(hashes) | {"sources.yaml"}


def test_another_seed_gives_other_files_of_the_same_names(standard, tmp_path):
    other = demo.generate(tmp_path, seed=7)
    same = {name for name, digest in standard[1].items() if other[name] == digest}
    assert set(other) == set(standard[1])
    assert same == {"programme.yaml", "program_fakta.csv", "kodebok.csv"}


def test_without_effect_only_what_follows_the_programme_differs(standard, null):
    changed = {name for name, digest in standard[1].items() if null[1][name] != digest}
    kinds = ("sykefravaer", "stillinger", "ledige_stillinger", "arsrapport")
    after = {f"{kind}_{year}" for kind in kinds for year in range(2012, 2016)}
    after |= {f"{kind}_{year}" for kind in ("innbyggerundersokelse", "partsundersokelse") for year in (2013, 2015)}
    # Forms are single annual reports: only those of a theme with an effect differ.
    assert {name.split(".")[0] for name in changed if not name.startswith("skjema/")} == after | {"truth"}
    truth = json.loads((null[0] / "truth.json").read_text())
    told = [truth["sick_leave"], truth["positions"], truth["vacancies"], truth["reputation"]]
    told.append(truth["cooperation"]["moderation"])
    assert {float(x) for x in re.findall(r"-?\d+\.\d+", json.dumps(told))} == {0.0}


def test_sources_say_how_the_files_are_read(standard, null):
    committed = ROOT / "data" / "demo" / "sources.yaml"
    assert (standard[0] / "sources.yaml").read_text() == committed.read_text()
    assert read_yaml(null[0] / "sources.yaml")["demonstration"] == {"scenario": "null", "seed": 2011}
    for table in read_yaml(committed)["tables"].values():
        path = sorted(standard[0].glob(table["files"]))[-1]
        if "form" in table:
            form = pd.read_excel(path, header=None, usecols="B:C", names=["label", "value"])
            raw = form.dropna(subset="label").set_index("label").T
            raw.columns = raw.columns.str.rstrip(" :.*")
        elif path.suffix == ".xlsx":
            raw = pd.read_excel(path, sheet_name=table.get("sheet", 0), header=table.get("header", 1) - 1)
        elif path.suffix == ".parquet":
            raw = pd.read_parquet(path)
        elif path.suffix == ".csv":
            start = path.read_bytes()[:3]
            marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfeS": "utf-16", b"cas": "utf-8"}
            raw = pd.read_csv(path, sep=None, engine="python", encoding=marks.get(start, "latin-1"))
        else:
            raw = pd.DataFrame(columns=json.loads(path.read_text())["id"])
        assert set(table["columns"].values()) <= set(raw.columns)
        for tidy, words in table.get("values", {}).items():
            found = set(raw[table["columns"].get(tidy, tidy)].dropna().astype(str))
            known = set(words) if "form" not in table else {word for one in words for word in (one, one.upper())}
            assert found <= known
            assert "form" in table or tidy == "event" or found == known


def test_no_municipality_is_real(standard):
    ours = pd.read_csv(standard[0] / "municipalities.csv", dtype=str)
    names, codes = set(), set()
    for path in REFERENCE.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str)
        names |= {name for column in frame.filter(regex="name|kommune") for name in frame[column].dropna()}
        codes |= {code for column in frame.filter(regex="code") for code in frame[column].dropna()}
    assert len(names) > 500
    real = {part.strip().casefold() for name in names for part in re.split(r" - |\(", name)}
    for column in ("name", "county_name"):
        parts = {part.casefold() for name in ours[column] for part in name.split(" - ")}
        assert not parts & real
    assert not set(ours["code"]) & codes
    assert not set(ours["county_code"]) & {code[:2] for code in codes}


def test_municipalities_are_as_many_as_in_norway_with_one_merger_and_odd_names(standard):
    ours = pd.read_csv(standard[0] / "municipalities.csv", dtype=str)
    assert list(ours) == list(pd.read_csv(REFERENCE / "municipality_code_history.csv", nrows=1))
    old = ours[ours["valid_to"].notna()]
    assert (len(ours) - 1, len(ours) - 2, len(old)) == (429, 428, 2)
    assert old["successor_code"].tolist() == ours.loc[ours["valid_from"] == "2012", "code"].tolist() * 2
    assert ours["code"].is_unique
    assert ours["code"].str.fullmatch(r"00[6-9]\d|[67]\d{3}").all()
    assert (ours["code"].str[:2] == "00").sum() == 22
    assert (ours["name"].value_counts() == 2).sum() == 1
    assert ours["name"].str.contains(" - ").sum() == 2
    assert ours["name"].str.contains(r"\w-\w").sum() == 1


def test_population_is_distributed_as_norways(standard):
    content = json.loads((standard[0] / "befolkning_kostra.json").read_text())
    assert content["id"] == ["Region", "ContentsCode", "Tid"]
    cube = np.array(content["value"], dtype=float).reshape(content["size"])
    in_2010 = pd.Series(cube[:, 0, 2]).dropna()
    real = pd.read_csv(REFERENCE / "population_municipality_2005_2018_asreported_codes.csv", dtype={"code": str})
    real = real[(real["year"] == 2010) & (real["code"] != "0301")]["population"]
    for quantile in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert in_2010.quantile(quantile) == pytest.approx(real.quantile(quantile), rel=0.05)
    signs = pd.Series(content["status"])
    assert set(signs) == {".", "..", ":"}
    assert all(content["value"][int(place)] is None for place in signs.index)
    assert sum(value is None for value in content["value"]) == len(signs)
    assert set(content["dimension"]["Region"]["category"]["index"]) == {
        label[:4] for label in content["dimension"]["Region"]["category"]["label"].values()
    }


def test_deliveries_are_written_as_norwegian_files_are(standard):
    early, late = ((standard[0] / f"sykefravaer_{year}.csv").read_bytes() for year in (2010, 2013))
    for content in (early, late):
        assert content.count(b"\r\n") == content.count(b"\n")
        assert re.search(rb";\d+,\d;", content)
        assert b";-;" in content
        assert b";..;..;..;..;..;..;..\r\n" in content
    assert re.search(rb";\d{1,3} \d{3},\d\r\n", early)
    assert re.search(rb";\d{1,3}\xa0\d{3},\d\r\n", late)
    assert "Ábmirnjárga".encode("latin-1") in late
    assert late.splitlines()[1].startswith(b"0061 ")


def test_man_days_add_up_and_are_possible(days):
    known = days.dropna()
    bands = known[["dager_1_3", "dager_4_10", "dager_11_40", "dager_over_40"]].sum(axis=1)
    assert np.allclose(bands, known["tapt"], atol=0.01)
    assert (known["tapt"] < known["avtalte_dagsverk"]).all()
    assert not days.duplicated(["region", "kvartal", "tjenesteomraade", "kjonn"]).any()
    gone = days[days["avtalte_dagsverk"].isna()]
    assert (gone.groupby(["region", "kvartal"]).size() == 12).all()
    assert gone.groupby(["region", "kvartal"]).ngroups == 30


def test_sick_leave_has_the_level_season_and_sectors_of_the_facts(days):
    def rate(by):
        sums = days.groupby(by)[["tapt", "avtalte_dagsverk"]].sum()
        return 100 * sums["tapt"] / sums["avtalte_dagsverk"]

    assert rate("aar").between(9.2, 10.1).all()
    assert rate("aar")[2009] == rate("aar").max()
    assert rate("aar").loc[2008:2014].mean() == pytest.approx(9.7, abs=0.2)
    quarters = rate("kvartal").to_numpy().reshape(8, 4)
    assert (quarters.argmax(axis=1) == 0).all()
    assert (quarters.argmin(axis=1) == 2).all()
    sectors = rate("tjenesteomraade")
    assert sectors["Helse/pleie/omsorg"] / sectors["Undervisning"] == pytest.approx(1.38, abs=0.04)
    assert sectors["Administrasjon"] / sectors["Undervisning"] == pytest.approx(0.77, abs=0.04)
    totals = days[DAYS].sum()
    shares = totals[["dager_1_3", "dager_4_10", "dager_11_40", "dager_over_40"]] / days["tapt"].sum()
    assert shares.to_numpy() == pytest.approx(np.array([0.5, 0.5, 1.3, 2.4]) / 4.7, abs=0.03)


def test_coverage_breaks_in_2015(days):
    sums = days.groupby("aar")[["tapt", "avtalte_dagsverk"]].sum()
    growth = sums["avtalte_dagsverk"].pct_change()
    assert growth.loc[2009:2014].abs().max() < 0.012
    assert 0.06 < growth[2015] < 0.11
    rate = 100 * sums["tapt"] / sums["avtalte_dagsverk"]
    assert -0.5 < rate[2015] - rate[2014] < -0.15


def test_programme_has_the_shape_of_the_real_one(programme):
    projects, participation, cases = (programme[name] for name in ("Prosjekter", "Deltakelse", "Dypdykk"))
    first = starts(programme, None)
    assert first.value_counts().to_dict() == {"2012K1": 57, "2013K1": 52}
    assert projects["prosjekt"].nunique() == 95
    assert projects["tema"].nunique() == 4
    assert projects.groupby("prosjekt")["tema"].nunique().max() == 2
    assert 45 <= len(starts(programme, "Sykefravær")) <= 75
    assert len(participation) == 109 + 4
    assert set(participation["kommune"].map(type)) == {int, str}
    assert (participation["kommune"].map(lambda cell: isinstance(cell, int) and cell < 100)).any()
    assert cases["tema"].value_counts().to_dict() == dict.fromkeys(projects["tema"].unique(), 4)
    members = cases["prosjekt"].map(participation.groupby("prosjekt").size())
    assert sorted(members) == [1] * 15 + [2]
    assert cases["case"].is_unique
    assert cases[["tittel_nb", "tittel_nn", "tittel_en"]].notna().all(axis=None)
    assert len(programme["Tidligere"]) == 138
    assert (programme["Samlinger"].groupby("nettverk").size() == 3).all()
    assert (
        set(programme["Samlinger"]["nettverk"]) == set(projects["nettverk"]) == set(programme["Nettverk"]["nettverk"])
    )


def test_workbook_does_not_tell_when_it_was_written(standard):
    with zipfile.ZipFile(standard[0] / "deltakere.xlsx") as book:
        assert {entry.date_time[0] for entry in book.infolist()} == {2016}
        assert set(re.findall(rb"20\d\d-\d\d-\d\dT", book.read("docProps/core.xml"))) == {b"2016-03-01T"}


def test_participants_start_higher_and_part_of_it_passes(days, null, programme):
    rate = rates(read_days(null[0]))
    treated, anyone = starts(programme, "Sykefravær"), starts(programme, None)
    in_2010 = rate[[f"2010K{quarter}" for quarter in (1, 2, 3, 4)]].mean(axis=1)
    gap = in_2010[treated.index].mean() - in_2010.drop(anyone.index).mean()
    assert 0.5 < gap < 1.2
    # Without any effect, 2010 as base year shows one; the whole period before the programme does not.
    tempting, _ = estimate(rate, programme, "2015K4", ("2010K1", "2011K1"))
    honest, error = estimate(rate, programme, "2015K4", ("2008K1", "9999"))
    assert tempting < -0.08
    assert abs(honest) < 1.5 * error
    assert error < 0.1


@pytest.mark.parametrize("last", ["2013K4", "2014K4", "2015K4"])
def test_true_effect_on_sick_leave_is_recovered(days, programme, truth, last):
    value, error = estimate(rates(days), programme, last, ("2008K1", "9999"))
    true = truth["sick_leave"]["overall"][last]["municipalities"]
    assert abs(value - true) < 1.5 * error
    assert value < -2 * error


def test_true_effects_are_known_grow_and_differ_by_intake(standard, null, programme, truth):
    first, second = (list(truth["sick_leave"][intake].values()) for intake in ("1", "2"))
    assert (first[0], first[-1], len(first), len(second)) == (-0.15, -0.45, 16, 12)
    assert first == sorted(first, reverse=True)
    assert all(one < two for one, two in zip(first, second, strict=False))
    # The scenarios share every random number: their difference is the effect, up to the sampling noise it scales.
    gap = rates(read_days(standard[0])) - rates(read_days(null[0]))
    treated = starts(programme, "Sykefravær")
    assert np.allclose(gap.drop(treated.index).fillna(0), 0)
    for intake, start in (("1", "2012K1"), ("2", "2013K1")):
        mean = gap.loc[treated.index[treated == start], gap.columns >= start].mean()
        assert mean.to_numpy() == pytest.approx(np.array(list(truth["sick_leave"][intake].values())), abs=0.05)


def test_overall_effects_are_averages_over_treated_deliveries(days, programme, truth):
    treated = starts(programme, "Sykefravær")
    agreed = wide(days, "avtalte_dagsverk").loc[treated.index]
    quarters, effect = list(agreed.columns), agreed * np.nan
    for code, start in treated.items():
        path = truth["sick_leave"]["1" if start == "2012K1" else "2"].values()
        effect.loc[code, quarters[quarters.index(start) :]] = list(path)
    for last, overall in truth["sick_leave"]["overall"].items():
        cells, weight = effect.loc[:, :last].to_numpy(), agreed.loc[:, :last].to_numpy()
        known = ~np.isnan(cells) & ~np.isnan(weight)
        assert overall["municipalities"] == pytest.approx(cells[known].mean(), abs=1e-4)
        assert overall["man_days"] == pytest.approx(np.average(cells[known], weights=weight[known]), abs=1e-4)


def test_register_has_real_size_and_sizes_of_the_facts(standard):
    yearly = query(
        standard[0],
        "SELECT aar, count(*) AS n, sum(stillingsprosent) / 100 AS man_years, "
        f"avg(stillingsprosent) FILTER ({COUNTED}) AS mean, "
        f"avg(stillingsprosent) FILTER ({COUNTED} AND kjonn = 'Kvinner') AS women, "
        f"avg(stillingsprosent) FILTER ({COUNTED} AND kjonn = 'Menn') AS men FROM {{files}} GROUP BY aar ORDER BY aar",
    ).set_index("aar")
    assert yearly["n"].between(425_000, 475_000).all()
    # KS's PAI register, table 1.3.5.
    fact = pd.Series([79.6, 79.3, 79.0, 78.8, 78.6, 78.7, 78.9, 78.7], range(2008, 2016))
    assert (yearly["mean"] - fact).abs().max() < 1.0
    assert yearly["women"].between(76.5, 78.2).all()
    assert yearly["men"].between(82, 86.5).all()
    spikes = query(
        standard[0],
        f"SELECT stillingsprosent AS size, count(*) AS n FROM {{files}} WHERE {COUNTED} AND aar = 2012 "
        "GROUP BY size ORDER BY n DESC LIMIT 3",
    )
    assert set(spikes["size"]) == {50, 75, 100}


def test_full_time_share_of_municipalities_is_that_of_the_facts(standard):
    share = query(
        standard[0],
        "WITH employee AS (SELECT aar, person_id, any_value(kommunenr) AS kommunenr, sum(stillingsprosent) AS size "
        f"FROM {{files}} WHERE {COUNTED} GROUP BY aar, person_id) "
        "SELECT aar, kommunenr, avg((size >= 100)::INT) AS share FROM employee GROUP BY aar, kommunenr",
    )
    for year, median in ((2010, 39.7), (2012, 39.8)):
        values = 100 * share[share["aar"] == year]["share"]
        assert values.median() == pytest.approx(median, abs=1.0)
        assert 40 <= (values > 50).sum() <= 80
        assert (values > 25).sum() >= 405
        assert (values <= 10).sum() == 0


def test_persons_stay_have_second_positions_and_no_identity_numbers(standard):
    counts = query(
        standard[0],
        "SELECT aar, person_id, count(*) AS n, count(DISTINCT kommunenr) AS places, min(fodselsaar) AS born, "
        "count(DISTINCT (kjonn, fodselsaar)) AS people FROM {files} GROUP BY aar, person_id",
    )
    assert (counts["people"] == 1).all()
    assert 0.02 < (counts["n"] > 1).mean() < 0.10
    assert 500 < (counts.loc[counts["aar"] == 2012, "places"] > 1).sum() < 6_000
    assert counts["person_id"].max() < 1e10
    assert (counts["aar"] - counts["born"]).between(16, 76).all()
    people = {year: set(group) for year, group in counts.groupby("aar")["person_id"]}
    for year in range(2009, 2016):
        gone = 1 - len(people[year] & people[year - 1]) / len(people[year - 1])
        assert 0.09 < gone < 0.16


def test_effect_on_position_sizes_is_the_difference_of_the_scenarios(standard, null, programme, truth):
    text = (
        "SELECT kommunenr, aar, count(*) AS n, 100 * sum((stillingsprosent >= 100)::INT) AS full_time, "
        f"sum(stillingsprosent) AS size FROM {{files}} WHERE {COUNTED} GROUP BY kommunenr, aar"
    )
    frames = [query(folder, text).set_index(["kommunenr", "aar"]).sort_index() for folder in (standard[0], null[0])]
    gap = (frames[0] - frames[1]).assign(n=frames[0]["n"])
    assert (frames[0]["n"] == frames[1]["n"]).all()
    treated = starts(programme, "Heltid")
    others = gap.drop(treated.index, level="kommunenr")
    assert (others[["full_time", "size"]] == 0).all(axis=None)
    for intake, start in (("1", "2012K1"), ("2", "2013K1")):
        sums = gap.loc[treated.index[treated == start]].groupby("aar").sum()
        for year, effect in truth["positions"][intake].items():
            row = sums.loc[int(year)]
            assert effect["full_time_share"] == pytest.approx(row["full_time"] / row["n"], abs=1e-3)
            assert effect["mean_percentage"] == pytest.approx(row["size"] / row["n"], abs=1e-3)
        shares = [effect["full_time_share"] for effect in truth["positions"][intake].values()]
        assert shares == sorted(shares)
        assert shares[0] > 0.5
    assert truth["positions"]["1"]["2015"]["full_time_share"] > truth["positions"]["2"]["2015"]["full_time_share"]


@pytest.mark.parametrize(("given", "word"), [({"scenario": "nul"}, "standard, null"), ({"seed": -1}, "seed")])
def test_unknown_scenario_or_seed_is_refused_and_nothing_written(tmp_path, given, word):
    with pytest.raises(InputError, match=word):
        demo.generate(tmp_path / "new", **given)
    assert not (tmp_path / "new").exists()


def test_a_failed_generation_leaves_the_previous_files(tmp_path, monkeypatch):
    (tmp_path / "municipalities.csv").write_text("before")
    monkeypatch.setattr("evaluation.demo.files.background_json", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        demo.generate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["municipalities.csv"]
    assert (tmp_path / "municipalities.csv").read_text() == "before"
