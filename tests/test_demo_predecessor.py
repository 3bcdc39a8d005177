"""Another programme: its demonstration data, and that a folder and a parameter file are all it takes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import demo, did, load_study, participation, sick_leave
from evaluation.report.declared import read_declared
from evaluation.report.parameters import read_plan
from evaluation.sources import read_yaml

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "data" / "reference"
LAST = "2010Q4"
DAYS = ["egenmeldt", "legemeldt", "avtalte_dagsverk"]

# Worker processes take whole groups, so that the report is made once and by one of them.


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predecessor")
    return folder, demo.generate(folder, programme="predecessor")


@pytest.fixture(scope="module")
def study(made):
    return load_study(made[0], as_of="2010-12-31", division=2010)


@pytest.fixture(scope="module")
def truth(made):
    return json.loads((made[0] / "truth.json").read_text(encoding="utf-8"))["sick_leave"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    command = [str(Path(sys.executable).with_name("evaluation")), "report", "predecessor", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def test_files_are_those_committed_to_the_byte(made):
    folder, hashes = made
    assert hashes == demo.expected_hashes("predecessor")
    committed = ROOT / "data" / "demo_predecessor" / "sources.yaml"
    assert (folder / "sources.yaml").read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 20e6


def test_without_effect_only_what_follows_the_programme_differs(made, tmp_path):
    null = demo.generate(tmp_path, programme="predecessor", scenario="null")
    changed = {name for name, digest in made[1].items() if null[name] != digest}
    assert changed == {f"sykefravaer_{year}.csv" for year in range(2007, 2011)} | {"truth.json"}
    said = read_yaml(tmp_path / "sources.yaml")["demonstration"]
    assert said == {"programme": "predecessor", "scenario": "null", "seed": 2007}


def test_a_folder_elsewhere_is_filled_with_this_programme_at_first_use(made, tmp_path):
    (tmp_path / "sources.yaml").write_bytes((made[0] / "sources.yaml").read_bytes())
    assert load_study(tmp_path, as_of="2010-12-31", division=2010).programme.code == "kvalitet"
    assert {path.name for path in tmp_path.iterdir()} == set(made[1]) | {"sources.yaml"}


def test_no_municipality_is_real(made):
    ours = pd.read_csv(made[0] / "municipalities.csv", dtype=str)
    names, codes = set(), set()
    for path in REFERENCE.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str)
        names |= {name for column in frame.filter(regex="name|kommune") for name in frame[column].dropna()}
        codes |= {code for column in frame.filter(regex="code") for code in frame[column].dropna()}
    real = {part.strip().casefold() for name in names for part in re.split(r" - |\(", name)}
    assert len(real) > 500
    invented = {
        part.casefold() for column in ("name", "county_name") for name in ours[column] for part in name.split(" - ")
    }
    assert not invented & real
    assert not set(ours["code"]) & codes


def test_it_opens_on_the_division_of_2010_with_twelve_sick_leave_municipalities(study):
    assert len(study.municipalities) == 430
    assert study.quarters == (pd.Period("2004Q1"), pd.Period("2010Q4"))
    account = participation.account(study)
    assert (account.participants, len(study.programme.participants("sick_leave"))) == (138, 12)
    starts = study.programme.first_treated("sick_leave").value_counts()
    assert starts.to_dict() == {pd.Period("2007Q1"): 7, pd.Period("2008Q1"): 5}
    assert pd.Period("2007Q1").ordinal - study.quarters[0].ordinal >= 8
    assert account.earlier == 24


def test_participants_start_as_much_higher_as_was_published(made):
    frames = []
    for path in sorted(made[0].glob("sykefravaer_*.csv")):
        frame = pd.read_csv(path, sep=";", encoding="latin-1", dtype=str)
        for column in DAYS:
            text = frame[column].str.replace(" ", "").str.replace(",", ".")
            frame[column] = pd.to_numeric(text.replace({"..": None, "-": "0"}))
        frames.append(frame)
    days = pd.concat(frames, ignore_index=True)
    book = pd.read_excel(made[0] / "deltakere.xlsx", sheet_name=None, dtype=object)
    rows = book["Deltakelse"].merge(book["Prosjekter"], on="prosjekt")
    rows["kode"] = rows["kommune"].map(lambda cell: f"{cell:04d}" if isinstance(cell, int) else cell[:4])
    year = days[days["kvartal"].isin(["2007K4", "2008K1", "2008K2", "2008K3"])]
    code = year["region"].str[:4]
    groups = code.isin(rows.loc[rows["tema"] == "Sykefravær", "kode"]), ~code.isin(rows["kode"])
    sums = [year.loc[group, DAYS].sum() for group in groups]
    rates = [100 * (one["egenmeldt"] + one["legemeldt"]) / one["avtalte_dagsverk"] for one in sums]
    # Published: 10.4 and 9.7 per cent in the year to the third quarter of 2008.
    assert rates == pytest.approx([10.4, 9.7], abs=0.3)


def test_the_true_effect_lies_in_the_interval_that_holds_with_twelve_treated(study, truth):
    effects = sick_leave.effect(study, last=LAST, **sick_leave.PRESPECIFIED)
    whole = did.balanced(sick_leave.panel(study, last=LAST).data, unit="municipality", period="period")
    names = {"outcome": "rate", "unit": "municipality", "period": "period", "first_treated": "first_treated"}
    test = did.randomisation_inference(whole, **names, **sick_leave.PRESPECIFIED, draws=999)
    lead = did.advised(effects.overall, test, bound=100)
    true = truth["overall"]["2010K4"]["municipalities"]
    assert lead.treated == 12
    assert (lead.low, lead.high, lead.p_value) == (test.low, test.high, test.p_value)
    assert lead.low < true < lead.high
    # Difference in differences by hand: each municipality's change since before its start, less that of the others.
    rate = whole.pivot_table(index="municipality", columns="period", values="rate")
    first = whole.groupby("municipality")["first_treated"].first()
    never = rate[first == 0].mean()
    gaps = []
    for code, start in first[first > 0].items():
        gap = rate.loc[code] - never
        gaps += (gap[gap.index >= start] - gap[gap.index < start].mean()).tolist()
    assert test.estimate == pytest.approx(np.mean(gaps), abs=0.02)


def test_before_the_second_intake_starts_there_is_no_intake_to_leave_out(made):
    early = load_study(made[0], as_of="2007-12-31", division=2010)
    checks = sick_leave.certainty(early, last="2007Q4", draws=99, replications=100)
    assert checks.without_each_intake is None
    assert len(checks.without_each_municipality.estimates) == 7


def test_an_estimate_keeps_its_own_interval_where_many_are_treated():
    many = did.Estimate(-0.3, 0.1, -0.5, -0.1, 0.003, 400, 400, 20)
    test = did.Inference(
        *(-0.28, 0.1, -2.8, 0.0, 0.2, -np.inf, 0.1, 0.95, 99, 0, False, "permutation", 19, 380, 380, "test", "source")
    )
    assert did.advised(many, test) is many
    few = did.Estimate(-0.3, 0.1, -0.5, -0.1, 0.003, 400, 400, 19)
    lead = did.advised(few, test, bound=100)
    assert (lead.value, lead.standard_error, lead.low, lead.high, lead.p_value) == (-0.3, 0.1, -100, 0.1, 0.2)


@pytest.mark.parametrize("path", sorted((ROOT / "params").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_parameter_file_names_chapters_there_are_and_parameters_they_declare(path):
    plan = read_plan(path, ROOT / "notebooks")
    for chapter in plan.chapters:
        assert set(chapter.given) <= set(read_declared(chapter.declared.path).parameters)
        assert (ROOT / chapter.given["data"] / "sources.yaml").is_file()
    assert plan.name == path.stem


def test_the_report_runs_with_data_and_parameters_alone(report, truth):
    findings = {found["name"]: found for found in json.loads((report / "findings.json").read_text(encoding="utf-8"))}
    effect = findings["effect"]
    assert effect["causal"]
    assert effect["low"] < truth["overall"]["2010K4"]["municipalities"] < effect["high"]
    assert effect["evidence"]["p_value"] == pytest.approx(findings["randomisation_p_value"]["value"])
    text = (report / "report.md").read_text(encoding="utf-8")
    # The programme's own names of themes and intakes, and nothing of the other programme or of later years.
    for said in ("Kvalitet i hver kommune", "Kvalitet i tjenestene", "Pulje 2 (2008)", "Med bare 12 deltakere"):
        assert said in re.sub(r"\[([^]]*)\]\(#source-[^)]*\)\{\.number\}|\\", r"\1", text)
    body = text.partition("# Vedlegg")[0]
    assert not re.findall(r"\b201[1-9]\b", body)
    assert "Samspill" not in text
