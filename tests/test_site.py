"""The course as a web site: it builds without a warning, and its pages work without a network."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import bs4
import pytest
from chromium import CHROMIUM, LEAN, needs_chromium

from nascourse.benchmark import load_benchmark
from notebooks import launch

pytest.importorskip("sphinx_book_theme", reason="it is not installed, or this is Python 3.10")
ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "notebooks" / "site"))
import site_parts

UNITS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
PHONE = {"width": 390, "height": 844}
# The whole site takes eight minutes where others keep the machine busy.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, as if it were published from a repository that the notebooks name too."""
    folder = tmp_path_factory.mktemp("site")
    code = (
        "import sys; from notebooks import launch; launch.repository = lambda: 'owner/course'; "
        "from sphinx.cmd.build import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "--quiet", "--fail-on-warning"]
    built = subprocess.run(
        [*command, "-c", ROOT / "notebooks" / "site", ROOT, folder],
        cwd=ROOT,
        env={**os.environ, "COURSE_REPOSITORY": "https://github.com/owner/course"},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, bs4.BeautifulSoup]:
    return {
        path: bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in site.glob("**/*.html")
        if "_static" not in path.parts
    }


def test_every_unit_has_a_page_with_its_outputs(pages, site):
    for unit in UNITS:
        page = pages[site / "notebooks" / f"{unit}.html"]
        assert page.select(".cell_output"), unit
    assert (site / "index.html").exists()


def test_every_link_leads_to_a_page_that_is_there(pages, site):
    targets = {path: {tag["id"] for tag in page.select("[id]")} for path, page in pages.items()}
    for path, page in pages.items():
        for link in page.select("a[href]"):
            url = urlsplit(link["href"])
            if url.scheme or url.netloc or not (url.path or url.fragment):
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            assert target.exists(), f"{path.name}: {link['href']}"
            fragment = unquote(url.fragment)
            if fragment and target in targets:
                assert fragment in targets[target], f"{path.name}: {link['href']}"


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_can_be_downloaded_and_launched(pages, site, unit):
    name = f"notebooks/{unit}"
    page = pages[site / f"{name}.html"]

    binder = f"https://mybinder.org/v2/gh/owner/course/main?urlpath=lab/tree/{name}.ipynb"
    colab = f"https://colab.research.google.com/github/owner/course/blob/main/{name}.ipynb"
    assert {binder, colab} <= {link["href"] for link in page.select("a[href]")}
    source = (site / "_sources" / f"{name}.ipynb").read_bytes()
    assert source == (ROOT / f"{name}.ipynb").read_bytes()
    assert page.select(f"a[href$='_sources/{name}.ipynb']")
    assert "google.colab" not in page.get_text()  # a site needs no cell that prepares Colab


@pytest.mark.parametrize(
    ("named", "offered"), [("Owner/course", True), ("", False), ("else/where", False)]
)
def test_a_launch_needs_notebooks_that_name_the_repository(monkeypatch, named, offered):
    monkeypatch.setenv("COURSE_REPOSITORY", "https://github.com/owner/course")
    monkeypatch.setattr(launch, "repository", lambda: named)
    monkeypatch.setattr(sys, "path", [*sys.path])

    settings = runpy.run_path(str(ROOT / "notebooks" / "site" / "conf.py"))

    assert bool(settings["html_theme_options"]["launch_buttons"]) == offered


def test_nothing_is_loaded_from_elsewhere(pages):
    for path, page in pages.items():
        for tag in page.select("script[src], link[rel=stylesheet], img[src], iframe[src]"):
            address = tag.get("src") or tag.get("href")
            assert not re.match(r"https?:|//", address), f"{path.name}: {address}"


def test_every_picture_has_a_text(pages):
    for path, page in pages.items():
        for picture in page.select("img"):
            assert picture.get("alt", "").strip(), f"{path.name}: {picture.get('src')}"


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize(
    "name",
    [
        "notebooks/site/index",
        "notebooks/site/game",
        "notebooks/site/leaderboard",
        f"notebooks/{UNITS[5]}",
        "notebooks/glossary",
    ],
)
def test_a_page_works_in_a_browser_on_a_phone_and_shuts_nobody_out(site, browser, name):
    from axe_playwright_python.sync_playwright import Axe

    errors = []
    with browser.new_page(viewport=PHONE, offline=True) as page:
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((site / f"{name}.html").as_uri())
        page.screenshot(path=site / "phone.png")

        assert not errors
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        violations = Axe().run(page).response["violations"]
        grave = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:150]}"
            for violation in violations
            if violation["impact"] in ("serious", "critical")
        ]
        assert not grave


@pytest.mark.browser
@needs_chromium
def test_the_game_can_be_played_on_a_phone_and_its_code_ranked(site, browser):
    """Ten picks, judged as the table judges them; the code gives the same result again."""
    bench = load_benchmark()
    wanted = bench.networks[bench.networks["body/blocks"] == 1].index[:10]
    heard = {}
    with browser.new_page(viewport=PHONE, offline=True) as page:
        page.goto((site / "notebooks/site/game.html").as_uri())
        page.get_by_label("Game number").fill("7")
        page.get_by_role("button", name="New game").click()
        for number in wanted:
            for select in page.locator("[data-part=choose] select:visible").all():
                place = [*site_parts.NAMES.values()].index(select.get_attribute("name"))
                name, values = [*bench.choices.items()][place]
                select.select_option(index=values.index(bench.networks[name][number]))
            page.get_by_role("button", name="Train it").click()
            shown = page.locator("[data-part=board] tbody tr").last.locator("td").last
            heard[number] = float(shown.inner_text().rstrip("%"))
        page.screenshot(path=site / "game.png", full_page=True)
        verdict = page.locator("[data-part=end] tbody tr").first.locator("td").nth(1).inner_text()
        code = page.locator("output").inner_text()

        page.goto((site / "notebooks/site/leaderboard.html").as_uri())
        page.get_by_label("Names and codes").fill(f"Ada {code}\nBob {code[:-1]}!")
        page.get_by_role("button", name="Rank them").click()
        places = page.locator("[data-part=board] tbody td").all_inner_texts()
        refused = page.locator("[data-part=board] p").inner_text()

    last = bench.curves[bench.curves["epoch"] == bench.epochs].groupby("network")["val_accuracy"]
    for number, percent in heard.items():
        assert any(abs(percent - 100 * each) < 0.06 for each in last.get_group(number))
    best = [number for number in heard if heard[number] == max(heard.values())]
    assert verdict in [f"{100 * bench.truth()[number]:.2f}%" for number in best]
    assert places == ["1", "Ada", "7", verdict]
    assert "Bob" in refused


@pytest.mark.browser
@needs_chromium
def test_a_unit_and_the_handouts_can_be_printed_each_handout_on_a_sheet(site, tmp_path):
    sheets = {}
    for name in (f"notebooks/{UNITS[2]}", "solutions/handouts"):
        paper = tmp_path / f"{name[-8:]}.pdf"
        command = [CHROMIUM, "--headless", "--no-sandbox", LEAN, "--no-pdf-header-footer"]
        page = (site / f"{name}.html").as_uri()
        command.append(f"--print-to-pdf={paper}")
        subprocess.run([*command, page], capture_output=True, timeout=300, check=True)
        counts = re.findall(rb"/Count (\d+)", paper.read_bytes())
        sheets[name] = max(map(int, counts))
    assert sheets["solutions/handouts"] == 1 + len(UNITS)
    assert sheets[f"notebooks/{UNITS[2]}"] > 5
