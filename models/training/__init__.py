"""The reproducible recipe behind models/bundled/: needs the extra `torch`, is never imported when scoring.

Part of models/: reads labelled files, writes weights; knows nothing of monitor/.
"""
