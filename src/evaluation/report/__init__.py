"""From a parameter file to a published report: executed notebooks, HTML, PDF, Word, data and a manifest.

`build.build` is the whole way; the other modules are its steps. The package knows notebooks and the bundles they
display, not what they are about.
"""
