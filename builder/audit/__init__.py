"""Audit of a data set: checks that its answers can be found only from the histories.

* `audit_split`: the rows of one split with their answers, and its catalogue.
* `row_sampling`: samples of whole query groups, for large splits.
* `swapping`: histories of other users, for control experiments.
* `shortcuts`: predictors that use less information than the task requires.
* `gates`: bounds on the accuracy of each predictor.
* `row_checks`: rules that every row must satisfy.
* `oracle_breakdown`: the oracle's accuracy by properties of the instance.
* `text_quality`: diversity and completeness of the instructions.
* `word_classifier`: a classifier that compares two texts by their words.
* `training_audit`: gates and checks for the training data.
* `run_audit`: the audit of a whole data set.
* `audit_report`, `audit_plots`: the report.
"""
