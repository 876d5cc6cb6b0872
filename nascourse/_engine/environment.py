"""What other work has left behind on a machine, and what it spoils: one list for all who ask.

The doctor prints it, `nascourse.search.run_search` refuses what cannot train, and what loads Keras
looks here first.  Only the standard library is imported, and of the course only its error, so that
it can say what is wrong where nothing else can be imported.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import platform
import re
import shutil
import site
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from nascourse import CourseError

_BACKENDS = ("tensorflow", "torch")  # those that the course has been tried with
# What Keras asserts of its file as it is imported; of the first ones the course needs the first.
_POSSIBLE = {
    "image_data_format": ("channels_last", "channels_first"),
    "floatx": ("float32", "float16", "float64"),
}
_MATPLOTLIB_BACKENDS = (  # those of Matplotlib 3.10, without what other packages add
    "agg cairo gtk3agg gtk3cairo gtk4agg gtk4cairo macosx nbagg notebook pdf pgf ps qt5agg qt5cairo "
    "qtagg qtcairo svg template tkagg tkcairo webagg wx wxagg wxcairo"
)
_OF_THE_SAME_NAME = (
    "anywidget autokeras filelock ipykernel ipywidgets keras matplotlib mlxtend numpy packaging pandas "
    "psutil scipy six tensorboard threadpoolctl tqdm traitlets"
)
IMPORTED = {  # the packages that the course needs, by the names that are imported
    **{name: name for name in _OF_THE_SAME_NAME.split()},
    "IPython": "ipython",
    "PIL": "pillow",
    "keras_tuner": "keras-tuner",
    "markdown_it": "markdown-it-py",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow-cpu",
    "tree": "dm-tree",
}
_DECISIVE = {"autokeras", "keras", "keras_tuner", "numpy", "tensorflow"}  # other versions won't do
_WITHOUT_OTHER_FOLDERS = "unset PYTHONPATH, set PYTHONNOUSERSITE=1, and start Python again"
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - it is only asked for its room
ROOT = Path(__file__).resolve().parent.parent.parent


class Problem(NamedTuple):
    """Something left behind."""

    subject: str  # what it is
    finding: str  # what it does
    fix: str  # the way out
    # Before what it has to be out of the way: "import" of Keras, "search", or "" if the course runs
    # all the same.
    when: str = ""


def problems(settings: Mapping[str, Any] | None = None) -> Iterator[Problem]:
    """All problems of this process's environment, if Keras has these settings.

    They are its backend, image_data_format and floatx; by default those that it would read.
    """
    yield from _of_keras(keras_settings() if settings is None else settings)
    variables = sorted(name for name in os.environ if name.startswith("KERASTUNER_"))
    if variables:
        yield Problem(
            "KerasTuner",
            f"{' and '.join(variables)} {'are' if variables[1:] else 'is'} set: every search waits "
            "for a chief or for workers, as in unit 12",
            f"unset {' '.join(variables)}, and restart the notebook's kernel",
            "search",
        )
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        if (limit := os.environ.get(name)) is not None:
            finding = f"{name}={limit} is set: it cuts every training short"
            when = "search" if limit.isdigit() else "import"  # where Keras reads a number
            yield Problem("Keras", finding, f"unset {name}, and restart Python", when)
    for name, package in IMPORTED.items():
        yield from _loaded_from_elsewhere(name, package)
    yield from _of_matplotlib()
    yield from _of_jupyter()
    yield from _of_system()
    yield from _of_its_files()


def demand(when: str, settings: Mapping[str, Any] | None = None) -> None:
    """Refuse to go on with an "import" or a "search" if something is in its way."""
    for problem in problems(settings):
        if problem.when == "import" or (when == "search" and problem.when):
            raise CourseError(f"{problem.subject}: {problem.finding}. Fix: {problem.fix}.")


def keras_settings() -> dict[str, Any]:
    """What Keras reads when it is imported: its file, and the variable that comes before it."""
    settings: Any = {}
    with contextlib.suppress(OSError, ValueError):
        settings = json.loads(_keras_file().read_text("utf-8-sig"))
    backend = os.environ.get("KERAS_BACKEND")
    of_file = settings if isinstance(settings, dict) else {}
    return of_file | {"backend": backend} if backend else of_file


def _keras_file() -> Path:
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME", "~/.keras")), "keras.json")


def _of_keras(settings: Mapping[str, Any]) -> Iterator[Problem]:
    file = _keras_file()
    if os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true"):
        finding = "TF_USE_LEGACY_KERAS is set: TensorFlow then looks for the Keras of 2023"
        yield Problem("Keras", finding, "unset TF_USE_LEGACY_KERAS, and restart Python", "import")
    backend = settings.get("backend", "tensorflow")
    is_there = backend == "tensorflow" or (  # which the doctor looks for by itself
        backend in _BACKENDS and importlib.util.find_spec(backend) is not None
    )
    if not is_there:
        yield Problem(
            "Keras",
            f"it is told to compute with {backend}, which the course cannot use here",
            f"set KERAS_BACKEND=tensorflow, or remove the line 'backend' from {file}",
            "import",
        )
    for name, values in _POSSIBLE.items():
        value, expected = settings.get(name, values[0]), values[0]
        if value != expected:
            finding = (
                f"its setting {name} is {value}, and the networks of the course need {expected}"
            )
            when = "search" if value in values else "import"
            yield Problem("Keras", finding, f"remove the line {name!r} from {file}", when)
    if not isinstance(epsilon := settings.get("epsilon", 1e-7), float):
        finding = f"its setting epsilon is {epsilon!r}, and has to be a number such as 1e-07"
        yield Problem("Keras", finding, f"remove the line 'epsilon' from {file}", "import")


def installed(name: str) -> metadata.Distribution | None:
    """The package in the environment of the course, whatever PYTHONPATH puts in front of it."""
    in_front = {*map(os.path.abspath, os.environ.get("PYTHONPATH", "").split(os.pathsep))}
    own = [folder for folder in sys.path if folder not in in_front]
    # The build of TensorFlow with GPU support does as well, and they share their files.
    for candidate in (name, "tensorflow") if name == "tensorflow-cpu" else (name,):
        for distribution in metadata.distributions(name=candidate, path=[*own, *sys.path]):
            return distribution
    return None


def _loaded_from_elsewhere(name: str, package: str) -> Iterator[Problem]:
    """What is loaded by this name in place of the installed package."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return
    if spec is None or not spec.has_location:
        return
    file = Path(str(spec.origin))
    loaded = file.parent if file.stem == "__init__" else file
    folder = loaded.parent.resolve()
    if folder in (Path(place).resolve() for place in site.getsitepackages([sys.prefix])):
        return
    distribution = installed(package)  # perhaps for this user alone, or for all environments
    if distribution is None or _is_editable(distribution):
        return
    if folder != Path(str(distribution.locate_file(""))).resolve():
        finding = (
            f"it comes from {folder / loaded.name}, and not from the environment of the course"
        )
        is_beside = folder in (Path.cwd(), Path(sys.path[0]).resolve())  # a notebook, or a script
        fix = "rename or move it, and start Python again" if is_beside else _WITHOUT_OTHER_FOLDERS
        yield Problem(name, finding, fix, "import" if is_beside or name in _DECISIVE else "")


