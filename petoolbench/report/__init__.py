"""The report on runs: what they got right, what they got wrong, and whether they use the user's own history.

`gather` reads runs and judges them, `facts`, `breakdown`, `lift` and `bias` compute, `words` says what was found,
`tables` and `figures` show it, `page` and `write` put it into files. `comparison` is of two runs. Only `gather` and
`write` touch the disk.
"""
