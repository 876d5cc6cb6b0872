"""Run a search, within its budget, with its seeds, and in its folder.

>>> from nascourse import data, search, spaces
>>> splits = data.load_mnist("bundled")
>>> found = search.run_search(
...     spaces.cnn_space, splits, strategy="random", max_trials=3, epochs=2, seed=1,
...     directory="runs/first")                                               # doctest: +SKIP
>>> found.table                                                               # doctest: +SKIP

A search is a loop.  A *strategy* (an oracle of KerasTuner) proposes hyperparameter values; a
*space* builds the network; KerasTuner or AutoKeras trains it on the training part and scores it
on the validation part; the strategy is told the score.  One turn of the loop is a *trial*.  This
module adds what the two libraries leave open: seeds that repeat a search exactly, the trial table
with its learning curves, a progress bar with the time left, and a folder from which the search
goes on after a crash (`nascourse._engine.recording`).
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial, update_wrapper
from pathlib import Path
from typing import Any

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import keras
import keras_tuner
import numpy as np
import pandas as pd
from keras_tuner.engine.trial import Trial

from nascourse import CourseError, positive_number, require, trials, whole_number
from nascourse._engine import compat, feeding, preflight
from nascourse._engine.blame import SearchEnds, culprit, reason
from nascourse._engine.files import given_path
from nascourse._engine.identity import Space, own_fit
from nascourse._engine.loops import (
    library_noise_off,
    loaded_objects_frozen,
    make_tuner,
    trial_number,
    trial_seed,
)
from nascourse._engine.observers import Observer, ProgressBar, watched
from nascourse._engine.options import Deadline, SearchOptions, TimeIsUp, read_objective
from nascourse._engine.parallel import Workers, check_guard
from nascourse._engine.recorder import TrialRecorder
from nascourse._engine.recording import Recording, written_in
from nascourse._engine.waiting import MAX_WAIT
from nascourse.data import Splits, no_endless_download
from nascourse.spaces import AutoKerasSpace, fitted
from nascourse.strategies import make_oracle

__all__ = ["Observer", "ProgressBar", "Search", "retrain", "run_search", "watched"]

AGAIN = "start it again with the same folder to go on"


@dataclass
class Search:
    """A finished (or stopped) search.

    Attributes
    ----------
    table : the trial table, see `nascourse.trials`
    curves : the learning curves, one row an epoch: trial, epoch (from 1), loss, accuracy,
        val_loss, val_accuracy
    stopped : why the search ended
    options : strategy, budget, seed and objective
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    stopped: str
    options: SearchOptions
    directory: Path
    splits: Splits = field(repr=False)
    tuner: keras_tuner.Tuner = field(repr=False)

    def __repr__(self) -> str:
        n_completed = (self.table["status"] == "completed").sum()
        best = f", best {self.best[trials.objective(self.table)]:.3f}" if n_completed else ""
        failure = trials.failure(self.table)
        end = f"{self.stopped}; {failure}" if failure else self.stopped
        return f"Search({len(self.table)} trials, {n_completed} completed{best}; {end})"

    @property
    def interrupted(self) -> bool:
        """Whether someone stopped the search before its budget was spent."""
        return self.stopped.startswith("interrupted")

    @property
    def best(self) -> pd.Series:
        """The row of the best trial."""
        return trials.best(self.table)

    @property
    def best_hyperparameters(self) -> keras_tuner.HyperParameters:
        """The hyperparameters of the best trial."""
        return self._trial(int(self.best["trial"])).hyperparameters

    def best_model(self) -> keras.Model:
        """The network of the best trial, with the weights of its best epoch.

        Raises
        ------
        CourseError
            No trial was completed, or the file of its weights is damaged.
        """
        number = self.best["trial"]
        damaged = CourseError(
            f"The weights of trial {number} in the folder {str(self.directory)!r} cannot be read: "
            "train the network again, with search.retrain."
        )
        if not self.tuner.recorder.recording.weights_are_intact(number):
            raise damaged
        with library_noise_off():
            try:
                return self.tuner.load_model(self._trial(number))
            except (OSError, ValueError, KeyError) as error:
                raise damaged from error

    def new_model(self, trial: int | None = None) -> keras.Model:
        """The network of a trial, by default the best one, untrained.

        Raises
        ------
        CourseError
            There is no such trial, or its network cannot be built.
        """
        number = self.best["trial"] if trial is None else trial
        hp = self._trial(number).hyperparameters
        # AutoKeras numbers its blocks anew only after a cleared session, and would take defaults
        # for the hyperparameters whose names no longer match.
        keras.utils.clear_session()
        try:
            with library_noise_off():
                return self.tuner.hypermodel.build(hp)
        except Exception as error:
            raise CourseError(
                f"The network of trial {number} cannot be built ({reason(error)}): choose a trial "
                "that was completed."
            ) from error

    def _trial(self, number: int) -> Trial:
        candidates = {trial_number(trial): trial for trial in self.tuner.oracle.trials.values()}
        if number not in candidates:
            raise CourseError(
                f"There is no trial {number}: this search has the trials "
                f"{', '.join(map(str, sorted(candidates)))}."
            )
        return candidates[number]


