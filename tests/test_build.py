"""The pipeline from a text source to notebooks, on tiny sources."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import SlidesExporter
from nbformat import v4

from notebooks import build, launch, rules

UNIT = """\
# %% [markdown]
# # Unit 02: How good is luck?

# %%
import os
os.makedirs("../runs/search")  # fails where an earlier run has left it
print("one")
print("two")

# %% tags=["raises-exception"]
raise ValueError("no such unit")

# %% tags=["prediction-result"]
print("You guessed 3, it is 2")

# %% tags=["nbval-check-output"] slideshow={"slide_type": "slide"}
os.environ.get("NASCOURSE_MNIST"), os.environ.get("MPLBACKEND") == "Agg", os.path.basename(os.getcwd())
"""
HEAD = """\
# %% [markdown]
# # Exercises 02: How good is luck?

# %%
def check(id, answer):
    print("✓ fine" if answer else "✗ not so")
    return answer

"""
FUNCTION = '''\
# %% [markdown]
# ## Exercise 2.1: double
#
# **Purpose**: ...

# %%
def double(x):
    """Return the double."""
    if x is None:
        ### BEGIN SOLUTION
        twice_nothing = []
        return twice_nothing
        ### END SOLUTION
    ### BEGIN SOLUTION
    return 2 * abs(x) if x > 0 else -2 * abs(x)
    ### END SOLUTION


# %%
if check("02.1", double(1) == 2):
    print(double(2))

'''
CHOICE = """\
# %% [markdown]
# ## Exercise 2.2: choose

# %%
choice = None  # replace None by "a" or "b"
### BEGIN SOLUTION
choice = "a"
### END SOLUTION

# %% tags=["hide"]
check("02.2", choice)
"""


def write(root: Path, text: str, *, folder: str = "notebooks", name: str = "02_luck") -> Path:
    path = root / folder / "source" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(*outputs, source="x", **metadata):
    """A notebook of one executed cell with these outputs."""
    cell = v4.new_code_cell(source, outputs=list(outputs), execution_count=1, metadata=metadata)
    return v4.new_notebook(cells=[cell])


def stream(text, name="stdout"):
    return v4.new_output("stream", name=name, text=text)


def data(mime, value, **metadata):
    return v4.new_output("display_data", {mime: value}, metadata=metadata)


def error(evalue="boom"):
    return v4.new_output("error", ename="ValueError", evalue=evalue, traceback=["a", "b"])


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one unit with solutions."""
    root = tmp_path_factory.mktemp("course")
    write(root, UNIT)
    write(root, HEAD + FUNCTION + CHOICE, folder="solutions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASCOURSE_MNIST", "elsewhere.npz")
        patch.setenv("MPLBACKEND", "Agg")
        assert build.main([], root) == 0
    return root


@pytest.fixture
def solutions(course):
    return read(course / "solutions" / "02_luck.ipynb")


@pytest.fixture
def exercises(course):
    return read(course / "exercises" / "02_luck.ipynb")


# Units


@pytest.mark.slow
def test_building_again_gives_the_same_bytes(course):
    path = course / "notebooks" / "02_luck.ipynb"
    first = path.read_bytes()
    path.unlink()
    assert build.main(["notebooks/02"], course) == 0
    assert path.read_bytes() == first
    assert first.endswith(b"}\n")
    assert b"\r" not in first


def test_a_built_notebook_is_complete_and_clean(course):
    nb = read(course / "notebooks" / "02_luck.ipynb")
    nbformat.validate(nb)
    assert nb.metadata == build.METADATA
    assert [cell.metadata for cell in nb.cells] == [
        {"slideshow": {"slide_type": "slide"}},
        {  # what Colab needs
            "jupyter": {"source_hidden": True},
            "slideshow": {"slide_type": "skip"},
            "tags": ["remove-cell"],
        },
        {"slideshow": {"slide_type": "-"}},
        {"slideshow": {"slide_type": "subslide"}, "tags": ["raises-exception"]},
        {
            "collapsed": True,
            "jupyter": {"outputs_hidden": True},
            "slideshow": {"slide_type": "subslide"},
            "tags": ["prediction-result"],
        },
        # as the source says
        {"slideshow": {"slide_type": "slide"}, "tags": ["nbval-check-output"]},
    ]
    _, _, printed, raised, answered, environment = nb.cells
    assert [cell.execution_count for cell in nb.cells[1:]] == [1, 2, 3, 4, 5]
    assert [output.text for output in printed.outputs] == ["one\ntwo\n"]
    assert raised.outputs[0].traceback == ["ValueError: no such unit"]
    # the first line can be read while the output is folded
    assert answered.outputs[0].data["text/plain"] == "Run this cell to see the answer."
    assert [output.text for output in answered.outputs[1:]] == ["You guessed 3, it is 2\n"]
    assert environment.outputs[0].data["text/plain"] == "(None, False, 'notebooks')"
    names = sorted(path.name for path in (course / "notebooks").iterdir())
    assert names == ["02_luck.ipynb", "source"]


