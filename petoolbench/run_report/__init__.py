"""Report on runs: scores, errors, and use of the user's own history.

* `gather`: read runs and judge their replies.
* `facts`, `breakdown`, `lift`, `bias`: compute the statistics.
* `wording`, `sections`: the findings and the outline, as text.
* `report_tables`, `figures`, `plot_style`: tables and plots.
* `html_page`, `write`: the report's files.
* `comparison`: comparison of two runs.

Only `gather`, `figures` and `write` touch the disk.
"""
