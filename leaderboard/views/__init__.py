"""Pure functions that turn stored results into page content: ranking, filters, tables, charts and downloads."""
