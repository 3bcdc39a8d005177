"""Two reports side by side: what differs, how much, in which order, and an exit status that a machine can use."""

from __future__ import annotations

import json
import math
import re
import zipfile
from html.parser import HTMLParser

import pytest
from scipy import stats
from toy_made import FINDINGS, INPUTS, TABLES, finding, toy_report
from typer.testing import CliRunner

from evaluation.cli import app
from evaluation.report.compare.difference import compare
from evaluation.report.compare.sections import headline, sections
from evaluation.report.compare.show import as_page, as_text
from evaluation.report.compare.tables import changed_table
from evaluation.report.compare.words import COMPARED
from evaluation.report.made import ReviewError, opened, read_made
from evaluation.report.words import say


@pytest.fixture
def pair(tmp_path):
    """Makes two reports that differ in what is given for the second."""

    def make(first=None, **second):
        root = tmp_path / "project"
        return toy_report(root, tmp_path / "a", **(first or {})), toy_report(root, tmp_path / "b", **second)

    return make


def with_findings(*changed):
    names = {entry["name"] for entry in changed}
    return tuple(entry for entry in FINDINGS if entry["name"] not in names) + changed


def test_equal_reports_have_no_difference(pair):
    found = compare(*pair())
    assert found.same
    assert sections(found, "nb") == []
    assert headline(found, "en") == COMPARED["same"]["en"].format()


def test_a_change_is_told_in_the_standard_errors_that_the_intervals_imply(pair):
    # Intervals made from known standard errors, by another library's quantile.
    wide, narrow = 0.2, 0.1
    z = stats.norm.ppf(0.975)
    first = finding("effect", -0.30, -0.30 - z * wide, -0.30 + z * wide)
    second = finding("effect", -0.55, -0.55 - z * narrow, -0.55 + z * narrow)
    (change,) = compare(*pair({"findings": (first,)}, findings=(second,))).findings
    assert change.change == pytest.approx(-0.25)
    assert change.errors == pytest.approx(0.25 / math.sqrt((wide**2 + narrow**2) / 2))
    assert change.verdict  # It excludes zero now.


def test_a_finding_without_interval_has_no_size_in_standard_errors(pair):
    (change,) = compare(*pair(findings=with_findings(finding("level", 9.1)))).findings
    assert change.change == pytest.approx(-0.5)
    assert change.errors is None


def test_verdicts_come_first_then_the_largest_changes_then_new_and_gone_ones(pair):
    first = (
        finding("small", 1.0, 0.5, 1.5),
        finding("large", 5.0, 4.5, 5.5),
        finding("crosses", 0.2, 0.1, 0.3),
        finding("gone", 1.0),
    )
    second = (
        finding("small", 1.1, 0.6, 1.6),
        finding("large", 9.0, 8.5, 9.5),
        finding("crosses", 0.19, -0.01, 0.39),
        finding("new", 1.0),
    )
    found = compare(*pair({"findings": first}, findings=second)).findings
    assert [change.name for change in found] == ["crosses", "large", "small", "gone", "new"]
    assert [change.verdict for change in found] == [True, False, False, False, False]


def test_a_sign_without_interval_is_a_verdict_and_a_change_of_n_is_told(pair):
    changed = with_findings(finding("level", -9.6), finding("gap", 0.2, -0.1, 0.5, n=91))
    found = {change.name: change for change in compare(*pair(findings=changed)).findings}
    assert found["level"].verdict
    assert found["gap"].others == (("n", 90, 91),)
    assert found["gap"].change == 0


def test_cases_are_told_apart(pair):
    entries = [finding("gap", 1.0, case=case) for case in ("hamar", "drammen")]
    changed = [entries[0], finding("gap", 2.0, case="drammen")]
    (change,) = compare(*pair({"findings": tuple(entries)}, findings=tuple(changed))).findings
    assert change.chapter == "01_first drammen"


def test_where_a_finding_was_recorded_changes_nothing(pair):
    first, second = (tuple(entry | {"origin": {"cell": cell}} for entry in FINDINGS) for cell in (7, 8))
    assert not compare(*pair({"findings": first}, findings=second)).findings


def test_rows_withheld_by_the_reports_own_account_come_first(pair):
    made = pair(tables=TABLES | {"01_first-kurve": TABLES["01_first-kurve"].replace("-0.4", "0.9")})
    listed = json.loads((made[1].folder / "exhibits.json").read_text())
    listed[1]["withheld"] = {"persons": 2, "secondary": 1}
    (made[1].folder / "exhibits.json").write_text(json.dumps(listed))
    found = compare(made[0], read_made(made[1].folder)).exhibits
    assert [change.name for change in found] == ["01_first-tall", "01_first-kurve"]
    assert found[0].rows_withheld == (0, 3)
    assert "rows withheld: 0 → 3" in as_text(compare(made[0], read_made(made[1].folder)), "en")


