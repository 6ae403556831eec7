"""How Sphinx builds this documentation: `sphinx-build -W --keep-going -n docs build/docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "inrhw"
copyright = "2026, the inrhw authors"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "declared"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# Notebooks are run each time: what they show is what the code does.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
# Curly quotes would change "" and "auto", which readers copy.
smartquotes = False
html_theme = "furo"
html_title = "inrhw"
html_static_path = ["_static"]
html_css_files = ["cells.css"]
html_js_files = ["accessible.js"]
exclude_patterns = ["_ext"]
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_typehints_description_target = "documented"
toc_object_entries = False
html_copy_source = False
# Types of torch, numpy and Amaranth have pages elsewhere; nothing is fetched while this is built.
nitpick_ignore_regex = [(r"py:(class|obj|exc|data|attr|mod)", r".*")]
