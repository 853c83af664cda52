"""Each format of a report: what its readers require, and that names do nothing in it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest
from conftest import Golden

from uapigen.compare.findings import Comparison
from uapigen.report.formats import FORMATS, render

from .comparisons import ADDED, ALL, GROWN, HOSTILE, RENAMED, STRANGE, SUPPRESSED, compared


def text_of(comparison: Comparison, form: str) -> str:
    return "\n".join(render(comparison, form)) + "\n"


@pytest.mark.parametrize("form", FORMATS)
def test_report_is_as_it_was(golden: Golden, form: str) -> None:
    text = text_of(ALL, form)
    if form == "sarif":  # which names the version that made it
        text = re.sub(r'"version": "(?!2\.1\.0)[^"]+"', '"version": "0"', text)
    golden(f"report/all.{form}", text)


@pytest.mark.parametrize("form", FORMATS)
def test_report_without_findings_says_so(form: str) -> None:
    text = text_of(compared(), form)
    assert "No difference" in text or "no difference" in text or '"findings": [' in text


@pytest.mark.parametrize("form", FORMATS)
def test_report_has_no_control_characters_of_its_input(form: str) -> None:
    text = text_of(compared(STRANGE), form)
    assert "\x1b" not in text
    assert "\ufffe" not in text


# JUnit


def test_breaks_are_failures_suppressed_ones_skipped_and_the_rest_passes() -> None:
    suites = ET.fromstring(text_of(ALL, "junit"))
    cases = {case.get("name"): [child.tag for child in case] for case in suites.iter("testcase")}
    assert cases == {
        "policy kernel": ["system-out"],
        "struct thing": ["failure"],
        "struct other": ["failure"],
        "new_call": ["system-out"],
        "enum e": ["skipped"],
    }
    suite = suites[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == [
        "5", "2", "0", "1",
    ]  # fmt: skip


def test_hostile_names_stay_text_in_xml() -> None:
    suites = ET.fromstring(text_of(compared(STRANGE), "junit"))
    (case,) = (case for case in suites.iter("testcase") if case.get("classname") == "abi")
    assert "<script>" in (case.get("name") or "")
    assert [child.tag for child in case] == ["failure"]


# SARIF


def test_sarif_levels_and_suppressions_follow_the_severity() -> None:
    run = json.loads(text_of(ALL, "sarif"))["runs"][0]
    told = [(r["ruleId"], r["level"], "suppressions" in r) for r in run["results"]]
    assert told == [
        ("member-inserted", "error", False),
        ("member-renamed", "warning", False),
        ("function-added", "note", False),
        ("enumerator-removed", "error", True),
    ]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        location = result["locations"][0]["physicalLocation"]
        assert location["artifactLocation"]["uri"] == "golden/abi.json"


def test_sarif_has_what_the_standard_requires() -> None:
    sarif = pytest.importorskip("sarif_pydantic", reason="needs sarif-pydantic")
    for comparison in (ALL, compared(STRANGE), compared()):
        log = sarif.Sarif.model_validate_json(text_of(comparison, "sarif"))
        assert len(log.runs[0].results) == len(comparison.findings)


# Workflow commands


def test_each_counting_finding_is_one_workflow_command() -> None:
    *commands, summary = text_of(ALL, "github").splitlines()
    assert [re.match(r"::(\w+) file=golden/abi.json,title=", c)[1] for c in commands] == [  # type: ignore[index]
        "error", "warning", "notice",
    ]  # fmt: skip
    assert summary.endswith("1 binary break, 1 source break, 1 compatible, 1 suppressed")


def test_hostile_names_make_no_workflow_command_of_their_own() -> None:
    lines = text_of(compared(STRANGE), "github").splitlines()
    assert sum(line.startswith("::") for line in lines) == 1
    properties = lines[0].split("::")[1]
    assert properties.count(",") == 1


# Markdown


def test_rows_of_a_markdown_table_have_its_columns() -> None:
    text = text_of(compared(GROWN, RENAMED, ADDED, SUPPRESSED, STRANGE), "markdown")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


def test_hostile_names_are_no_markup_in_markdown() -> None:
    text = text_of(compared(STRANGE), "markdown").replace("\\`", "")
    outside = re.sub(r"(`+).*?[^`]\1(?!`)", "", text)
    assert not re.search(r"(?<!\\)<script", outside)
    assert "\n::error" not in outside


# HTML


def test_hostile_names_are_no_markup_in_html() -> None:
    page = text_of(compared(STRANGE), "html")
    assert page.count("<script>") == 1  # the page's own
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)" in page
