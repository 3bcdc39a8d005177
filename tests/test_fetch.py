"""Fetching a table: within the server's limits, whole or not at all, and every refusal in words."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from statbank_server import REGIONS, UPDATED, YEARS, StatBank, figure, serving

from evaluation import cli
from evaluation.fetch import SERVER, Client, FetchError, Plan, fetch, plan, read_selection
from evaluation.fetch.combine import combine
from evaluation.fetch.command import fetch_all
from evaluation.fetch.select import variables
from evaluation.sources import read

WHOLE = {"Region": ["????"], "Kjonn": ["*"]}


class Waits:
    """A clock that goes when somebody sleeps, so that no test waits."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.said: list[str] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def clock(self) -> float:
        return sum(self.slept)

    def client(self, server: str, language: str = "nb") -> Client:
        return Client(server, language, self.said.append, self.sleep, self.clock)


@pytest.fixture
def bank():
    with serving(StatBank()) as one:
        yield one


@pytest.fixture
def waits():
    return Waits()


def told(error: pytest.ExceptionInfo[FetchError]) -> str:
    assert "Traceback" not in str(error.value)
    return str(error.value)


def test_a_table_is_fetched_into_a_file_that_the_reader_reads_with_its_signs(bank, waits, tmp_path):
    made = fetch("07459", WHOLE, waits.client(bank.address), folder=tmp_path)
    raw = read(made.file)
    assert list(made.columns) == list(raw.frame.columns)
    assert len(raw.frame) == 4 * 2 * len(YEARS)
    found = raw.frame.set_index(["Region", "Kjonn", "Tid"])["Personer"]
    for cell in (("0301", "1", "2008"), ("1103", "2", "2015")):
        expected, _ = figure(dict(zip(("Region", "Kjonn", "Tid", "ContentsCode"), (*cell, "Personer1"), strict=True)))
        assert found[cell] == expected
    assert found["1723", "1", "2013"] == "."
    assert found["0101", "2", "2009"] == ":"


def test_what_is_not_named_is_taken_whole_by_region_contents_and_time_and_as_the_total_otherwise(bank, waits, tmp_path):
    made = fetch("07459", {}, waits.client(bank.address), folder=tmp_path)
    assert {code: len(codes) for code, codes in made.plan.selection.items()} == {
        "Region": len(REGIONS),
        "ContentsCode": 2,
        "Tid": len(YEARS),
    }
    frame = read(made.file).frame
    assert "Kjonn" not in frame
    women, men = (figure({"Region": "0301", "Tid": "2010", "ContentsCode": "Endring", "Kjonn": sex})[0] for sex in "21")
    at = (frame["Region"] == "0301") & (frame["Tid"] == "2010")
    assert frame.loc[at, "Endring"].item() == women + men


@pytest.mark.parametrize("limit", [3, 16, 40])
def test_a_large_table_is_split_within_the_limit_and_put_together_the_same(bank, waits, tmp_path, limit):
    whole = fetch("07459", WHOLE, waits.client(bank.address), folder=tmp_path / "whole")
    bank.limit = limit
    made = fetch("07459", WHOLE, waits.client(bank.address), folder=tmp_path / "parts")
    assert len(made.plan.parts) > 1
    assert made.asked == len(made.plan.parts)
    one, other = (json.loads(file.read_bytes()) for file in (whole.file, made.file))
    assert one == other


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=3), limit=st.integers(1, 200))
def test_parts_hold_every_cell_once_and_none_is_above_the_limit(sizes, limit):
    selection = {f"v{at}": tuple(f"{at}.{code}" for code in range(size)) for at, size in enumerate(sizes)}
    planned = Plan("t", "", "", "", (), selection, limit)
    counts = [1] * len(planned.parts)
    for at, part in enumerate(planned.parts):
        for codes in part.values():
            counts[at] *= len(codes)
    assert max(counts) <= limit
    assert sum(counts) == planned.cells
    corners = {tuple(codes[0] for codes in part.values()) for part in planned.parts}
    assert len(corners) == len(planned.parts)


def test_signs_given_as_a_list_or_as_one_for_all_are_put_together_too(bank):
    answers = []
    for region, status in (("0301", ["", ".."]), ("1103", [":"])):
        body = json.loads(
            bank.data(
                bank.tables["07459"], {"Region": [region], "ContentsCode": ["Personer1"], "Tid": ["2008", "2009"]}
            )[2]
        )
        answers.append({**body, "status": status})
    selection = {"Region": ("0301", "1103"), "ContentsCode": ("Personer1",), "Tid": ("2008", "2009")}
    assert combine(answers, selection)["status"] == {"1": "..", "2": ":", "3": ":"}


