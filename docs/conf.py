"""How the documentation is built: `make docs`. Nothing is fetched, neither here nor by the pages."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate
from sphinx.application import Sphinx

project = "Evaluation of a municipal development programme"
html_title = "Evaluation suite"
author = "The evaluation suite's contributors"
language = "en"

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
highlight_language = "none"
smartquotes = False

html_theme = "furo"
html_theme_options = {"navigation_with_keys": True}
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_domain_indices = False


def setup(app: Sphinx) -> None:
    """Write the pages that follow from the code before any page is read."""
    generate.write(Path(app.srcdir) / "reference")
