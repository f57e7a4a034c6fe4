"""Gradio layout and event handlers, one module per tab; the HTML comes from `leaderboard.views`."""