@pytest.mark.parametrize(
    ("expression", "codes"),
    [
        ("*", YEARS),
        ("top(2)", ["2014", "2015"]),
        ("top(2,1)", ["2013", "2014"]),
        ("bottom(1)", ["2008"]),
        ("from(2013)", ["2013", "2014", "2015"]),
        ("to(2009)", ["2008", "2009"]),
        ("range(2010,2011)", ["2010", "2011"]),
        ("201?", YEARS[2:]),
        ("*9", ["2009"]),
    ],
)
def test_expressions_mean_what_the_guide_says(bank, waits, expression, codes):
    selection, problems = read_selection([f"tid={expression}", "Region=0301"])
    assert not problems
    assert list(plan("07459", selection, waits.client(bank.address)).selection["Tid"]) == codes


def test_top_of_another_variable_is_what_comes_first_and_codes_named_twice_are_asked_once(bank, waits):
    planned = plan("07459", {"Region": ["top(2)", "0", "0"], "Kjonn": ["bottom(1)"]}, waits.client(bank.address))
    assert planned.selection["Region"] == ("0", "03")
    assert planned.selection["Kjonn"] == ("1",)


def test_a_long_selection_is_posted_and_a_short_one_is_not(bank, waits, tmp_path):
    table = bank.tables["07459"]
    many = {f"{code:04d}": f"Kommune {code}" for code in range(101, 601)}
    table["dimension"]["Region"]["category"] = {"index": list(many), "label": many}
    client = waits.client(bank.address)
    fetch("07459", {"Region": ["01*"], "Tid": ["top(1)"]}, client, folder=tmp_path, name="short")
    made = fetch("07459", {"Region": ["from(0110)"], "Tid": ["top(1)"]}, client, folder=tmp_path, name="long")
    assert [method for method, *_ in bank.paths()] == ["GET", "POST"]
    assert len(read(made.file).frame) == 491
    _, path, body = bank.paths()[1]
    assert {"variableCode": "Tid", "valueCodes": ["2015"]} in body["selection"]
    assert "outputFormat=json-stat2" in path


def test_all_values_are_asked_for_with_a_star(bank, waits, tmp_path):
    fetch("07459", {}, waits.client(bank.address), folder=tmp_path)
    assert bank.paths()[0][1].count("=%2A") == 3


def test_provenance_stands_beside_the_file_and_is_the_same_each_time(bank, waits, tmp_path):
    made = fetch("07459", WHOLE, waits.client(bank.address), folder=tmp_path)
    said = YAML(typ="safe").load(made.provenance.read_text(encoding="utf-8"))
    assert said["sha256"] == hashlib.sha256(made.file.read_bytes()).hexdigest()
    assert said["updated"] == UPDATED
    assert said["attribution"] == "Kilde: Statistisk sentralbyrå, 07459"
    assert said["licence"] == "https://www.ssb.no/en/diverse/lisens"
    assert said["selection"]["Region"] == ["0301", "0101", "1103", "1723"]
    assert said["requests"][0]["url"].startswith(f"{bank.address}/tables/07459/data?lang=no")
    before = made.provenance.read_bytes()
    again = fetch("07459", WHOLE, waits.client(bank.address), folder=tmp_path)
    assert not again.changed
    assert again.provenance.read_bytes() == before


def test_an_interrupted_run_goes_on_where_it_stopped_and_a_new_edition_is_fetched_anew(bank, waits, tmp_path):
    bank.limit = 16
    kept, client = tmp_path / "kept", waits.client(bank.address)
    fetch_it = {"selection": WHOLE, "client": client, "folder": tmp_path / "out", "kept": kept}
    parts = len(plan("07459", WHOLE, client).parts)
    good = bank.answer
    bank.answer = lambda method, target, body: (
        (500, {}, b"") if target.count("/data") and len(bank.paths()) > 3 else good(method, target, body)
    )
    with pytest.raises(FetchError, match="part 4 of 8"):
        fetch("07459", **fetch_it)
    assert not (tmp_path / "out").exists()
    bank.answer, bank.asked = good, []
    made = fetch("07459", **fetch_it)
    assert made.asked == len(bank.paths()) == parts - 3
    assert fetch("07459", **fetch_it).asked == 0
    assert fetch("07459", fresh=True, **fetch_it).asked == parts
    bank.tables["07459"]["updated"] = "2026-03-01T07:00:00Z"
    assert fetch("07459", **fetch_it).asked == parts