def _is_editable(distribution: metadata.Distribution) -> bool:
    """Whether a package was installed by ``pip install -e``: its files lie where they are edited."""
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _of_matplotlib() -> Iterator[Problem]:
    backend = os.environ.get("MPLBACKEND", "")
    if backend and not (
        backend.startswith("module://")
        or backend.lower() in _MATPLOTLIB_BACKENDS.split()
        or backend.lower() in metadata.entry_points(group="matplotlib.backend").names
    ):
        finding = f"MPLBACKEND is {backend}, which is none of its backends"
        yield Problem("Matplotlib", finding, "unset MPLBACKEND, and restart Python", "import")
    file = next(filter(os.path.isfile, _matplotlib_files()), "")
    with contextlib.suppress(OSError):
        settings = Path(file).read_text("utf-8", "replace")
        if re.search(r"^\s*text\.usetex\s*:\s*true", settings, re.IGNORECASE | re.MULTILINE):
            finding = "text.usetex is set: figures outside the course's style need LaTeX"
            yield Problem("Matplotlib", finding, f"remove that line from {file}")


def _matplotlib_files() -> Iterator[str]:
    """Where Matplotlib looks for its settings; the first file counts."""
    yield "matplotlibrc"
    if chosen := os.environ.get("MATPLOTLIBRC"):
        yield from (chosen, os.path.join(chosen, "matplotlibrc"))
    folder = os.environ.get("MPLCONFIGDIR")
    if not folder and sys.platform.startswith(("linux", "freebsd")):
        folder = os.path.join(os.environ.get("XDG_CONFIG_HOME") or "~/.config", "matplotlib")
    yield os.path.expanduser(os.path.join(folder or "~/.matplotlib", "matplotlibrc"))


