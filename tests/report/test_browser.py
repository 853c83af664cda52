"""The HTML report in a real browser: readable without scripts, searchable with them, to scale."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from uapigen.report.formats import render

from .comparisons import ALL, STRANGE, compared

Browse = Callable[..., Any]
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,1200",
)  # fmt: skip


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Browse]:
    """``browse(comparison, search="", scripts=True)``: a driver that has opened its page."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver")
    opened = []

    def open_page(comparison: Any, search: str = "", scripts: bool = True) -> Any:
        page = tmp_path / "report.html"
        page.write_text("\n".join(render(comparison, "html")), encoding="utf-8")
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for flag in (*_FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
            options.add_argument(flag)
        if not scripts:
            never = {"profile.managed_default_content_settings.javascript": 2}
            options.add_experimental_option("prefs", never)
        browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
        opened.append(browser)
        browser.get(page.as_uri() + (f"#{quote(search)}" if search else ""))
        return browser

    yield open_page
    for browser in opened:
        browser.quit()


def visible(browser: Any) -> list[str]:
    return [
        section.find_element("tag name", "h2").text
        for section in browser.find_elements("tag name", "section")
        if section.is_displayed()
    ]


def test_page_can_be_searched_and_filtered(browse: Browse) -> None:
    browser = browse(ALL)
    everything = ["struct thing", "struct other", "new_call", "enum e"]
    assert visible(browser) == everything
    search = browser.find_element("id", "search")
    for text, found in {
        "renamed": ["struct other"],
        "struct": ["struct thing", "struct other"],
        "struct big": ["struct thing"],
        "nothing of the kind": [],
    }.items():
        search.clear()
        search.send_keys(text)
        assert visible(browser) == found, text
    search.clear()
    search.send_keys(" ")
    browser.find_element("css selector", "input[value=binary]").click()
    assert visible(browser) == everything[1:]
    assert browser.find_element("id", "shown").text == "3 of 4"


def test_part_of_the_address_behind_the_hash_is_searched_for(browse: Browse) -> None:
    assert visible(browse(ALL, search="struct other")) == ["struct other"]


def test_page_is_readable_without_scripts(browse: Browse) -> None:
    browser = browse(ALL, scripts=False)
    assert visible(browser) == ["struct thing", "struct other", "new_call", "enum e"]
    assert not browser.find_element("id", "bar").is_displayed()
    assert "cache line 0" in browser.find_element("tag name", "main").text


def test_members_are_drawn_to_scale(browse: Browse) -> None:
    """Widths are in proportion to bits, and a member lies at the same place in both layouts."""
    browser = browse(ALL)
    old, new = browser.find_elements("css selector", ".layout")
    for layout in (old, new):
        lane = layout.find_element("css selector", ".lane")
        bit = lane.rect["width"] / 64
        for title, bits in {"low:3": 3, "high:5": 5, "int r": 32, "short s": 16}.items():
            cell = layout.find_element("css selector", f'i[title*="{title}"]')
            assert abs(cell.rect["width"] - bits * bit) <= 1.5, title
    more = new.find_element("css selector", "i.added")
    assert more.text == "+ more"
    assert abs(more.rect["x"] - new.find_element("css selector", ".lane").rect["x"]) <= 1.5
    assert [cell.text for cell in old.find_elements("css selector", "i.moved") if cell.text] == [
        "→ big"
    ]


def test_hostile_names_run_no_script(browse: Browse) -> None:
    browser = browse(compared(STRANGE))
    assert len(browser.find_elements("tag name", "script")) == 1
    assert "<script>alert(1)</script>" in browser.find_element("tag name", "h2").text
