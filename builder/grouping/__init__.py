"""Stage 3: which tools do the same job, and where each of them takes the job's inputs.

* `alignment`: from slots to a tool's own parameters.
* `contrasts`: what tells two jobs apart that sound alike.
* `recognition`: from a tool's documentation to a functionality of the library.
* `stage`: the groups of a catalogue.
"""
