"""Stage 1: read tools from a source, bring them to one form, drop junk. One file a source."""
