"""Values for slots: realistic, never a catalogue's own example, never a placeholder.

* `places`, `people`, `codes`, `language`, `subjects`: generators by concept, one subject a file.
* `registry`: from a functionality's slots to a consistent set of values.
"""
