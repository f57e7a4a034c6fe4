"""Audit of a data set: checks that its answers can be found only from the histories.

* `audit_split`: the rows of one split with their answers, and its catalogue.
* `row_sampling`: samples of whole query groups, for large splits.
* `swapping`: histories of other users, for control experiments.
* `shortcut`: a predictor that uses less information than the task requires.
* `answer_shortcuts`, `text_shortcuts`, `history_shortcuts`, `fact_shortcuts`, `learned_shortcuts`: their rules.
* `shortcuts`: all shortcuts, for both kinds of tools: with labelled attributes, and with facts and listings.
* `gates`: bounds on the accuracy of each predictor.
* `reader_gates`: the gates on readers of the whole history.
* `row_checks`, `fact_checks`: rules that every row must satisfy.
* `oracle_breakdown`: the oracle's accuracy by properties of the instance.
* `text_quality`: diversity and completeness of the instructions.
* `word_classifier`: a classifier that compares two texts by their words.
* `training_audit`: gates and checks for the training data.
* `run_audit`: the audit of a whole data set.
* `audit_report`, `audit_plots`: the report.
"""
