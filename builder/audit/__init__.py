"""Whether a data set can be answered from its histories, and by nothing else.

* `answered`: the rows with their answers, and the catalogue.
* `shortcuts`: predictors that look at less than they should.
* `gates`: the bound that each of them must keep to, with simultaneous intervals.
* `checks`: what must hold of every row.
* `breakdown`: the oracle by what an instance is like.
* `wording`: how the instructions read.
* `run`: all of them, for a data set.
* `page`, `plots`: the report.
"""
