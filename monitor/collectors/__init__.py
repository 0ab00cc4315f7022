"""Collectors: one file for each platform, named as its kind. A collector reads pages and knows no store, no settings.

Files that begin with an underscore are shared helpers, not plugins.
"""