@pytest.mark.slow
def test_a_faulty_notebook_is_refused_and_the_old_file_stays(tmp_path, capsys):
    # A thread of the kernel reads it: the cell waits until it has.
    written = "import os, sys, threading\nread, write = threading.Event(), sys.stderr.write\n"
    written += "sys.stderr.write = lambda text: write(text) and read.set()\n"
    written += "os.write(2, b'low level')\nread.wait()"
    source = write(tmp_path, f"# %%\n{written}\n\n# %%\n1 / 0\n")
    path = build.notebook_path(source)
    path.write_text("old", encoding="utf-8")

    assert build.main(["02_luck"], tmp_path) == 1

    assert path.read_text(encoding="utf-8") == "old"
    shown = capsys.readouterr()
    assert re.search(r"notebooks/02_luck\n  cell 1 of 3: \d\.\d s\n  cell 2 of 3: ", shown.out)
    assert shown.err.splitlines() == [
        "notebooks/02_luck: cell 2: wrote to stderr: low level",
        "notebooks/02_luck: cell 3: ZeroDivisionError: division by zero",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "reason"),
    [("import os; os._exit(1)", "DeadKernelError"), ("while True: pass", "CellTimeoutError")],
)
def test_a_kernel_that_dies_or_hangs_is_a_fault(tmp_path, monkeypatch, cell, reason):
    monkeypatch.setattr(build, "CELL_TIMEOUT", 1)
    # The tag allows an exception, not this.
    source = write(tmp_path, f'# %% tags=["raises-exception"]\n{cell}\n')
    (fault,) = build.build(source)
    assert fault.startswith(f"{reason}: ")
    assert not build.notebook_path(source).exists()


def test_ids_follow_the_content(tmp_path):
    text = "# %%\na = 1\n\n# %%\na = 1\n\n# %% [markdown]\n# a = 1\n"
    before = [cell.id for cell in build.read_source(write(tmp_path, text)).cells]
    inserted = "# %%\nb = 2\n\n" + text.replace("# %% [markdown]", "# %%\n\n# %% [markdown]")
    after = [cell.id for cell in build.read_source(write(tmp_path, inserted)).cells]
    other = [cell.id for cell in build.read_source(write(tmp_path, text, name="03_x")).cells]

    assert len(set(after)) == 5
    assert [after[1], after[2], after[4]] == before
    assert before[1] == before[0] + "-2"
    assert all(re.fullmatch(r"02-[a-zA-Z0-9_-]{1,61}", cell_id) for cell_id in after)
    assert not set(other) & set(before)


def test_a_picture_beside_the_source_becomes_a_part_of_the_notebook(tmp_path):
    source = write(tmp_path, "# %% [markdown]\n# ![a drawing](drawing.svg) [no](a.png)\n")
    (source.parent / "drawing.svg").write_text("<svg/>", encoding="utf-8")

    (cell,) = build.read_source(source).cells

    picture = '<img alt="a drawing" src="data:image/svg+xml;base64,PHN2Zy8+">'
    assert cell.source == f"{picture} [no](a.png)"


def test_each_heading_begins_a_slide_and_each_step_goes_below_it(tmp_path):
    text = (
        "# %% [markdown]\n# # Unit 02: Luck\n#\n# ## One\n# text\n#\n# ### Two\n# %%\n1\n# %%\n2\n"
    )
    text += "# %% [markdown]\n# reading\n# %%\n3\n"
    nb = build.read_source(write(tmp_path, text))

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


@pytest.mark.slow
def test_a_unit_becomes_slides():
    """As the page for instructors says; a slide in HTML is a section within a section."""
    path = build.ROOT / "notebooks" / "02_random_search.ipynb"
    html, _ = SlidesExporter(reveal_scroll=True).from_filename(path)
    kinds = [cell.metadata["slideshow"]["slide_type"] for cell in read(path).cells]
    assert html.count("<section") == 2 * kinds.count("slide") + kinds.count("subslide")


