"""A search that is killed without warning loses nothing but the trial in progress."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("drills") / "kill_and_resume.py"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_killed_searches_go_on_as_if_nothing_had_been(run_python):
    """The script kills as often as you like; with this seed both in trial 2 of 3."""
    result = run_python(SCRIPT, "--times", "1", "--kinds", "random", "greedy", "--seed", "6")

    for kind in ("random", "greedy"):
        assert f"{kind}: 1 of 1 as if nothing had been" in result.stdout
    assert "killed with 0" not in result.stdout
    assert result.returncode == 0
