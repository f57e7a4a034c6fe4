"""The builder room: from a catalogue of tools to the benchmark, offline."""
