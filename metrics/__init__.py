"""The metrics room: one folder a metric, each one loadable by `evaluate.load` as it stands."""