def test_clean_removes_what_differs_between_runs():
    nb = code(
        stream("1 of 2\r"),
        stream("2 of 2\nend\r\n"),
        stream("note", "stderr"),
        data("text/plain", "box"),
        stream("50%\r   \r"),
        error(),
    )
    nb.metadata = {"language_info": {"name": "python", "version": "3.11.7"}, "widgets": {}}
    nb.cells[0].outputs[3].data[build.WIDGET] = {"model_id": "f00"}

    first, second, shown, raised = build.clean(nb).cells[0].outputs

    assert nb.metadata == build.METADATA
    assert (first.text, second.text) == ("2 of 2\nend\r\n", "note")
    assert shown.data == {"text/plain": "box"}
    assert raised.traceback == ["ValueError: boom"]


# Solutions and exercises


def test_solutions_are_cleared(solutions, exercises):
    cells = [cell for cell in launch.lesson(exercises) if cell.cell_type == "code"]
    assert cells[1].source == (
        'def double(x):\n    """Return the double."""\n    if x is None:\n'
        '        raise NotImplementedError("Exercise 2.1")\n'
        '    raise NotImplementedError("Exercise 2.1")'
    )
    assert cells[3].source == 'choice = None  # replace None by "a" or "b"'
    assert "SOLUTION" not in "".join(cell.source for cell in exercises.cells)
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    same = [a.id == b.id for a, b in zip(solutions.cells, exercises.cells, strict=True)]
    assert same == [True, True, True, True, False, True, True, False, True]
    assert solutions.cells[5].outputs[0].text == "✓ fine\n4\n"


def test_nbgrader_finds_its_metadata(solutions, exercises):
    answer = {"grade": False, "locked": False, "schema_version": 3, "solution": True, "task": False}
    grade = {**answer, "grade": True, "locked": True, "points": 1, "solution": False}
    expected = [
        {**answer, "grade_id": "answer-02-1"},
        {**grade, "grade_id": "check-02-1"},
        {**answer, "grade_id": "answer-02-2"},
        {**grade, "grade_id": "check-02-2"},
    ]
    for nb in (solutions, exercises):
        marks = [cell.metadata["nbgrader"] for cell in nb.cells if "nbgrader" in cell.metadata]
        assert marks == expected


def test_the_outputs_of_checks_are_compared_in_solutions_only(solutions, exercises):
    notebooks = map(launch.lesson, (solutions, exercises))
    tags = [[cell.metadata.get("tags") for cell in cells] for cells in notebooks]
    assert [tags[0][4], tags[0][7]] == [["nbval-check-output"], ["hide", "nbval-check-output"]]
    assert [tags[1][4], tags[1][7]] == [None, ["hide"]]


def test_exercises_alone_are_made_without_a_kernel(course, monkeypatch):
    path = course / "exercises" / "02_luck.ipynb"
    before = path.read_bytes()
    path.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(build, "execute", None)
    assert build.main(["--exercises"], course) == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    ### END SOLUTION\n\n\n", "\n\n", "cell 4: ### BEGIN SOLUTION and ### END SOLUTION"),
        ("### BEGIN SOLUTION\nchoice", "# BEGIN SOLUTION\nchoice", "must alternate, a line each"),
        ("### BEGIN SOLUTION\nchoice", "choice", "must alternate"),
        ("# **Purpose**: ...", "# ### BEGIN SOLUTION", "cell 3: ### BEGIN SOLUTION and"),
        ("## Exercise 2.1: double", "## Something", "exercise - has the cells ['solution', 'check"),
        ('check("02.2", choice)', "choice", "exercise 2.2 has the cells ['solution'], not ["),
        ('check("02.2"', 'check("02.1"', "['solution', 'check 02.1'], not ['solution', 'check 02"),
        ('# %%\nif check("02.1"', 'if check("02.1"', "['solution and check 02.1'], not ["),
        ("# %% tags", 'check("02.2", 1)\n\n# %% tags', "['solution and check 02.2', 'check 02.2']"),
        (
            "# ## Exercise 2.2",
            "# ## Exercise 2.3\n\n# %% [markdown]\n# ## Exercise 2.2",
            "2.3 has the cells [], not",
        ),
        ("# **Purpose**: ...", "# Try `twice_nothing = []`.", "of its solution: twice_nothing"),
        ("# **Purpose**: ...", '# Is choice = "a" right?', 'line of its solution: choice = "a"'),
    ],
)
def test_what_would_spoil_an_exercise_is_refused(tmp_path, old, new, fault):
    text = HEAD + FUNCTION + CHOICE
    assert old in text
    source = write(tmp_path, text.replace(old, new, 1), folder="solutions")
    for only_exercises in (True, False):
        assert fault in "\n".join(build.build(source, only_exercises=only_exercises))
    assert not build.notebook_path(source).exists()
    assert not build.exercise_path(source).exists()


