"""Where the warehouse lives, who may write it, swapping it, and publishing the marts.

One writer, on a file that no reader knows; one swap that readers never see half done. Knows the
archive's loads and verdicts as data; what a sound one is stands in `expectations`.
"""
