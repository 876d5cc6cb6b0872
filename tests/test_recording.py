"""The file of a search: one process at a time, whole or set aside, and nothing foreign in it."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tqdm import tqdm

from nascourse import CourseError
from nascourse._engine import files, recording
from nascourse._engine.recording import Recording

IDENTITY = {"space": "s", "seed": 1, "version of keras": "3.12.4"}
ROW = {"trial": 1, "status": "completed", "val_accuracy": 0.5, "units": 8, "fingerprint": "f"}
CURVE = [{"trial": 1, "epoch": 1, "loss": 1.0, "val_accuracy": 0.5}]
ORACLE = '{"seed": 7, "start_order": ["0"]}'


@pytest.fixture
def folder(tmp_path):
    """A search of one finished trial."""
    folder = tmp_path / "search"
    with Recording.opened(folder, IDENTITY) as begun:
        begun.begin_trial()
        (folder / "keras_tuner" / "trial_0").mkdir(parents=True)
        (folder / "keras_tuner" / "oracle.json").write_text(ORACLE)
        (folder / "keras_tuner" / "trial_0" / "trial.json").write_text('{"trial_id": "0"}')
        (folder / "keras_tuner" / "trial_0" / "checkpoint.weights.h5").write_bytes(b"weights")
        begun.end_trial(ROW, CURVE)
    return folder


def reopened(folder, identity=IDENTITY, **options) -> Recording:
    with Recording.opened(folder, identity, **options) as again:
        return again


def refusal(folder, identity=IDENTITY) -> str:
    with pytest.raises(CourseError) as raised:
        reopened(folder, identity)
    assert "\n" not in str(raised.value) and str(raised.value).endswith(".")
    return str(raised.value)


def rewrite(folder, change) -> None:
    """Change the content of both copies, with a digest that fits."""
    content = json.loads((folder / "search.json").read_text("utf-8"))["search"]
    change(content)
    text = json.dumps({"sha256": recording._digest(content), "search": content})
    for name in recording.FILES:
        (folder / name).write_text(text, "utf-8")


def test_what_was_written_is_read(folder):
    again = reopened(folder)

    (record,) = again.content.trials
    assert record | {"weights": 0} == {"row": ROW, "curve": CURVE, "weights": 0}
    assert again.weights_are_intact(1)
    assert again.content.library["keras_tuner/oracle.json"] == ORACLE
    assert again.content.table["units"].tolist() == [8]
    assert again.content.curves["loss"].tolist() == [1.0]


def test_the_librarys_files_go_back_to_the_end_of_the_last_trial(folder, capsys):
    """A trial in progress had changed the oracle and begun a folder."""
    (folder / "keras_tuner" / "oracle.json").write_text('{"seed": 7, "start_order": ["0", "1"]}')
    (folder / "keras_tuner" / "trial_1").mkdir()
    (folder / "keras_tuner" / "trial_1" / "trial.json").write_text('{"trial_id": "1"}')

    reopened(folder)

    assert (folder / "keras_tuner" / "oracle.json").read_text() == ORACLE
    assert sorted(os.listdir(folder / "keras_tuner")) == ["oracle.json", "trial_0"]
    assert (folder / "keras_tuner" / "trial_0" / "checkpoint.weights.h5").exists()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", recording.FILES)
def test_a_missing_copy_is_written_again(folder, name):
    (folder / name).unlink()

    assert len(reopened(folder).content.trials) == 1
    assert (folder / "search.json").read_bytes() == (folder / "search.backup.json").read_bytes()


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), PermissionError(13, "no")]
)
@pytest.mark.parametrize("step", ["_read", "atomic_write"])
def test_a_folder_that_cannot_be_read_or_written_is_one_sentence(folder, monkeypatch, step, error):
    def fail(*arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(recording, step, fail)
        said = refusal(folder)

    assert f"({error.strerror})" in said and "finished trials are kept" in said
    assert len(reopened(folder).content.trials) == 1


def test_a_changed_digit_is_damage(folder, capsys):
    path = folder / "search.json"
    path.write_text(path.read_text("utf-8").replace("0.5", "0.6", 1), "utf-8")

    assert reopened(folder).content.table["val_accuracy"].tolist() == [0.5]
    assert "search.json was damaged: it is now search.damaged-1.json" in capsys.readouterr().out


def test_two_damaged_copies_are_refused_and_left_alone(folder):
    for name in recording.FILES:
        (folder / name).write_text("{")

    said = refusal(folder)

    assert "search.json" in said and "its copy" in said and "overwrite=True" in said
    assert (folder / "search.json").read_text() == "{"
    assert reopened(folder, overwrite=True).content.trials == []


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["library"].update({"../outside.json": "{}"}),
        lambda content: content["library"].update({"keras_tuner/../../x/oracle.json": "{}"}),
        lambda content: content["library"].update({"keras_tuner/trial_0/run.py": "{}"}),
        lambda content: content["library"].update({"keras_tuner/oracle.json": "no json"}),
        lambda content: content["library"].update({"keras_tuner/oracle.json": "[]"}),
        lambda content: content["library"].update({"keras_tuner/oracle.json": 3}),
        lambda content: content["trials"].append({"row": ROW, "curve": CURVE}),
        lambda content: content["trials"].append(3),
        lambda content: content["trials"][0].pop("curve"),
        lambda content: content["trials"][0]["row"].update(status="won"),
        lambda content: content["trials"][0]["row"].update(n_params="many"),
        lambda content: content["trials"][0].update(curve=[3]),
        lambda content: content["trials"][0]["curve"][0].update(loss="low"),
        lambda content: content.update(identity=3),
        lambda content: content.update(stopped=3),
        lambda content: content.update(tries="3"),
        lambda content: content.update(more=3),
        lambda content: content.pop("trials"),
    ],
)
def test_a_foreign_content_is_refused_whatever_its_digest(folder, change, tmp_path):
    rewrite(folder, change)

    assert "is damaged" in refusal(folder)
    assert sorted(os.listdir(tmp_path)) == ["search"]


@pytest.mark.parametrize(
    "change, named",
    [
        ({"space": "t"}, "another space"),
        ({"version of keras": "3.13.0"}, "another version of keras"),
        ({"space": "t", "seed": 2}, "another seed and space"),
    ],
)
def test_another_search_is_refused_with_what_changed(folder, change, named):
    assert f"({named})" in refusal(folder, IDENTITY | change)


@pytest.mark.parametrize("before, grows", [(2, True), (4, False), ("2", False), (None, False)])
def test_the_budget_alone_may_grow(folder, before, grows):
    rewrite(folder, lambda content: content["identity"].update(max_trials=before))

    if grows:
        again = reopened(folder, {**IDENTITY, "max_trials": 3})
        assert again.content.identity["max_trials"] == 3 and len(again.content.trials) == 1
    else:
        assert "(another max_trials)" in refusal(folder, {**IDENTITY, "max_trials": 3})


def test_what_an_older_version_did_not_write_is_taken_over(folder):
    assert reopened(folder, IDENTITY | {"new": 1}).content.identity["new"] == 1


def test_a_process_that_dies_counts_and_one_that_ends_does_not(folder):
    for died in (1, 2, 3):
        assert reopened(folder).begin_trial() == died
    fourth = reopened(folder)
    fourth.begin_trial()
    fourth.forgive()

    assert reopened(folder).content.tries == 0


def test_a_second_process_is_refused(folder):
    code = "import sys; from nascourse._engine.recording import Recording; import pathlib\n"
    code += f"with Recording.opened(pathlib.Path(sys.argv[1]), {IDENTITY}): print('in'); input()"
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "in\n"
        said = refusal(folder)
        first.kill()

    assert "Another process" in said and "wait until it ends" in said
    assert len(reopened(folder).content.trials) == 1  # a dead process holds no lock


def test_a_second_search_of_the_same_process_is_refused(folder):
    with Recording.opened(folder, IDENTITY):
        assert "Another process" in refusal(folder)


def test_other_files_are_spared_and_nothing_is_left_behind(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")

    assert "holds other files" in refusal(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_a_process_killed_in_its_first_write_leaves_no_other_files(tmp_path, run_python):
    code = "import os, sys, pathlib; from nascourse._engine.recording import Recording\n"
    code += "os.fsync = lambda _: os._exit(9)\n"
    code += f"with Recording.opened(pathlib.Path(sys.argv[1]), {IDENTITY}): pass"
    assert run_python("-c", code, tmp_path).returncode == 9
    left = set(os.listdir(tmp_path)) - {"search.lock"}
    assert left and not left & set(recording.FILES)

    assert reopened(tmp_path).content.trials == []
    assert set(os.listdir(tmp_path)) == {*recording.FILES, "search.lock"}


def test_a_process_that_looks_while_another_writes_first_is_told_so(tmp_path, monkeypatch):
    real, said = os.fsync, []

    def looked_at(descriptor: int) -> None:
        said.append(refusal(tmp_path))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", looked_at)
    reopened(tmp_path)

    assert len(said) == 2 and all("Another process" in sentence for sentence in said)


def test_weights_are_those_of_the_search_wherever_a_notebook_goes(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    again = reopened(Path("search"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert again.folder == Path("search")  # as it was given
    assert again.weights_are_intact(1)
    (path,) = folder.glob("keras_tuner/trial_0/*.weights.h5")
    path.write_bytes(b"damaged")
    assert not again.weights_are_intact(1)
    again.stop("the end")
    assert os.listdir(tmp_path / "elsewhere") == []
    assert reopened(folder).content.stopped == "the end"


@pytest.mark.parametrize("of_old_version", [False, True])
def test_weights_that_are_gone_or_cannot_be_read_are_not_intact(
    folder, monkeypatch, of_old_version
):
    again = reopened(folder)
    if of_old_version:
        del again.content.trials[0]["weights"]

    def fail(*arguments, timeout=0, **options):
        assert timeout < 30
        raise subprocess.TimeoutExpired("python", timeout) if timeout else OSError(errno.EIO, "no")

    with monkeypatch.context() as patch:
        patch.setattr(recording, "_sha256", fail)
        patch.setattr(subprocess, "run", fail)
        assert not again.weights_are_intact(1)
    (path,) = folder.glob("keras_tuner/trial_0/*.weights.h5")
    path.unlink()
    assert not again.weights_are_intact(1)


@pytest.mark.parametrize("holds_a_search", [True, False])
def test_a_search_that_may_only_be_read_can_be_copied(folder, monkeypatch, holds_a_search):
    if not holds_a_search:
        folder = folder.parent / "another"

    def fail(*arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(recording.FileLock, "acquire", fail)
    said = refusal(folder)

    copy = "copy it to a folder that you may write, or " if holds_a_search else ""
    assert said.endswith(f"cannot be written (Read-only file system): {copy}choose another one.")


@pytest.mark.parametrize("step", ["iterdir", "read_text"])
def test_a_drive_that_hangs_when_a_search_is_opened_is_named(folder, monkeypatch, step):
    real, said, lines = getattr(Path, step), threading.Event(), []

    def hang(path, *arguments):
        assert said.wait(30)
        return real(path, *arguments)

    def write(line: str) -> None:
        lines.append(line)
        said.set()

    monkeypatch.setattr(files, "SAY_AFTER", 0.05)
    monkeypatch.setattr(tqdm, "write", write)
    monkeypatch.setattr(Path, step, hang)

    assert len(reopened(folder).content.trials) == 1
    assert re.fullmatch(
        rf"Waiting for .*{re.escape(repr(str(folder)))} since [\d:]{{8}}\.", lines[0]
    )