def test_within_the_tolerance_numbers_are_equal(pair):
    changed = {"findings": with_findings(finding("level", 9.6 * (1 + 1e-9)))}
    changed["tables"] = TABLES | {"01_first-kurve": TABLES["01_first-kurve"].replace("-0.3,", "-0.3000000001,")}
    made = pair(**changed)
    assert not compare(*made).results_same
    assert compare(*made, tolerance=1e-6).results_same
    assert not compare(*made, tolerance=1e-12).results_same


TABLE = "name,year,rate\nHamar,2012,9.5\nHamar,2013,9.1\nDrammen,2012,8.0\n"


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (TABLE, (0, 0, 0)),
        (TABLE.replace("9.1", "9.2"), (0, 0, 1)),
        (TABLE.replace("Hamar,2012,9.5\n", ""), (1, 0, 0)),
        (TABLE + "Asker,2012,7.0\n", (0, 1, 0)),
        ("name,year,rate\nAsker,2012,7.0\n" + TABLE.partition("\n")[2], (0, 1, 0)),
        (TABLE.replace("8.0", ":"), (0, 0, 1)),
        ("name,year,rate\n", (3, 0, 0)),
    ],
    ids=["same", "cell", "row gone", "row last", "row first", "withheld", "empty"],
)
def test_rows_are_recognised_by_what_names_them(tmp_path, after, expected):
    (tmp_path / "a.csv").write_text(TABLE)
    (tmp_path / "b.csv").write_text(after)
    found = changed_table(tmp_path / "a.csv", tmp_path / "b.csv")
    assert (found.rows_gone, found.rows_new, len(found.cells)) == expected
    assert bool(found) is (expected != (0, 0, 0))


def test_the_largest_change_is_named_and_a_cell_newly_withheld_comes_before_it(tmp_path):
    (tmp_path / "a.csv").write_text("name,n,rate\nHamar,10,9.5\nDrammen,20,8.0\n")
    (tmp_path / "b.csv").write_text("name,n,rate\nHamar,10,4.75\nDrammen,20,8.1\n")
    cell = changed_table(tmp_path / "a.csv", tmp_path / "b.csv").largest
    assert (cell.row, cell.column, cell.before, cell.after, cell.size) == ("Hamar", "rate", "9.5", "4.75", 0.5)
    (tmp_path / "b.csv").write_text("name,n,rate\nHamar,10,4.75\nDrammen,20,:\n")
    found = changed_table(tmp_path / "a.csv", tmp_path / "b.csv")
    assert (found.largest.row, found.withheld) == ("Drammen", 1)


def test_columns_that_came_and_went_are_named(tmp_path):
    (tmp_path / "a.csv").write_text("name,rate\nHamar,9.5\n")
    (tmp_path / "b.csv").write_text("name,share\nHamar,9.5\n")
    found = changed_table(tmp_path / "a.csv", tmp_path / "b.csv")
    assert (found.columns_gone, found.columns_new, found.cells) == (("rate",), ("share",), ())


def test_what_the_reports_were_made_from_is_compared(pair):
    other = {
        "inputs": ((INPUTS[0][0], "c" * 64), ("new.csv", "d" * 64)),
        "versions": {"pandas": "9.9.9"},
        "code": {"version": "0.1.0", "commit": "e" * 40, "dirty": True, "sha256": "f" * 64},
        "notebooks": {"01_first.ipynb": "0" * 64},
        "parameters": {"language": "en", "nested": {"deep": 2}},
    }
    found = compare(*pair({"parameters": {"nested": {"deep": 1}}}, language="en", **other))
    names = {kind: [change.what for change in changes] for kind, changes in found.settings.items()}
    assert names["inputs"] == ["people.csv", "sources.yaml", "new.csv"]
    assert names["parameters"] == ["language", "nested.deep"]
    assert names["notebooks"] == ["01_first.ipynb", "08_dive.ipynb"]
    assert {"commit", "dirty", "sha256"} <= set(names["code"])
    assert "pandas" in names["versions"]
    text = as_text(found, "en")
    assert "aaaaaaaaaaaa  cccccccccccc" in text  # hashes short enough to read
    assert "with uncommitted changes" in text


def test_another_language_changes_no_exhibit(pair):
    assert not compare(*pair(language="nn")).exhibits


