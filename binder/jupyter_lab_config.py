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

from ipykernel.ipkernel import IPythonKernel
from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

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


class Contents(AsyncLargeFileManager):
    """The files of the course. A notebook that is opened already says which Python runs it.

    JupyterLab writes that into it as soon as the kernel is there, and would call a unit unsaved that
    nobody has touched.
    """

    async def get(self, path, content=True, *arguments, **options):
        model = await super().get(path, content, *arguments, **options)
        if content and model["type"] == "notebook":
            model["content"]["metadata"]["language_info"] = IPythonKernel.language_info
        return model


c = get_config()  # noqa: F821 - Jupyter runs this file, and provides it
c.ServerApp.root_dir = str(folder.parent)
c.ServerApp.contents_manager_class = Contents
c.LabApp.app_settings_dir = str(folder)
c.LabApp.workspaces_dir = str(layouts)
