"""Import and audit of the released rows of the earlier benchmark, and comparison with its scorer.

* `released_prompts`: parse a released prompt, and write it back.
* `released_rows`, `released_parameters`: convert a released row to instances, and back.
* `importer`: convert released files to a data set folder.
* `shortcut_rules`, `findings`: audit an import for shortcuts and repeated rows.
* `findings_report`, `findings_plots`: write the report of an audit.
* `released_replies`: read a file of replies in the earlier benchmark's format.
* `scorer_comparison`: judge replies with our scorer and with the released one.
"""
