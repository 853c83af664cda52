"""Bindings made as a step of another project's build: what ``[tool.uapigen]`` lists.

config.py           the table, the environment, what the command line sets
record.py           what was read and written last time, by digests
run.py              makes what is out of date
hatch.py            the build hook of hatchling
setuptools.py       the command of setuptools
"""
