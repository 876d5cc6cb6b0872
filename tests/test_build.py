"""The pipeline from a text source to a committed notebook, on tiny notebooks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import SlidesExporter
from nbformat import v4

from notebooks import build

SOURCE = """\
# %% [markdown]
# # Unit 02: How good is luck?

# %%
import os
print("one")
print("two")

# %% tags=["raises-exception"]
raise ValueError("no such unit")

# %% tags=["nbval-check-output"] slideshow={"slide_type": "slide"}
assert os.environ["NASCOURSE_PROGRESS"] == "off"
os.environ.get("NASCOURSE_MNIST"), os.environ.get("MPLBACKEND") == "Agg", os.path.basename(os.getcwd())
"""


def write_source(root: Path, text: str, name: str = "02_luck") -> Path:
    path = root / "notebooks" / "source" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def code(*outputs, source="x", tags=()):
    """A notebook of one executed cell with these outputs."""
    cell = v4.new_code_cell(source, outputs=list(outputs), execution_count=1)
    cell.metadata["tags"] = list(tags)
    return v4.new_notebook(cells=[cell])


def stream(text, name="stdout"):
    return v4.new_output("stream", name=name, text=text)


def data(mime, value, **metadata):
    return v4.new_output("display_data", {mime: value}, metadata=metadata)


def error(evalue="boom"):
    return v4.new_output("error", ename="ValueError", evalue=evalue, traceback=["a", "b"])


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one unit, built twice."""
    root = tmp_path_factory.mktemp("course")
    source = write_source(root, SOURCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASCOURSE_MNIST", "elsewhere.npz")
        patch.setenv("MPLBACKEND", "Agg")
        builds = []
        for _ in range(2):
            assert build.main([], root) == 0
            builds.append(build.notebook_path(source).read_bytes())
    return root, builds


def test_building_twice_gives_the_same_bytes(course):
    _, (first, second) = course
    assert first == second
    assert first.endswith(b"}\n")
    assert b"\r" not in first


def test_a_built_notebook_is_whole_and_clean(course):
    root, _ = course
    nb = nbformat.read(root / "notebooks" / "02_luck.ipynb", as_version=4)
    nbformat.validate(nb)
    assert nb.metadata == build.METADATA
    slides = [cell.metadata.pop("slideshow")["slide_type"] for cell in nb.cells]
    assert slides == ["slide", "-", "subslide", "slide"]  # the last one as its source says
    assert [cell.metadata for cell in nb.cells] == [
        {},
        {},
        {"tags": ["raises-exception"]},
        {"tags": ["nbval-check-output"]},
    ]
    _, printed, raised, environment = nb.cells
    assert [cell.execution_count for cell in nb.cells[1:]] == [1, 2, 3]
    assert [output.text for output in printed.outputs] == ["one\ntwo\n"]
    assert raised.outputs[0].traceback == ["ValueError: no such unit"]
    assert environment.outputs[0].data["text/plain"] == "(None, False, 'notebooks')"
    assert sorted(path.name for path in (root / "notebooks").iterdir()) == [
        "02_luck.ipynb",
        "source",
    ]


def test_check_finds_what_changed(course, tmp_path, capsys):
    root, (built, _) = course
    assert build.main(["--check"], root) == 0

    source = write_source(tmp_path, SOURCE.replace('"two"', '"three"'))
    assert build.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err == "notebooks/02_luck: the notebook is missing\n"

    build.notebook_path(source).write_bytes(built)
    assert build.main(["02", "--check"], tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "notebooks/02_luck: cell 2 of the source is not in the notebook: import os",
        "notebooks/02_luck: cell 2 of the notebook is not in the source: import os",
    ]


def test_a_faulty_notebook_is_refused_and_the_old_file_stays(tmp_path, capsys):
    source = write_source(tmp_path, "# %%\nimport os\nos.write(2, b'low level')\n\n# %%\n1 / 0\n")
    path = build.notebook_path(source)
    path.write_text("old", encoding="utf-8")

    assert build.main(["02_luck"], tmp_path) == 1

    assert path.read_text(encoding="utf-8") == "old"
    shown = capsys.readouterr()
    assert re.search(
        r"notebooks/02_luck\n  cell 1 of 2: \d\.\d s\n  cell 2 of 2: .*\n  not written", shown.out
    )
    assert "notebooks/02_luck: cell 1: wrote to stderr: low level\n" in shown.err
    assert "notebooks/02_luck: cell 2: ZeroDivisionError: division by zero\n" in shown.err


@pytest.mark.parametrize(
    ("source", "reason"),
    [("import os; os._exit(1)", "DeadKernelError"), ("while True: pass", "CellTimeoutError")],
)
def test_a_kernel_that_dies_or_hangs_is_a_problem(tmp_path, monkeypatch, source, reason):
    monkeypatch.setattr(build, "CELL_TIMEOUT", 2)
    # The tag allows an exception, not this.
    nb = v4.new_notebook(cells=[v4.new_code_cell(source, metadata={"tags": ["raises-exception"]})])
    (problem,) = build.problems(build.execute(nb, tmp_path))
    assert problem.startswith(f"cell 1: {reason}: ")


def test_ids_follow_the_content(tmp_path):
    text = "# %%\na = 1\n\n# %%\na = 1\n\n# %% [markdown]\n# a = 1\n"
    before = [cell.id for cell in build.read_source(write_source(tmp_path, text)).cells]
    inserted = "# %%\nb = 2\n\n" + text.replace("# %% [markdown]", "# %%\n\n# %% [markdown]")
    after = [cell.id for cell in build.read_source(write_source(tmp_path, inserted)).cells]
    other = [cell.id for cell in build.read_source(write_source(tmp_path, text, "03_x")).cells]

    assert len(set(after)) == 5
    assert [after[1], after[2], after[4]] == before
    assert before[1] == before[0] + "-2"
    assert all(re.fullmatch(r"02-[a-zA-Z0-9_-]{1,61}", cell_id) for cell_id in after)
    assert not set(other) & set(before)


def test_each_heading_begins_a_slide_and_each_step_goes_below_it(tmp_path):
    text = (
        "# %% [markdown]\n# # Unit 02: Luck\n#\n# ## One\n# text\n#\n# ### Two\n# %%\n1\n# %%\n2\n"
    )
    text += "# %% [markdown]\n# reading\n# %%\n3\n"
    nb = build.read_source(write_source(tmp_path, text))

    slides = [(cell.source, cell.metadata["slideshow"]["slide_type"]) for cell in nb.cells]
    assert slides == [
        ("# Unit 02: Luck", "slide"),
        ("## One\ntext", "slide"),
        ("### Two", "subslide"),
        ("1", "-"),
        ("2", "subslide"),
        ("reading", "subslide"),
        ("3", "-"),
    ]


def test_a_unit_becomes_slides():
    """As the page for instructors says; a slide in HTML is a section within a section."""
    path = build.ROOT / "notebooks" / "02_random_search.ipynb"
    html, _ = SlidesExporter(reveal_scroll=True).from_filename(path)
    nb = nbformat.read(path, as_version=4)
    kinds = [cell.metadata["slideshow"]["slide_type"] for cell in nb.cells]
    assert html.count("<section") == 2 * kinds.count("slide") + kinds.count("subslide")


def test_clean_removes_what_differs_between_runs():
    nb = code(
        stream("1 of 2\r"),
        stream("2 of 2\nend\r\n"),
        stream("note", "stderr"),
        data("text/plain", "box"),
        stream("after\n"),
    )
    nb.metadata = {"language_info": {"name": "python", "version": "3.11.7"}, "widgets": {}}
    nb.cells[0].metadata.update(execution={"iopub.status.busy": "2026"}, scrolled=True)
    nb.cells[0].outputs[3].data[build.WIDGET] = {"model_id": "f00"}

    cell = build.clean(nb).cells[0]

    assert nb.metadata == build.METADATA
    assert cell.metadata == {"tags": []}
    assert [output.get("text") for output in cell.outputs] == [
        "2 of 2\nend\r\n",
        "note",
        None,
        "after\n",
    ]
    assert cell.outputs[2].data == {"text/plain": "box"}


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (error("boom\nmore"), "ValueError: boom"),
        (stream("\na warning\nmore\n", "stderr"), "wrote to stderr: a warning"),
        (data("image/png", "aGk="), "an image has no alt text"),
        (data("image/svg+xml", "<svg/>", **{"image/svg+xml": {"alt": " "}}), "an image has no alt"),
        (data("text/html", "<p><img src='a.png'></p>"), "an image has no alt text"),
        (data("text/html", "<script>run()</script>"), "holds a script"),
        (stream("<f at 0x7f16b08c7250>"), "shows a memory address"),
        (stream(f"ok\nin \x1b[32m{build.ROOT / 'a.py'}\n"), "shows a path of this machine: in"),
        (data("text/plain", repr(str(Path.home()))), "shows a path of this machine: '"),
        (data("text/html", f"file://{Path.home()}/a"), "shows a path of this machine: file"),
        (
            data("application/json", {"in": [f"{sys.prefix}/lib"]}),
            "shows a path of this machine: {",
        ),
    ],
)
def test_problems_name_the_cell_and_the_fault(output, problem):
    nb = code(output)
    nb.cells.insert(0, v4.new_markdown_cell("Text."))
    (found,) = build.problems(nb)
    assert found.startswith(f"cell 2: {problem}")