def _of_jupyter() -> Iterator[Problem]:
    lent = [*filter(None, os.environ.get("JUPYTER_PATH", "").split(os.pathsep))]
    own = [os.path.join(sys.prefix, "share", "jupyter")]
    own = [*own, *_of_user()] if _environment_comes_first() else [*_of_user(), *own]
    for folder in [*lent, *own]:
        file = Path(folder, "kernels", "python3", "kernel.json")
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            python = json.loads(file.read_text("utf-8-sig"))["argv"][0]
            is_ours = (
                python in ("python", "python3")
                or Path(python).parent == Path(sys.executable).parent
            )
            if not is_ours:
                finding = f"notebooks run in another Python, {python}, as {file} says"
                way_out = "unset JUPYTER_PATH, or remove" if folder in lent else "remove"
                yield Problem("Jupyter", finding, f"{way_out} {file.parent}")
            return


def _of_user() -> Iterator[str]:
    """The user's folders of Jupyter, as `jupyter_core.paths.jupyter_path` has them."""
    if folder := os.environ.get("JUPYTER_DATA_DIR"):
        yield folder
    elif sys.platform.startswith(("linux", "freebsd")):
        data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
        yield os.path.join(data, "jupyter")
    elif "JUPYTER_PLATFORM_DIRS" not in os.environ:  # which names others on these systems
        data = os.environ.get("APPDATA", "~") if sys.platform == "win32" else "~/Library"
        yield os.path.join(os.path.expanduser(data), "Jupyter")
    if site.ENABLE_USER_SITE:
        yield os.path.join(site.getuserbase(), "share", "jupyter")


def _environment_comes_first() -> bool:
    """Whether Jupyter takes a kernel of the environment before one of the user, as it decides."""
    if (wish := os.environ.get("JUPYTER_PREFER_ENV_PATH")) is not None:
        return wish.lower() not in ("no", "n", "false", "off", "0", "0.0")
    conda = os.environ.get("CONDA_PREFIX")
    of_conda = conda is not None and os.environ.get("CONDA_DEFAULT_ENV", "base") != "base"
    if sys.prefix == sys.base_prefix and not (of_conda and sys.prefix.startswith(str(conda))):
        return False
    with contextlib.suppress(Exception):  # not every system tells who is at the terminal
        return Path(sys.prefix).owner() == os.getlogin()
    if hasattr(os, "geteuid"):
        return os.stat(sys.prefix).st_uid == os.geteuid()
    return os.access(sys.prefix, os.W_OK)


def _of_system() -> Iterator[Problem]:
    with contextlib.suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text("utf-8", "replace")
        if platform.machine() == "x86_64" and "flags" in flags and not re.search(r"\bavx\b", flags):
            finding = "it has no AVX instructions, and TensorFlow ends with 'Illegal instruction'"
            yield Problem("processor", finding, "use another machine, or Binder", "import")
    with contextlib.suppress(OSError):
        made_with = (ROOT / ".venv" / "pyvenv.cfg").read_text("utf-8", "replace")
        home = re.search(r"^home *= *(.+)$", made_with, re.MULTILINE)
        if home and not Path(home[1].strip()).is_dir():
            finding = f"its Python, in {home[1].strip()}, is gone"
            yield Problem(".venv", finding, "make it anew, with python -m venv --clear .venv")
    proxies = [name for name in os.environ if name.lower() in ("http_proxy", "https_proxy")]
    spared = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if proxies and "127.0.0.1" not in spared and spared != "*":
        finding = f"{' and '.join(proxies)} may also catch what processes of this machine send"
        yield Problem("proxy", finding, "set no_proxy=localhost,127.0.0.1")


def _of_its_files() -> Iterator[Problem]:
    for name in ("TMPDIR", "TEMP", "TMP"):
        folder = os.environ.get(name)
        if folder and not (os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)):
            finding = f"{name} names {folder}, which is no folder that can be written"
            fix = f"unset {name}, or set it to a folder that you may write, and start Python again"
            yield Problem("temporary files", finding, fix)
    if sys.platform == "linux":  # where a pool has five locks there, each in a page of its own
        with contextlib.suppress(OSError):
            room = shutil.disk_usage(_SHARED_MEMORY)
            needed = 5 * os.sysconf("SC_PAGE_SIZE")
            if room.free < needed and room.total:  # a file system without a limit says 0 of 0
                finding = f"{_SHARED_MEMORY} has no room, so that no pool of processes can start"
                fix = (
                    "remove what fills it, start the container with --shm-size=64m, or search "
                    "without an executor"
                )
                yield Problem("shared memory", finding, fix)
    if (encoding := sys.getfilesystemencoding()) != "utf-8":
        finding = f"names of files are {encoding} here, and other letters in them cannot be written"
        yield Problem("locale", finding, "set PYTHONUTF8=1, and start Python again")
