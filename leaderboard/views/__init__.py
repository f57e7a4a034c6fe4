"""Pure functions from stored results to what a page shows: ranking, filters, tables, charts, downloads."""