def run_search(
    space: Space,
    splits: Splits,
    *,
    strategy: str,
    directory: str | os.PathLike,
    objective: str | keras_tuner.Objective = "val_accuracy",
    max_trials: int = 5,
    epochs: int = 5,
    seed: int = 1,
    batch_size: int = 64,
    patience: int | None = None,
    max_model_size: int | None = None,
    max_seconds: float | None = None,
    max_wait: float | None = None,
    executor: Executor | None = None,
    in_flight: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    observer: Observer | None = None,
    overwrite: bool = False,
    retry_failed: bool = False,
    same_space: bool = False,
) -> Search:
    """Search ``space`` with ``strategy`` until the budget is spent.

    Started again with the same arguments it goes on where it stopped, whatever stopped it: at most
    the trial in progress is trained again.  A finished search is returned at once, and goes on
    with more ``max_trials``.

    Parameters
    ----------
    space
        A build function for KerasTuner, such as `spaces.cnn_space`, or an `AutoKerasSpace`; or a
        `HyperModel` of KerasTuner, whose own ``fit``, if it has one, trains each network: a number
        that it returns is what the trial is judged by, and else the best epoch is.  The space is
        handed the shape of the images and the number of classes, see `spaces.fitted`.
    splits
        Trains on its training part, scores on its validation part, and never sees its test part.
    strategy
        A name that `strategies.make_oracle` knows.
    directory
        Folder of the search.  One with another search is refused, unless ``overwrite``.
    objective
        The metric that decides, as the trial table names it: ``"val_accuracy"``, ``"val_loss"``,
        ``"val_macro_f1"``, or any that the networks are compiled with.  Of one that KerasTuner does
        not know give ``keras_tuner.Objective("val_mine", "max")`` or ``"min"``.
    max_trials, epochs
        The budget: so many networks, each trained for at most so many epochs.
    seed
        The same seed gives the same search again on the same machine, 0 included.
    batch_size
        Images in one step of gradient descent.
    patience
        Stop a trial when its objective has not improved for so many epochs; by default
        every trial has all its epochs.
    max_model_size
        A network with more weights than this is a failed trial.
    max_seconds
        Stop when this run has taken so many seconds, between two epochs.  The trial in progress
        does not count, and the search can go on later, with more time or without a limit.
    max_wait
        With an executor: stop when none of its workers has given a sign of life for so many
        seconds, by default 300.  An executor that is neither a process pool nor Dask's gives none while it trains.
    executor
        Trains the trials, several at a time; see `nascourse._engine.parallel`.  By default they are
        trained in this process, one after another.
    in_flight
        How many trials the executor has at a time, by default 4: a few more than it has workers.
        A strategy proposes each trial when it knows the results of all but so many before it.
    callbacks
        More Keras callbacks for every training; each trial gets copies.  Those of `ModelCheckpoint`
        and `CSVLogger` write files of the trial's own, such as trial_1_log.csv.
    observer
        Shows the progress; by default a `ProgressBar`, and `Observer` itself for silence.
    retry_failed
        Train the failed trials again first, for instance on a machine with more memory, or when
        the space has been repaired where it failed.
    same_space
        The space builds the same networks as when the search began, although its code has changed,
        or lists and dicts around it have.

    Raises
    ------
    CourseError
        A value is out of range, or no network can be trained; or the folder belongs to another
        search, is in use, or cannot be written; or the machine, a callback or the workers fail.
    """
    check_guard()
    preflight.check_arguments(
        space,
        splits,
        executor=executor,
        observer=observer,
        overwrite=overwrite,
        retry_failed=retry_failed,
        same_space=same_space,
    )
    for name, value in (("in_flight", in_flight), ("max_wait", max_wait)):
        if value is not None and executor is None:
            raise CourseError(f"{name}={value!r} needs workers: give an executor, or leave it out.")
    if in_flight is None:
        in_flight = 4 if executor else 1
    options = SearchOptions(
        strategy=strategy,
        max_trials=max_trials,
        epochs=epochs,
        seed=seed,
        batch_size=batch_size,
        patience=patience,
        max_model_size=max_model_size,
        in_flight=in_flight,
        callbacks=callbacks,
        objective=read_objective(objective),
    )
    deadline = Deadline(max_seconds)
    max_wait = positive_number("max_wait", MAX_WAIT if max_wait is None else max_wait)
    with no_endless_download():  # a network may fetch weights when it is built
        space = _fitted(space, splits, options.objective[0])
        oracle = _make_oracle(space, options)
        preflight.check_network(space, splits, options.objective[0], options.callbacks)
        identity = options.identity(space, splits)
    observer = ProgressBar() if observer is None else observer
    observer.objective = options.objective
    loop = Workers(executor, space, splits, options, max_wait=max_wait).search if executor else None
    gc.collect()  # what is garbage by now could not be freed before the search ends
    with (
        Recording.opened(
            given_path(directory),
            identity,
            overwrite=overwrite,
            same_space=same_space,
            retry_failed=retry_failed,
        ) as recording,
        library_noise_off(),
        loaded_objects_frozen(),
        _errors_as_sentences(recording),
    ):
        was_finished = recording.content.stopped is not None
        recorder = TrialRecorder(recording, observer, options.objective)
        tuner, search = make_tuner(
            space, splits, oracle, options, recorder, deadline=deadline, loop=loop
        )
        observer.search_begin(options.max_trials, options.epochs)
        try:
            stopped = _run(search, recorder, options)
        finally:
            observer.search_end()
    if was_finished:
        stopped += "; so it was before, and nothing is trained again"
    table, curves = recording.content.table, recording.content.curves
    table.attrs["objective"] = options.objective
    if failure := trials.failure(table):
        print(f"{failure[0].upper()}{failure[1:]}.")
    return Search(table, curves, stopped, options, recording.folder, splits, tuner)


