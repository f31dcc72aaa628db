"""Builds the documentation site: hand-written pages, a reference from what is installed, navigation, search.

`python -m docs_site` builds it. Nothing in Studio imports this package.
"""
