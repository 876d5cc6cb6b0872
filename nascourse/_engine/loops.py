"""The loops of KerasTuner and AutoKeras, with what a search of the course needs.

`make_tuner` gives a tuner whose trials are seeded one by one, recorded (`TrialRecorder`), stopped
between epochs at a deadline, and trained by workers where there are some
(`nascourse._engine.parallel`).
"""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any, TypeAlias

import nascourse._engine.backend  # noqa: F401 - loads Keras silently, so it comes first
import autokeras as ak
import keras
import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial
from keras_tuner.errors import FailedTrialError

from nascourse import CourseError
from nascourse._engine import compat, feeding
from nascourse._engine.blame import SearchEnds, blame, reason, sentence
from nascourse._engine.identity import Space, own_fit
from nascourse._engine.options import Deadline, SearchOptions, TimeIsUp, with_own_files
from nascourse._engine.preflight import check_names
from nascourse._engine.recorder import NO_REASON, TrialRecorder
from nascourse._engine.recording import OVERWRITE
from nascourse.data import Splits
from nascourse.spaces import AutoKerasSpace

TRIES = 3  # processes that may die of a trial before it counts as failed


# What takes the place of KerasTuner's loop over the trials; see `parallel.Workers.search`.
TrialLoop: TypeAlias = Callable[[keras_tuner.Tuner], None]


class _AllTried(Exception):
    """Ends AutoKeras's part of a search when all its trials are over."""


class _CourseTuner(keras_tuner.Tuner):
    """For a tuner of KerasTuner: seed each trial, record it, and keep to the deadline.

    Its subclasses name it before the tuner of a library, whose methods it extends.
    """

    def __init__(
        self,
        *,
        options: SearchOptions,
        recorder: TrialRecorder,
        deadline: Deadline,
        loop: TrialLoop | None,
        **arguments: Any,
    ):
        self.recorder, self.deadline, self.loop = recorder, deadline, loop
        self._options = options
        content = recorder.recording.content
        super().__init__(overwrite=not content.trials, **arguments)
        _put_in_order(self.oracle, recorder.recording.retried)
        if content.stopped:  # finished, perhaps early: then nothing more is asked for
            self.oracle.max_trials = len(self.oracle.trials)

    def pre_create_trial(self) -> None:
        number = len(self.oracle.trials) + 1
        if number <= self.oracle.max_trials:
            self.deadline.check()
        _complete_first(self.oracle)
        # The greedy oracle draws from NumPy's global generator.
        keras.utils.set_random_seed(trial_seed(self._options.seed, number))

    def on_trial_begin(self, trial: Trial) -> None:
        super().on_trial_begin(trial)
        # Not from the start: AutoKeras builds the largest network once, before the first trial.
        self.max_model_size = self._options.max_model_size
        keras.utils.set_random_seed(trial_seed(self._options.seed, trial_number(trial)))
        self.recorder.begin(trial_number(trial))

    def on_epoch_begin(self, trial, model, epoch, logs=None) -> None:
        super().on_epoch_begin(trial, model, epoch, logs)
        self.deadline.check()

    def on_batch_end(self, trial, model, batch, logs=None) -> None:
        super().on_batch_end(trial, model, batch, logs)
        is_first = not self.recorder.network
        self.recorder.batch_end(model)
        if is_first:  # now the network has its weights, and all hyperparameters are declared
            check_names(trial.hyperparameters, self._options.objective[0])
            n_params, limit = self.recorder.network["n_params"], self._options.max_model_size
            if limit and n_params > limit:
                raise FailedTrialError(f"Oversized model: {n_params} parameters.")

    def on_epoch_end(self, trial, model, epoch, logs=None) -> None:
        super().on_epoch_end(trial, model, epoch, logs)
        logs, column = logs or {}, self._options.objective[0]
        metrics = {name: float(value) for name, value in logs.items() if _is_number(value)}
        if column in logs.keys() - metrics.keys():
            shown = " ".join(str(logs[column]).split())[:100]
            raise SearchEnds(
                f"The objective {column!r} is not one number but {shown}: let its metric give one, as "
                "F1Score(average='macro') does, or choose another objective."
            )
        self.recorder.epoch_end(metrics)
        for name in ("loss", "val_loss", column):
            if not np.isfinite(metrics.get(name, 0)):
                after = f"after epoch {len(self.recorder.curve)}"
                raise FailedTrialError(f"The {name} was not a number ({metrics[name]}) {after}.")

    def run_trial(self, trial: Trial, *args: Any, callbacks=(), **arguments: Any) -> Any:
        # KerasTuner says nothing of validation, and a pause or a stop would wait for its end.
        validation = keras.callbacks.LambdaCallback(
            on_test_batch_end=lambda batch, logs: self.recorder.listen()
        )
        number = trial_number(trial)
        try:
            if self.recorder.tries > TRIES:
                raise FailedTrialError(
                    f"The process ended {TRIES} times while this trial ran: perhaps the network "
                    "needs more memory than there is; to try it again, pass retry_failed=True."
                )
            arguments["callbacks"] = [*with_own_files(callbacks, number), validation]
            arguments["seed"] = trial_seed(self._options.seed, number)
            arguments["listen"] = self.recorder.listen
            with (
                compat.graphs_forgotten(),
                compat.weights_saved_once(),
                compat.autokeras_trains_with(_fit),
            ):
                results = super().run_trial(trial, *args, **arguments)
            self.recorder.best_epoch()  # refuses a training that has none
            return results
        except TimeIsUp:
            raise
        except SearchEnds:
            self.recorder.recording.forgive()
            raise
        except Exception as error:
            if blame(error) != "network":
                self.recorder.recording.forgive()
                raise SearchEnds(sentence(error, number)) from error
            self.recorder.failure = reason(error)  # KerasTuner marks the trial as failed
            raise FailedTrialError(self.recorder.failure) from error

    def on_trial_end(self, trial: Trial) -> None:
        score = None
        if trial.status == "COMPLETED":  # the table shows what the oracle is told
            score = float(trial.metrics.get_best_value(self._options.objective[0]))
        elif trial.message and self.recorder.failure is NO_REASON:  # it refused what `fit` returned
            self.recorder.failure = trial.message.strip().splitlines()[-1]
        row = self.recorder.row(score)
        self.end_trial(trial, trial.hyperparameters.values | row, self.recorder.curve)

    def end_trial(self, trial: Trial, row: dict[str, Any], curve: list[dict[str, Any]]) -> None:
        """End a trial, in KerasTuner first, whose state is part of the recording."""
        super().on_trial_end(trial)
        self.recorder.recording.end_trial(row, curve)
        self.recorder.observer.trial_end(row)


