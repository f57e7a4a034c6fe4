"""The earlier benchmark's released rows: imported, re-examined, and its scorer beside ours.

* `prompts`: a released prompt, read apart and put together again.
* `rows`, `parameters`: a released row as our rows, and back.
* `importer`: released files as a folder that every command works on.
* `rules`, `findings`: what can be had without reading the user's preference, and how rows repeat.
* `report`, `pictures`: the report of these findings.
* `replies`, `legacy`: a file of replies in the earlier form, judged by both scorers.
"""
