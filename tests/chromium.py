"""The browser of the browser tests: the Chromium found on the PATH."""

from __future__ import annotations

import shutil

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH (Debian: sudo apt install chromium)"
)
# Without it a page costs thrice as much: it loads two more for an address bar that nobody sees.
LEAN = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,PaintHolding"