def test_a_kept_answer_that_was_cut_short_is_asked_for_again(bank, waits, tmp_path):
    fetch_it = {"selection": WHOLE, "client": waits.client(bank.address), "folder": tmp_path, "kept": tmp_path / "kept"}
    made = fetch("07459", **fetch_it)
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert fetch("07459", **fetch_it).asked == 1
    assert read(made.file).frame.shape[0] == 64


def test_too_many_requests_and_a_busy_server_are_waited_for(bank, waits, tmp_path):
    bank.next = [(429, {"retry-after": "17"}, b""), (503, {}, b""), (503, {}, b"")]
    fetch("07459", WHOLE, waits.client(bank.address), folder=tmp_path)
    assert waits.slept == [17.0, 2.0, 4.0]
    assert waits.said[0] == "07459: too many requests (429); waits 17 s"


def test_retry_after_may_be_a_date_and_a_long_one_is_told_instead_of_waited_for(bank, waits):
    bank.next = [(503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"")]
    plan("07459", {}, waits.client(bank.address))
    assert waits.slept == [0.0]
    bank.next = [(429, {"retry-after": "3600"}, b"")]
    with pytest.raises(FetchError) as error:
        plan("07459", {}, waits.client(bank.address))
    assert "asks to wait 60 minutes" in told(error)


def test_a_server_that_stays_busy_is_given_up_after_six_tries(bank, waits):
    bank.next = [(503, {}, b"")] * 9
    with pytest.raises(FetchError) as error:
        plan("07459", {}, waits.client(bank.address))
    assert "Tried 6 times" in told(error)
    assert waits.slept == [1, 2, 4, 8, 16]
    assert len(bank.asked) == 6


def test_requests_keep_within_the_rate_the_server_tells(bank, waits, tmp_path):
    bank.headers = {"x-ratelimit-policy": "5;w=60s"}
    bank.limit = 4
    client = waits.client(bank.address)
    stamps = []
    good = bank.answer
    bank.answer = lambda *asked: (stamps.append(waits.clock()), good(*asked))[1]
    made = fetch("07459", WHOLE, client, folder=tmp_path)
    assert made.asked > 15
    windows = [sum(start <= one < start + 60 for one in stamps) for start in stamps]
    assert max(windows) <= 5
    assert "5 requests in 60 s are allowed" in waits.said[0]


