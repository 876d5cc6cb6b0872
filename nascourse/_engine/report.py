"""The pages of a project's report: its facts as Markdown, and the same as HTML.

Names of classes and files, and what a learner wrote, are data: in both pages they are text, whatever
characters they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from nascourse import CourseError, sentence
from nascourse._engine.files import data_uri
from nascourse.trials import words

FEW_IMAGES = 50  # of a class in all parts together: a report says that they are few
STYLE = (
    "body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; "
    "color: #222; background: white } img { max-width: 100% } "
    "th, td { padding: 0.1rem 0.6rem; text-align: left; border-bottom: 1px solid #ccc } "
    "table { border-collapse: collapse; display: block; overflow-x: auto }"
)


def checked_notes(notes: Any) -> dict[str, str]:
    """The notes of a learner, if they are sentences under names."""
    notes = {} if notes is None else notes
    if not (isinstance(notes, Mapping) and all(isinstance(name, str) for name in notes)):
        raise CourseError(
            f"notes={notes!r} are no notes: give a sentence under each name, as in "
            '{"budget": "..."}.'
        )
    return {name: sentence(f"notes[{name!r}]", value) for name, value in notes.items()}


def markdown(report: Mapping[str, Any], figures: Mapping[str, str]) -> str:
    """The report as Markdown, of facts that `nascourse.evaluation.write_report` gathers.

    ``figures`` has the name of each figure's file, and what the picture shows.
    """
    r = report
    low, high = r["test_accuracy_95_percent"]
    n = r["test_images"]
    counts = [(name, *of_class.values()) for name, of_class in r["counts"].items()]
    sums = [sum(column) for column in zip(*(row[1:] for row in counts))]
    height, width, channels = r["image_shape"]
    objective = words(r["objective"][0])
    unsaved = r["saved_bytes"] is None
    latency = "unknown"
    if r["latency_ms_median"] is not None:
        median, most = r["latency_ms_median"], r["latency_ms_p95"]
        latency = f"{median:.2f} ms (95 of 100 take at most {most:.2f} ms)"
    sections = [
        f"# Report: a network for {text(r['data_source'])}",
        (
            f"On {n:,} test images the network is right in **{percent(r['test_accuracy'], n)}** of all "
            f"cases (95% interval {percent(low, n)} to {percent(high, n)}). Always answering with the "
            f"class that is most frequent in training would be right in "
            f"{percent(r['majority_accuracy'], n)} of the test images. The mean over the classes "
            f"(balanced accuracy) is {percent(r['balanced_accuracy'], n)}."
        ),
        "## Data and splits",
        (
            f"{'Gray' if channels == 1 else 'Color'} images of {height}x{width} pixels in "
            f"{len(counts)} classes. Each class has about the same share of the training and of the "
            "validation part."
        ),
        table(("class", "training", "validation", "test"), [*counts, ("all", *sums)]),
        "## Space",
        table(("hyperparameter", "values", "only if"), [row.values() for row in r["space"]]),
        "## Search",
        items(
            {
                "Strategy": r["strategy"],
                "Budget": f"{r['max_trials']} trials of at most {r['epochs']} epochs, "
                f"{r['batch_size']} images a step",
                "Objective": f"{objective}, the {r['objective'][1]}imum is best",
                "Seed": r["seed"],
                "Images": f"{r['search_images']:,} to train by, {r['judged_by']:,} to judge by",
                "End": r["stopped"],
            }
        ),
        table(r["trials"][0], [row.values() for row in r["trials"]]),
        pictures(figures, "incumbent", "trials", "curves"),
        "## Choice",
        items(
            {
                "Chosen": f"trial {r['trial']}: {r['architecture']}",
                "Reason": r["reason"] or "none was given",
                f"{objective.capitalize()}": f"{r['objective_value']:.3f}",
                "Found by the search?": r["found"],
                "Final training": f"{r['training_images']:,} images, training and validation part "
                f"together, {final_training(r['final_training'])}",
            }
            | {name.capitalize(): sentence for name, sentence in r["notes"].items()}
        ),
        "## Test",
        items(
            {
                "Test accuracy": percent(r["test_accuracy"], n),
                "95% interval": f"{percent(low, n)} to {percent(high, n)}",
                "Always the most frequent class": percent(r["majority_accuracy"], n),
                "Balanced accuracy": percent(r["balanced_accuracy"], n),
                "Times the test set was opened": r["times_opened"],
            }
        ),
        pictures(figures, "confusion", "misread"),
        "## Size and speed",
        items(
            {
                "Parameters": f"{r['n_params']:,}",
                "FLOPs for one image": "unknown" if r["flops"] is None else f"{r['flops']:,}",
                "Size as .keras": "unknown" if unsaved else f"{r['saved_bytes'] / 1024:,.0f} KiB",
                "One image": latency,
                "Machine": r["machine"],
            }
        ),
        pictures(figures, "architecture"),
        "## Use",
        "The network could not be saved."
        if unsaved
        else (
            f"`model.keras` takes pixels from 0 to 255 in the shape (images, {height}, {width}, "
            f"{channels}), and answers with a number for each class, the largest for the most "
            f"probable one, in this order: {text(', '.join(r['class_names']))}. It needs Keras, and "
            "nothing of the course. `python read_pictures.py new.jpg`, in this folder, reads a picture "
            "with it, and says which classes are the most probable."
        ),
        "## Limits",
        "\n".join(f"- {text(limit)}" for limit in r["limits"]),
        "## Versions",
        items(r["versions"]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def limits(report: Mapping[str, Any]) -> Iterator[str]:
    """What the numbers of a report do not say, in a sentence each."""
    yield (
        "One search with one seed: another seed may choose another network, and the same network "
        "trained again reads a little more or less."
    )
    yield (
        f"The interval covers the luck of the {report['test_images']:,} test images, not that of the "
        "seed, and holds for images of the same kind alone."
    )
    yield (
        f"{report['judged_by']:,} validation images made the choice: one of them is "
        f"{100 / report['judged_by']:.2g}%, and what they say of the winner is too much."
    )
    if report["times_opened"] != 1:
        yield (
            f"The test set was opened {report['times_opened']} times: what was decided after the first "
            "time is not judged by unseen images."
        )
    rare = [name for name, n in report["counts"].items() if sum(n.values()) < FEW_IMAGES]
    if rare:
        yield f"What is said of these classes rests on few images: {', '.join(rare)}."
    if report["found"].startswith("no"):
        yield "The search has confirmed a network that was given; it has not found one."
    elif report["found"] != "yes":
        yield (
            "The validation images do not show that the network found is better than the one that "
            "was given."
        )


def page(title: str, content: str, folder: Path, figures: Iterable[str]) -> str:
    """The Markdown as one HTML file that holds its figures."""
    # Markup in the text stays text, and links that would run a script stay text as well.
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(content)
    for name in figures:
        source = data_uri((folder / name).read_bytes(), "image/png")
        body = body.replace(f'src="{name}"', f'src="{source}"')
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}'
        f"</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def percent(share: float, n_images: int) -> str:
    """A share of so many images, with no more digits than these can tell apart."""
    return f"{share:.{(n_images >= 1_000) + (n_images >= 10_000)}%}"


def final_training(options: Mapping[str, int]) -> str:
    """What `nascourse.search.retrain` was given, in words; nothing is known of another training."""
    if not options:
        return "in epochs, steps and a seed that are not known"
    return (
        f"{options['epochs']} epochs, {options['batch_size']} images a step, seed {options['seed']}"
    )


def text(value: object) -> str:
    """Data as text in Markdown, on one line, whatever characters it holds."""
    return re.sub(r"([\\`*_\[\]<>#|~&$!])", r"\\\1", " ".join(str(value).split()))


def table(columns: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    head, *lines = ([text(cell) for cell in line] for line in (columns, *rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))


def items(facts: Mapping[str, object]) -> str:
    """A list of facts in Markdown."""
    return "\n".join(f"- {text(name)}: {text(fact)}" for name, fact in facts.items())


def pictures(figures: Mapping[str, str], *names: str) -> str:
    """Those of these figures that there are."""
    files = [f"{name}.png" for name in names]
    return "\n\n".join(f"![{text(figures[name])}]({name})" for name in files if name in figures)