class _Loop(keras_tuner.Tuner):
    """The loop over the trials: the given one if there is one, else KerasTuner's.

    AutoKeras's tuner prepares its space and then calls the loop of the class behind it, which is
    this one.
    """

    loop: TrialLoop | None

    def search(self, *args: Any, **arguments: Any) -> None:
        if self.loop is None:
            super().search(*args, **arguments)
        else:
            self.loop(self)


class _FedSpace(keras_tuner.HyperModel):
    """A space whose networks are trained by `feeding.fit`, as AutoKeras's are in `run_trial`.

    A `HyperModel` with a ``fit`` of its own trains by that.
    """

    def __init__(
        self, space: Callable[..., keras.Model] | keras_tuner.HyperModel, recorder: TrialRecorder
    ):
        super().__init__()
        self._network = space.build if isinstance(space, keras_tuner.HyperModel) else space
        self.own_fit, self._recorder = own_fit(space), recorder

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        return self._network(hp)

    def fit(self, hp, model, *args: Any, seed: int, listen: Callable, **arguments: Any) -> Any:
        if self.own_fit is None:
            return _fit(model, *args, seed=seed, listen=listen, **arguments)
        with _full_tracebacks():
            returned = self.own_fit(hp, model, *args, **arguments)
        return self._recorder.judged_by(returned)


class _KerasTuner(_CourseTuner, compat.ExploringTuner, _Loop):
    pass


class _AutoKerasTuner(_CourseTuner, compat.AutoTuner, _Loop):
    # `AutoModel` hands every tuner a budget, an objective, a seed, and whether to overwrite; ours
    # are in the oracle and the recording.
    def __init__(self, *, objective, max_trials, seed, overwrite, **arguments: Any):
        super().__init__(**arguments)

    def on_search_end(self) -> None:
        # AutoKeras would go on to load and save the best network, which `Search.best_model` does
        # when it is asked for, and would fail if no trial was completed.
        raise _AllTried