def retrain(
    search: Search,
    splits: Splits | None = None,
    *,
    trial: int | None = None,
    epochs: int | None = None,
    batch_size: int = 64,
    seed: int | None = None,
    observer: Observer | None = None,
) -> keras.Model:
    """Train a network of the search again, from new weights, on training and validation images.

    The search has spent the validation part on its choice, so now it may serve as training data.
    Loss and optimizer are those that the network had in its trial.  The learning rate falls from its
    value there to zero along half a cosine (Loshchilov & Hutter 2017), which lets the last epochs
    settle; a schedule that the network brings stays as it is.

    Parameters
    ----------
    search
        The search whose best network is trained.
    splits
        The images; by default those of the search.  Give the full set after a search on a subset.
    trial
        The trial whose network is trained; by default the best one.
    epochs
        By default 16, and more with so few images that those would be less than 1,000 steps.
    batch_size, seed
        As in `run_search`; the seed is by default that of the search.

    Raises
    ------
    CourseError
        There is no such trial, or its network cannot be built, is made for other images, or is
        trained by the ``fit`` of a `HyperModel`.
    """
    _check_kinds(search, splits, observer)
    batch_size = whole_number("batch_size", batch_size, at_least=1)
    seed = search.options.seed if seed is None else whole_number("seed", seed, at_least=0)
    splits = search.splits if splits is None else splits
    x = np.concatenate([splits.x_train, splits.x_val])
    y = np.concatenate([splits.y_train, splits.y_val])

    steps_per_epoch = -(-len(y) // batch_size)
    if epochs is None:
        epochs = max(16, min(100, -(-1000 // steps_per_epoch)))
    epochs = whole_number("epochs", epochs, at_least=1)

    training_seed = trial_seed(seed, 0)
    keras.utils.set_random_seed(training_seed)
    model = search.new_model(trial)
    way_out = "give images of the kind that was searched with, or search anew"
    preflight.check_fit(model, splits, way_out=way_out)
    _let_rate_fall(
        model, epochs * steps_per_epoch, of_autokeras=isinstance(search.tuner, compat.AutoTuner)
    )
    options: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size}
    with watched(observer, epochs) as watcher, library_noise_off():
        progress = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: watcher.epoch_end(1, epoch + 1, logs)
        )
        feeding.fit(model, x, y, seed=training_seed, callbacks=[progress], verbose=0, **options)
    # The network carries with it what a report needs for another to repeat its training.
    model.final_training = {**options, "seed": seed}
    return model


def _check_kinds(search: Any, splits: Any, observer: Any) -> None:
    """Refuse arguments of `retrain` of another kind, and a search that it cannot train for."""
    require("search", search, Search, "one such as run_search(...)")
    require(
        "splits", splits, Splits | None, "one such as data.load_mnist(), and a trial as trial=1"
    )
    require("observer", observer, Observer | None, "one such as search.ProgressBar()")
    if getattr(search.tuner.hypermodel, "own_fit", None):
        raise CourseError(
            "The fit of the HyperModel trains the networks of this search, and retrain would train "
            "them otherwise: call that fit yourself, with best_hyperparameters and new_model() of the "
            "search, and the images."
        )


def _let_rate_fall(model: keras.Model, n_steps: int, *, of_autokeras: bool) -> None:
    """Let the learning rate of a network fall to zero in so many steps, unless it has a schedule.

    AutoKeras's networks are compiled for one-hot labels, and their schedule, if they have one, for
    the steps of a trial.
    """
    if not model.compiled:
        raise CourseError(
            "The network of this trial is not compiled: choose a trial that was completed."
        )
    optimizer = model.optimizer
    if of_autokeras or compat.learning_rate_schedule(optimizer) is None:
        rate = float(optimizer.learning_rate)
        optimizer.learning_rate = keras.optimizers.schedules.CosineDecay(rate, n_steps)
    if of_autokeras:
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])


