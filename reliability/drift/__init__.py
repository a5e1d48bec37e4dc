"""The drift harness: what publishers do to their files from year to year, done to real releases.

Older releases of a publication are held, its newest is changed as its publisher might have changed
it, and arrives. `document` takes a file apart and puts it together again, `kinds` and the modules
beside it are the changes, `site` is the home where a changed release arrives, and `report` says
what became of each.
"""
