"""Generators of realistic slot values. None is an example from a catalogue or a placeholder.

* `places`, `people`, `codes`, `language`: generators by subject.
* `subjects.toml`: fixed lists of values for other concepts.
* `context`: random state that the values of one scenario share.
* `registry`: choice of the generator for each concept.
"""
