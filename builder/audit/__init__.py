"""Whether a data set can be answered from its histories, and by nothing else.

* `shortcuts`: predictors that look at less than they should.
* `gates`: the bound that each of them must keep to, with simultaneous intervals.
* `checks`: what must hold of every row.
* `report`: both, for a data set, as a table, JSON and Markdown.
"""