class Structure(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.links, self.fetched, self.language = [], [], [], [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.language = given["lang"] if tag == "html" else self.language
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.fetched += [given[name] for name in ("src", "data", "action") if name in given]
        if tag == "th":
            assert given.get("scope") in ("row", "col")
        if tag == "div" and given.get("class") == "scroll":
            assert given["tabindex"] == "0"
            assert given["aria-label"]


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_page_is_self_contained_structured_and_in_the_language(pair, language):
    found = compare(*pair(findings=with_findings(finding("effect", -0.1, -0.3, 0.1)), tables={}))
    page = as_page(found, language)
    read = Structure(page)
    assert read.language == language
    assert read.fetched == []
    assert {"link", "script", "img"}.isdisjoint(read.tags)
    assert "url(" not in page
    assert read.tags.count("h1") == 1
    assert len(read.ids) == len(set(read.ids))
    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)
    assert COMPARED["findings"][language] in page
    verdict = f"{COMPARED['lower'][language]} → {COMPARED['unclear'][language]}"
    assert verdict in page
    assert verdict in as_text(found, language)


def test_synthetic_data_are_called_so(pair):
    made = pair()
    assert say("synthetic", "nb") not in as_page(compare(*made), "nb")
    listed = json.loads((made[1].folder / "exhibits.json").read_text())
    (made[1].folder / "exhibits.json").write_text(json.dumps([entry | {"synthetic": True} for entry in listed]))
    found = compare(made[0], read_made(made[1].folder))
    assert say("synthetic", "nb") in as_page(found, "nb")
    assert say("synthetic", "nb") in as_text(found, "nb")


def test_the_words_are_there_in_every_language_with_the_same_fields():
    for key, texts in COMPARED.items():
        assert set(texts) == {"nb", "nn", "en"}, key
        assert len({tuple(sorted(re.findall(r"{(\w+)}", text))) for text in texts.values()}) == 1, key
        assert all(texts.values()), key


def test_what_data_say_is_text_on_the_page(pair):
    bad = "<script>alert(1)</script>"
    table = f'name,rate\n"{bad}",1.5\n'
    found = compare(*pair({"tables": {"01_first-tall": table}}, tables={"01_first-tall": table.replace("1.5", "2.5")}))
    page = as_page(found, "nb")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_plain_text_has_no_control_characters_and_a_line_a_finding(pair):
    found = compare(*pair(findings=with_findings(finding("level", 8.0))))
    text = as_text(found, "nb")
    assert "\x1b" not in text
    (line,) = [line for line in text.splitlines() if "level" in line]
    assert line.split() == ["01_first", "level", "9,60", "8,00", "−1,60", "prosentpoeng"]
    assert "\x1b[1m" in as_text(found, "nb", terminal=True)


@pytest.fixture
def run(tmp_path, monkeypatch):
    root = tmp_path / "project"
    toy_report(root, root / "reports" / "one")
    toy_report(root, root / "reports" / "same")
    toy_report(root, root / "reports" / "other", findings=with_findings(finding("level", 8.0)))
    toy_report(root, root / "reports" / "code", versions={"pandas": "9.9.9"})
    monkeypatch.chdir(root)
    return lambda *arguments: CliRunner().invoke(app, ["compare", *arguments])


def test_the_exit_status_tells_whether_reports_differ(run, tmp_path):
    assert run("one", "same").exit_code == 0
    assert (tmp_path / "project/reports/compare-one-same.html").exists()
    assert run("one", "other").exit_code == 1
    assert run("one", "code").exit_code == 1
    assert run("one", "code", "--results-only").exit_code == 0
    assert run("one", "other", "--results-only", "--tolerance", "0.2").exit_code == 0
    page = tmp_path / "elsewhere" / "page.html"
    assert run("one", "other", "--html", str(page), "--language", "en").output.startswith(
        "The reports differ: findings"
    )
    assert '<html lang="en">' in page.read_text(encoding="utf-8")


def test_what_cannot_be_compared_is_said_with_what_there_is(run, tmp_path):
    failed = run("one", "nowhere")
    assert isinstance(failed.exception, ReviewError)
    assert "nowhere: no report here" in str(failed.exception)
    assert "code, one, other, same" in str(failed.exception)
    broken = tmp_path / "project/reports/other/findings.json"
    broken.write_text("{")
    assert "cannot be read" in str(run("one", "other").exception)
    broken.unlink()
    assert "is not there" in str(run("one", "other").exception)


def test_a_folder_that_is_no_report_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text('{"profiles": 3}')
    with pytest.raises(ReviewError, match="not the manifest of a report"):
        read_made(tmp_path)


def test_a_report_is_read_out_of_a_package(pair, tmp_path):
    first, second = pair()
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("toy-1/ro-crate-metadata.json", "{}")
        for path in second.folder.rglob("*"):
            archive.write(path, f"toy-1/report/{path.relative_to(second.folder)}")
    with opened(str(tmp_path / "packed.zip"), tmp_path) as made:
        assert compare(first, made).same


def test_a_report_that_lists_no_exhibits_is_compared_by_their_files(pair):
    first, second = pair(tables=TABLES | {"01_first-tall": TABLES["01_first-tall"].replace("40", "41")})
    for made in (first, second):
        (made.folder / "exhibits.json").unlink()
    (change,) = compare(read_made(first.folder), read_made(second.folder)).exhibits
    assert (change.name, change.table.largest.after) == ("01_first-tall", "41")
