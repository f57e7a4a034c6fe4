"""Builder of the benchmark: turns a catalogue of tools into a data set."""
