"""The slides: enough of them, none too full, complete in one file."""

from __future__ import annotations

import bs4
import pytest
from chromium import needs_chromium

pytest.importorskip("sphinx_revealjs", reason="sphinx-revealjs is not installed")
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebooks.rules import ROOT
from notebooks.slides import make

NOTEBOOKS = {path.stem[:2]: path for path in sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))}
SMALLEST = 15  # pixels of a letter where the slide is 1280 pixels wide


def small_unit():
    """A unit of one section: two kinds of prediction, a list, a figure."""
    result = {"tags": ["prediction-result"]}
    covered = new_output("display_data", {"text/plain": "Run this cell to see the answer."})
    printed = "size 7\nYour guess: none yet\nResult:     4 times\nNext time, write a guess.\n"
    table = "         your guess  result\nsmall    none yet    0.1\nlarge    none yet    20.5\n"
    figure = new_output("display_data", {"text/html": '<img alt="A line." src="data:,">'})
    return new_notebook(
        cells=[
            new_markdown_cell(
                "# Unit 99: Why?\n\n- **Objectives**: ask; answer.\n- **Time**: 1 min"
            ),
            new_markdown_cell("## One\n\nA [link](01_x.ipynb).\n\n**Predict.** How many? $x^2$"),
            new_code_cell("guess = ...", metadata={"tags": ["prediction"]}),
            new_code_cell(
                'compare("99.a", guess, 4)',
                metadata=result,
                outputs=[covered, new_output("stream", text=printed)],
            ),
            new_code_cell(
                'compare("99.b", guess, rows)\nplotting.show(ax)',
                metadata=result,
                outputs=[new_output("stream", text=table), figure],
            ),
            new_markdown_cell("Four, as said. (Or five.) More of it."),
            new_markdown_cell("## Summary\n\n- It is so.\n\nNext: nothing."),
        ]
    )


def shown(cells) -> list[str]:
    return [
        cell.source + "".join(out.get("text", "") for out in cell.get("outputs", []))
        for cell in cells
    ]


def test_question_and_answer_are_different_slides_and_hide_the_missing_guess():
    slides = make.select(small_unit(), ["99.a"])
    texts = shown(slides.cells)
    begins = [n for n, cell in enumerate(slides.cells) if "slideshow" in cell.metadata]
    assert slides.metadata.title == "Unit 99: Why?"
    assert len(begins) == 4  # title, question, answer, summary
    question = "".join(texts[begins[1] : begins[2]])
    answer = "".join(texts[begins[2] : begins[3]])
    assert "How many?" in question
    assert "A link." in question and "01_x" not in question
    assert "<msup>" in question and "$" not in question
    assert "Result" not in question
    assert "Result:     4 times" in answer
    assert "size 7" in answer
    assert "none yet" not in answer and "Next time" not in answer and "Run this" not in answer
    assert "Four, as said." in answer and "Or five" not in answer


def test_the_column_of_guesses_is_cut_out_of_a_table():
    outputs = [make._output(out) for out in small_unit().cells[4].outputs]
    assert outputs[0].text.splitlines() == [
        "         result",
        "small    0.1",
        "large    20.5",
    ]
    assert "<img" in outputs[1].data["text/html"]


def test_code_is_shown_with_its_output_where_that_fits_and_a_figure_without_its_code():
    short = new_output("stream", text="8 filters\n")
    long = new_output("stream", text="line\n" * make.MOST_LINES)
    figure = new_output("display_data", {"text/html": '<img alt="A line." src="data:,">'})
    unit = small_unit()
    unit.cells[2:2] = [
        new_code_cell("print(filters)", outputs=[short]),
        new_code_cell("print(lines)", outputs=[long]),
        new_code_cell("print(filters); draw()", outputs=[short, figure]),
    ]
    slides = make.select(unit, ["print(filters)", "print(lines)", "draw()"]).cells
    code = [cell for cell in slides if cell.cell_type == "code"]
    assert shown(code) == ["print(filters)8 filters", "print(lines)", ""]
    assert code[2].outputs == [figure]


def test_a_section_shows_its_list_or_its_first_text_and_a_step_what_it_asks():
    asked = "It is long.\n\n**Change this.** How long?"
    unit = small_unit()
    unit.cells += [
        new_markdown_cell("## Listed\n\nThere are two.\n\n- one\n- two"),
        new_markdown_cell(f"## Told\n\n{asked}"),
        new_markdown_cell(f"## Step 1: measure\n\n{asked}"),
    ]
    slides = shown(make.select(unit, ["## Listed", "## Told", "## Step 1"]).cells)
    assert slides[1:4] == [
        "<h2>Listed</h2>\n\n- one\n- two",
        "<h2>Told</h2>\n\nIt is long.",
        "<h2>Step 1: measure</h2>\n\n**Change this.** How long?",
    ]


def test_the_command_names_a_file_that_it_has_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make, "make", lambda notebook: notebook.stem)
    assert make.main(["02", "06", "--into", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["02.html", "06.html"]
    assert f"Open {tmp_path / '02.html'};" in capsys.readouterr().out


def test_what_is_too_long_is_left_out_and_what_is_missing_is_named():
    assert make._output(new_output("stream", text="line\n" * (make.MOST_LINES + 1))) is None
    rows = {"text/html": "<table>" + "<tr></tr>" * (make.MOST_ROWS + 1) + "</table>"}
    assert make._output(new_output("display_data", rows)) is None
    with pytest.raises(ValueError, match=r"No cell has 'compare\(.99\.z"):
        make.select(small_unit(), ["99.z"])


def test_every_unit_has_a_choice_of_slides():
    assert set(make.SLIDES) == set(NOTEBOOKS)


@pytest.fixture(scope="module", params=NOTEBOOKS)
def page(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("slides") / f"{request.param}.html"
    path.write_text(make.make(NOTEBOOKS[request.param]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tab(browser):
    return browser.new_page(viewport={"width": 1280, "height": 720}, offline=True)


@pytest.mark.slow
def test_a_unit_has_ten_to_fifteen_slides_complete_in_one_file(page):
    soup = bs4.BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    slides = soup.select(".slides > section")
    assert 10 <= len(slides) <= 15
    assert all(slide.select("h1, h2") for slide in slides)
    assert all(image.get("alt") and image["src"].startswith("data:") for image in soup("img"))
    assert not soup.select("script[src], link[href], iframe")


@pytest.mark.slow
@pytest.mark.browser
@needs_chromium
def test_no_slide_is_too_full_and_nothing_is_loaded(page, tab):
    asked, errors = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(page.as_uri())
    tab.wait_for_function("Reveal.isReady()")
    for number in range(tab.locator(".slides > section").count()):
        tab.evaluate(f"Reveal.slide({number})")
        bottom, right, letter, title = tab.evaluate(MEASURE)
        assert (bottom <= 720, right <= 1280) == (True, True), (title, bottom, right)
        assert letter >= SMALLEST, title
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
    assert not errors


MEASURE = """() => {
    const slide = document.querySelector("section.present > section.present");
    const boxes = [...slide.querySelectorAll("*")].map((tag) => tag.getBoundingClientRect());
    return [
        Math.max(...boxes.map((box) => box.bottom)),
        Math.max(...boxes.map((box) => box.right)),
        parseFloat(getComputedStyle(slide).fontSize),
        slide.querySelector("h1, h2").innerText,
    ];
}"""
