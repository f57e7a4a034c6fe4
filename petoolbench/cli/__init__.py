"""The command line, `petoolbench`: the one place that prints. Each module holds commands; `app` puts them together."""
