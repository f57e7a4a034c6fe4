"""Group tools that do the same job, and assign the groups to splits.

* `functionalities`: the library of functionalities.
* `recognition`: recognition of a tool's functionality from its documentation.
* `contrasts`: words that separate similar-sounding jobs.
* `alignment`: binding of a functionality's slots to a tool's parameters.
* `group_tools`: groups of a catalogue.
* `feasibility`: removal of tools that could never be the answer.
* `neighbours`: nearest-neighbour search over tool embeddings.
* `grouped_catalogue`: tools and groups passed to the user stages.
* `splits`: assignment of groups and tools to splits.
"""
