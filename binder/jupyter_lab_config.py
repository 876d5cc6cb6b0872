"""JupyterLab as the course wants it: `make lab` names this file, and Binder's `start` its folder.

The settings are defaults (overrides.json), which a learner's own settings outrank. The layout is
kept in runs/, so that neither ~/.jupyter nor a file of the course changes. What makes the server
safe stays as Jupyter has it: the token, the protection against forged requests, this machine alone.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

folder = Path(__file__).resolve().parent
layout = "default-37a8.jupyterlab-workspace"  # JupyterLab's name for the one it opens by default
layouts = folder.parent / "runs" / "jupyterlab"
if not (layouts / layout).exists():
    layouts.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / layout, layouts)

# The server and its kernels meet in a folder below home; another one where that cannot be written.
try:
    os.makedirs(jupyter_runtime_dir(), mode=0o700, exist_ok=True)
    writable = os.access(jupyter_runtime_dir(), os.W_OK)
except OSError:
    writable = False
if not writable:
    os.environ["JUPYTER_DATA_DIR"] = tempfile.mkdtemp(prefix="jupyter-")
    atexit.register(shutil.rmtree, os.environ["JUPYTER_DATA_DIR"], ignore_errors=True)

c = get_config()  # noqa: F821 - Jupyter runs this file, and provides it
c.ServerApp.root_dir = str(folder.parent)
c.LabApp.app_settings_dir = str(folder)
c.LabApp.workspaces_dir = str(layouts)
