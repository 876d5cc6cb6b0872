"""The course as a web site: the executed units, the glossary, the modules' pages.

``make site`` builds it into ``build/site``, without a network.  Sphinx reads the pages from the
course's folder, where the notebooks keep their outputs, and runs none of them.
"""

import gc
import os
import sys
from pathlib import Path

gc.disable()  # what a build makes stays to its end: looking through it takes a quarter of the time
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import nascourse
from notebooks import launch

project = "Neural architecture search, hands on"
author = copyright = "the authors of the course"
language = "en"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "site_parts"]
root_doc = "notebooks/site/index"
include_patterns = [
    "notebooks/[0-9]*.ipynb",
    "exercises/[0-9]*.ipynb",
    "notebooks/*.md",
    "notebooks/site/*.md",
    "nascourse/recordings/*.md",
    "solutions/*.md",
    "*.md",
]
exclude_patterns = [".*", "runs"]  # else it looks through all of .venv, twice

nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_heading_slug_func = "site_parts.jupyter_anchor"
html_math_renderer = "mathml"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words

# Such as https://github.com/OWNER/NAME. A page has launch buttons only where the notebooks name the
# same repository, as they cannot fetch the course on Colab without one.
NAMED = f"https://github.com/{launch.repository()}" if launch.repository() else ""
REPOSITORY = os.environ.get("COURSE_REPOSITORY", NAMED)
html_theme = "sphinx_book_theme"
html_title = project
html_show_sourcelink = False
html_sourcelink_suffix = ""  # a notebook is downloaded under its own name
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_extra_path = ["top"]
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "show_toc_level": 2,
    "use_repository_button": bool(REPOSITORY),
    "repository_url": REPOSITORY,
    "repository_branch": launch.BRANCH,
    "launch_buttons": (
        {
            "binderhub_url": launch.BINDER,
            "colab_url": launch.COLAB,
            "notebook_interface": "jupyterlab",
        }
        if REPOSITORY and REPOSITORY.lower() == NAMED.lower()
        else {}
    ),
}
release = version = nascourse.__version__