def test_a_truncated_body_is_asked_for_again_and_then_refused_leaving_the_earlier_file(bank, waits, tmp_path):
    made = fetch("07459", WHOLE, waits.client(bank.address), folder=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    status, headers, body = good = bank.data(
        bank.tables["07459"], {"Region": ["0301"], "ContentsCode": ["*"], "Tid": ["*"]}
    )
    assert status == 200
    metadata = (200, {}, json.dumps(bank.tables["07459"]).encode())
    bank.next = [metadata, (200, headers, body[:200]), good]
    fetch("07459", {"Region": ["0301"]}, waits.client(bank.address), folder=tmp_path / "other")
    cut = (200, {**headers, "content-length": str(len(body))}, body[:200])
    bank.next = [metadata, *[cut] * 6]
    with pytest.raises(FetchError) as error:
        # The server promises more than it sends, as when a line breaks.
        fetch("07459", WHOLE, waits.client(bank.address), folder=tmp_path)
    assert "the answer was cut short" in told(error)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert made.file in before


def test_a_web_page_instead_of_data_is_refused_with_what_it_may_be(bank, waits):
    bank.next = [(200, {"content-type": "text/html"}, b"<!DOCTYPE html><title>Logg inn</title>")]
    with pytest.raises(FetchError) as error:
        plan("07459", {}, waits.client(bank.address))
    assert "a web page came instead of data" in told(error)
    assert "login" in told(error)
    assert waits.slept == []


def test_an_absent_network_is_told_at_once(waits):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(FetchError) as error:
            plan("07459", {}, waits.client(address))
    assert "the server cannot be reached" in told(error)
    assert address in told(error)
    assert waits.slept == []


@pytest.mark.parametrize(
    ("table", "selection", "expected"),
    [
        ("99999", {}, ["99999", "Non-existent table (404)", "five digits"]),
        ("7459", {}, ["Did you mean 07459?"]),
        ("../config", {}, ["not the id of a table"]),
        ("07459", {"Regoin": ["*"]}, ["no such variable", "Did you mean Region (region)?"]),
        ("07459", {"Region": ["0302"]}, ["no such value", "'0302'", "0301 (Oslo)"]),
        ("07459", {"Region": ["stavanger"]}, ["no such value", "Did you mean 1103 (Stavanger)?"]),
        ("07459", {"Tid": ["from(2007)"]}, ["no such value", "'2007'", "2008"]),
        ("07459", {"Tid": ["top(x)"]}, ["not understood", "top(5)"]),
        ("07459", {"Tid": ["19*"]}, ["no value is like this"]),
    ],
)
def test_what_the_table_does_not_have_is_named_with_the_nearest(bank, waits, table, selection, expected):
    with pytest.raises(FetchError) as error:
        plan(table, selection, waits.client(bank.address))
    for part in expected:
        assert part in told(error)


def test_all_mistakes_of_a_selection_come_together(bank, waits):
    with pytest.raises(FetchError) as error:
        plan("07459", {"Regoin": ["*"], "Kjonn": ["3"], "Tid": ["2007", "top()"]}, waits.client(bank.address))
    assert len(error.value.problems) == 4


def test_the_servers_own_words_are_repeated(bank, waits, tmp_path):
    metadata = (200, {}, json.dumps(bank.tables["07459"]).encode())
    refused = json.dumps({"type": "Parameter error", "title": "Too many cells selected", "status": 400}).encode()
    bank.next = [metadata, (400, {}, refused)]
    with pytest.raises(FetchError) as error:
        fetch("07459", {}, waits.client(bank.address), folder=tmp_path)
    assert "the server says: Too many cells selected (400)" in told(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda body: body | {"value": body["value"][:-1]}, "figures for"),
        (lambda body: body | {"updated": "2026-03-01T07:00:00Z"}, "updated while it was fetched"),
        (lambda body: body | {"dimension": body["dimension"] | {"Tid": body["dimension"]["Region"]}}, "other values"),
        (lambda _: {"tables": []}, "other values"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(bank, waits, tmp_path, change, expected):
    selection = {"Region": ["0301"], "ContentsCode": ["*"], "Tid": ["*"]}
    body = json.loads(bank.data(bank.tables["07459"], selection)[2])
    metadata = (200, {}, json.dumps(bank.tables["07459"]).encode())
    bank.next = [metadata, (200, {}, json.dumps(change(body)).encode())]
    with pytest.raises(FetchError, match=expected):
        fetch("07459", {"Region": ["0301"]}, waits.client(bank.address), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_recorded_response_has_the_variables_the_selection_works_on():
    recorded = json.loads((Path(__file__).parent / "data/jsonstat2_sample_ssb_12134_v2.json").read_bytes())
    found = {variable.code: variable for variable in variables(recorded)}
    assert [variable.role for variable in found.values()] == ["geo", "metric", "time"]
    assert found["KOKkommuneregion0000"].values["5001"] == "Trondheim - Tråante"
    assert not found["KOKkommuneregion0000"].total


def test_a_dry_run_tells_cells_and_requests_and_writes_nothing(bank, waits, tmp_path):
    bank.limit = 100
    lines = list(
        fetch_all(["07459"], ["Region=????"], folder=tmp_path, dry_run=True, client=waits.client(bank.address))
    )
    assert "Region (region): 4 of 6 values (0301 to 1723)" in lines[0]
    assert "Kjonn (kjønn): left out, the table gives the total; --select 'Kjonn=*'" in lines[0]
    assert "64 cells in 1 request" in lines[0]
    assert bank.paths() == []
    assert list(tmp_path.iterdir()) == []


def test_one_table_that_fails_stops_no_other(bank, waits, tmp_path, monkeypatch):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    done = fetch_all(["99999", "07459"], [], folder=tmp_path / "out", client=waits.client(bank.address))
    assert "07459.json: written" in next(done)
    with pytest.raises(FetchError, match="99999"):
        next(done)


def test_the_command_says_what_it_did_and_mistakes_have_status_2(bank, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["evaluation", "fetch", *arguments, "--server", bank.address])
        with pytest.raises(SystemExit) as status:
            cli.main()
        return int(status.value.code or 0), *capsys.readouterr()

    status, out, err = call("07459", "--select", "Region=????", "--name", "folk", "--language", "en")
    assert (status, err) == (0, "")
    assert "columns: Region, Region.label, Tid, Personer, Endring" in out
    assert (tmp_path / "data/raw/folk.json").is_file()
    assert (tmp_path / "data/raw/folk.provenance.yaml").is_file()
    assert "lang=en" in bank.paths()[0][1]
    assert "unchanged" in call("07459", "--select", "Region=????", "--name", "folk", "--language", "en")[1]
    status, out, err = call("07459", "12134", "--name", "a/b", "--select", "Region", "--language", "no")
    assert (status, out) == (2, "")
    assert err.count("--name") == err.count("--select") == err.count("--language") == 1
    assert "files fetched earlier are as they were" in err


def test_the_address_must_be_one():
    with pytest.raises(FetchError, match="--server"):
        Client("data.ssb.no")
    assert Client().server == SERVER