def make_tuner(
    space: Space,
    splits: Splits,
    oracle: keras_tuner.Oracle,
    options: SearchOptions,
    recorder: TrialRecorder,
    *,
    deadline: Deadline,
    loop: TrialLoop | None = None,
) -> tuple[keras_tuner.Tuner, Callable[[], None]]:
    """Make the tuner of a space, and the function that lets it search.

    If the recording has trials, the search goes on after them.  A loop that is given, such as that
    of workers, takes the place of KerasTuner's.
    """
    arguments = {
        "oracle": oracle,
        "options": options,
        "recorder": recorder,
        "deadline": deadline,
        "loop": loop,
        "directory": recorder.recording.folder.absolute(),
    }
    y_train, y_val = splits.y_train, splits.y_val
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # "Reloading Tuner from ..."
            if isinstance(space, AutoKerasSpace):
                model = ak.AutoModel(
                    space.inputs,
                    space.outputs,
                    tuner=_AutoKerasTuner,
                    project_name="autokeras",
                    objective=options.objective[0],
                    **arguments,
                )
                tuner, fit = model.tuner, model.fit
                # Given whole numbers, AutoKeras would turn them into strings and back.
                one_hot = np.eye(splits.classes, dtype="float32")
                y_train, y_val = one_hot[y_train], one_hot[y_val]
            else:
                hypermodel = _FedSpace(space, recorder)
                tuner = _KerasTuner(hypermodel=hypermodel, project_name="keras_tuner", **arguments)
                fit = tuner.search
    except Exception as error:
        is_of_disk = isinstance(error, OSError) and not isinstance(error, FileNotFoundError)
        if is_of_disk or not recorder.recording.content.trials:
            raise
        raise CourseError(
            "KerasTuner cannot read the state of the search in "
            f"{str(recorder.recording.folder)!r} ({reason(error)}): {OVERWRITE}"
        ) from error

    def search() -> None:
        validation = (splits.x_val, y_val)
        with contextlib.suppress(_AllTried):
            fit(splits.x_train, y_train, validation_data=validation, **options.fit_arguments())

    return tuner, search


def _put_in_order(oracle: keras_tuner.Oracle, retried: Collection[int]) -> None:
    """Order the trials of a reloaded oracle by number, and queue those that are trained again."""
    # In place of the order of its files: of equal trials the first is the best one.
    oracle.trials = dict(sorted(oracle.trials.items(), key=lambda item: int(item[0])))
    state = oracle.get_state()
    again = [trial_id for trial_id in oracle.trials if int(trial_id) + 1 in retried]
    if queue := sorted(
        again or state["retry_queue"], key=int, reverse=True
    ):  # the last is the next
        ended = [trial_id for trial_id in state["end_order"] if trial_id not in again]
        oracle.set_state(state | {"retry_queue": queue, "end_order": ended})


def _complete_first(oracle: keras_tuner.Oracle) -> None:
    """Complete the first values of a greedy search with the defaults of all others.

    KerasTuner would draw these from a generator that cannot be seeded.
    """
    for first in compat.initial_values(oracle):
        space = oracle.get_space()
        space.values = first
        for entry in space.space:  # none comes before what it depends on
            if space.is_active(entry):
                first.setdefault(entry.name, entry.default)


def trial_number(trial: Trial) -> int:
    """The trial's number from 1; KerasTuner counts from 0."""
    return int(trial.trial_id) + 1


def trial_seed(seed: int, trial: int) -> int:
    """The seed of one trial of a search; 0 is that of the final training."""
    return int(np.random.SeedSequence([seed, trial]).generate_state(1)[0])


@functools.cache
def frozen_by_others() -> bool:
    """Whether somebody has frozen what is loaded; asked once, as the count walks over all of it."""
    return gc.get_freeze_count() > 10_000  # Python 3.12 itself freezes some hundred objects


@contextlib.contextmanager
def loaded_objects_frozen() -> Iterator[None]:
    """Exempt what is loaded from the search for garbage, until the block ends.

    KerasTuner looks for garbage twice in every trial, and would look at all objects of the loaded
    libraries.  If they are frozen already, whoever did so decides what stays frozen.
    """
    if frozen_by_others():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _is_number(value: Any) -> bool:
    """Whether KerasTuner can record this as a metric; a callback may put anything into the logs."""
    try:
        float(value)
    except Exception:  # noqa: BLE001 - arrays of other libraries fail in their own ways
        return False
    return not isinstance(value, str)


def _fit(model: keras.Model, *args: Any, **arguments: Any) -> keras.callbacks.History:
    with _full_tracebacks():
        history = feeding.fit(model, *args, **arguments)
    series = history.history.items()
    history.history = {name: values for name, values in series if all(map(_is_number, values))}
    return history


@contextlib.contextmanager
def _full_tracebacks() -> Iterator[None]:
    """Keep Keras from leaving its own calls out of a traceback: they tell whose callback failed.

    Only around a training: KerasTuner clears Keras's settings when it builds a network.
    """
    was_enabled = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()
    try:
        yield
    finally:
        if was_enabled:
            keras.config.enable_traceback_filtering()


@contextlib.contextmanager
def library_noise_off() -> Iterator[None]:
    """Hide warnings of AutoKeras and KerasTuner about which a learner can do nothing."""
    with warnings.catch_warnings(), compat.tracebacks_off(), compat.files_by_python():
        warnings.filterwarnings("ignore", "The structure of `inputs` doesn't match")
        warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
        yield
