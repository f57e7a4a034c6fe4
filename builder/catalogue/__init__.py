"""Stage 1 of a build: read tools from a catalogue, filter out junk and normalise the rest. One module per format."""