# The command


@pytest.mark.parametrize("name", ["02", "02_luck", "solutions/02", "solutions/02_luck"])
def test_check_finds_what_changed(course, tmp_path, capsys, name):
    built = course / "solutions" / "02_luck.ipynb"
    assert build.main(["--check", name], course) == 0
    changed = HEAD + FUNCTION.replace("the double", "twice", 1) + CHOICE
    source = write(tmp_path, changed, folder="solutions")
    build.notebook_path(source).write_bytes(built.read_bytes())

    assert build.main([name, "--check"], tmp_path) == 1

    shown = capsys.readouterr().err
    assert '-    "    \\"\\"\\"Return the double.\\"\\"\\"\\n"' in shown
    assert '+    "    \\"\\"\\"Return twice.\\"\\"\\"\\n"' in shown
    assert "solutions/02_luck: exercises/02_luck.ipynb is missing" in shown


@pytest.mark.parametrize("spoil", ["tags", "order", "id", "metadata"])
def test_check_sees_more_than_text_but_no_outputs(course, spoil):
    source = course / "notebooks" / "source" / "02_luck.py"
    path = build.notebook_path(source)
    before = path.read_bytes()
    nb = read(path)
    nb.cells[1].outputs = []
    nbformat.write(nb, path)
    assert build.check(source) == []
    if spoil == "order":
        nb.cells.reverse()
    elif spoil == "id":
        nb.cells[0].id = "other"
    else:
        where = nb.cells[0].metadata if spoil == "tags" else nb.metadata
        where[spoil] = ["skip"]
    nbformat.write(nb, path)
    try:
        assert build.check(source)
    finally:
        path.write_bytes(before)


def test_an_unknown_unit_is_named_with_the_known_ones(course, capsys):
    for arguments in (["99"], ["--exercises", "notebooks/02"]):
        with pytest.raises(SystemExit):
            build.main(arguments, course)
        assert f"no source for {arguments[-1]!r}; there are: " in capsys.readouterr().err


# What a learner must not see


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (error("boom\nmore"), "ValueError: boom"),
        (stream("\na warning\nmore\n", "stderr"), "wrote to stderr: a warning"),
        (data("image/png", "aGk="), "an image has no alt text"),
        (data("image/svg+xml", "<svg/>"), "an image has no alt text"),
        (data("text/html", "<p><img src='a.png'></p>"), "an image has no alt text"),
        (data("text/html", "<script>run()</script>"), "shows a script"),
        (stream("<f at 0x7f16b08c7250>"), "shows a memory address"),
        (stream(f"ok\nin \x1b[32m{rules.ROOT / 'a.py'}\n"), "shows a path of this machine: in"),
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
    (found,) = rules.problems(nb)
    assert found.startswith(f"cell 2: {problem}")


@pytest.mark.parametrize(
    ("nb", "problem"),
    [
        (code(stream("fine"), tags=["raises-exception"]), "but nothing was raised"),
        (code(tags=["prediction-result"]), "tagged prediction-result, but shows nothing"),
        (code(stream("✗ no\nat all"), nbgrader={"grade": True}), "does not pass: ✗ no"),
        (code(nbgrader={"grade": True}), "the solution does not pass: "),
    ],
)
def test_what_a_cell_is_for_must_happen(nb, problem):
    (found,) = rules.problems(nb)
    assert found.endswith(problem)


def test_alt_texts_of_markdown():
    images = "![](a.png) ![a plot](b.png) ![][c] <img alt='a photo' src='d.png'>\n\n[c]: c.png"
    nb = v4.new_notebook(cells=[v4.new_markdown_cell(images)])
    assert rules.alt_texts(nb.cells[0]) == ["", "a plot", "", "a photo"]
    assert rules.problems(nb) == ["cell 1: an image has no alt text"]


@pytest.mark.parametrize(
    "nb",
    [
        code(stream("one\n")),
        code(data("text/html", f"<img src='data:,' alt=\"it's a line\"><b>/r{Path.home()}</b>")),
        code(data("application/json", {"loss": 0.5})),
        code(error(), tags=["raises-exception"]),
        code(stream("✓ right\n"), nbgrader={"grade": True}),
    ],
)
def test_a_good_output_is_no_problem(nb):
    assert rules.problems(nb) == []