def test_problems_in_markdown_and_around_the_tag():
    images = "![](a.png) ![a plot](b.png) ![][c] <img alt='a photo' src='d.png'>"
    nb = v4.new_notebook(cells=[v4.new_markdown_cell(images)])
    assert build.alt_texts(nb.cells[0]) == ["", "a plot", "", "a photo"]
    assert build.problems(nb) == ["cell 1: an image has no alt text"]

    assert build.problems(code(error(), tags=["raises-exception"])) == []
    (found,) = build.problems(code(stream("fine"), tags=["raises-exception"]))
    assert found == "cell 1: tagged raises-exception, but nothing was raised"


@pytest.mark.parametrize(
    "output",
    [
        stream("one\n"),
        data("image/png", "aGk=", **{"image/png": {"alt": "A rising line"}}),
        data("text/html", "<img src='data:,' alt=\"it's a line\"><b>/rooted{Path.home()}</b>"),
        data("application/json", {"loss": 0.5}),
    ],
)
def test_a_good_output_is_no_problem(output):
    assert build.problems(code(output)) == []


def test_differences_see_tags_order_and_metadata_but_no_outputs():
    nb = code()
    nb.cells[0].id = "02-a"
    nb.cells.append(v4.new_markdown_cell("Text.", id="02-b"))
    same = nbformat.from_dict(nb)
    same.cells[0].outputs = [stream("one")]
    assert build.differences(nb, same) == []

    same.cells.reverse()
    assert build.differences(nb, same) == ["the cells stand in another order than in the source"]
    same.cells.reverse()
    same.cells[0].metadata["tags"] = ["skip"]
    same.metadata["kernelspec"] = {"name": "mine"}
    assert build.differences(nb, same) == [
        "cell 1 of the source is not in the notebook: x",
        "cell 1 of the notebook is not in the source: x",
        "the notebook's metadata are not those that a build writes",
    ]


def test_an_unknown_unit_is_named_with_the_known_ones(tmp_path, capsys):
    write_source(tmp_path, SOURCE)
    with pytest.raises(SystemExit) as stopped:
        build.main(["99"], tmp_path)
    assert stopped.value.code == 2
    assert "no source for '99'; there are: notebooks/02_luck" in capsys.readouterr().err


def test_importing_needs_no_authoring_tools():
    forbidden = "jupytext", "nbformat", "nbclient"
    program = f"import notebooks.build, sys; print([m for m in {forbidden} if m in sys.modules])"
    shown = subprocess.run(
        [sys.executable, "-c", program],
        cwd=build.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "[]\n"