def _fitted(space: Space, splits: Splits, column: str) -> Space:
    """The space for these images, see `spaces.fitted`; of a `HyperModel` its ``build`` is handed
    them, and is the space if there is no ``fit`` beside it.
    """
    if not isinstance(space, keras_tuner.HyperModel):
        return fitted(space, splits, column)
    # KerasTuner puts a function of other parameters in front of ``build``: those of the class count.
    method = update_wrapper(partial(space.build), type(space).build)
    build, fit = fitted(method, splits, column), own_fit(space)
    if build is method:  # it takes none of the facts
        return space.build if fit is None else space
    if fit is None:
        return build
    model = keras_tuner.HyperModel()
    model.build, model.fit = build, fit
    return model


def _make_oracle(space: Space, options: SearchOptions) -> keras_tuner.Oracle:
    first = hyperparameters = None
    if isinstance(space, AutoKerasSpace):
        first = space.first if options.strategy == "greedy" else None
        hyperparameters = keras_tuner.HyperParameters()
        for name, value in space.fixed.items():
            hyperparameters.Fixed(name, value)
    return make_oracle(
        options.strategy,
        max_trials=options.max_trials,
        seed=options.seed,
        objective=keras_tuner.Objective(*options.objective),
        first=first,
        hyperparameters=hyperparameters,
    )


def _run(search: Callable[[], None], recorder: TrialRecorder, options: SearchOptions) -> str:
    """Search until the budget is spent or something stops it; return in words why it ended."""
    recording = recorder.recording
    try:
        for record in recording.content.trials:
            recorder.observer.trial_end(record["row"])
        search()
        stopped = recording.content.stopped or _why_finished(recording, options)
        recording.stop(stopped)
    except (KeyboardInterrupt, TimeIsUp) as stop:
        cause = "out of time" if isinstance(stop, TimeIsUp) else "interrupted"
        recording.stop()
        return f"{cause}; {AGAIN}"
    return stopped


@contextlib.contextmanager
def _errors_as_sentences(recording: Recording) -> Iterator[None]:
    """Say whose fault an error outside of a training is; it counts against no network."""
    try:
        yield
    except SearchEnds:  # it is a sentence, and a pool that broke does count
        raise
    except (Exception, KeyboardInterrupt) as error:
        with contextlib.suppress(OSError):
            recording.forgive()
        if isinstance(error, KeyboardInterrupt):  # a second one, while the first was dealt with
            raise
        name = culprit(error)
        if name is not None:
            raise CourseError(
                f"{name} failed ({reason(error)}): this is not the fault of a network; all finished "
                f"trials are kept; repair it, and {AGAIN}."
            ) from error
        with written_in(recording.folder):
            raise


def _why_finished(recording: Recording, options: SearchOptions) -> str:
    n_finished = len(recording.content.trials)
    if n_finished >= options.max_trials:
        return f"the budget of {options.max_trials} trials is spent"
    return (
        f"stopped after {n_finished} of {options.max_trials} trials: the {options.strategy} "
        "strategy found no setting that it had not tried"
    )
