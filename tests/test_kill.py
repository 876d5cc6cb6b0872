"""A search that is killed without warning loses nothing but the trial in progress."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("drills") / "kill_and_resume.py"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork server")
def test_killed_searches_go_on_as_if_nothing_had_been(run_python):
    """The script kills as often as you like; here twice."""
    result = run_python(SCRIPT, "--times", "2", "--kinds", "random", "greedy")

    for kind in ("random", "greedy"):
        assert f"{kind}: 2 of 2 as if nothing had been" in result.stdout
    assert result.returncode == 0
