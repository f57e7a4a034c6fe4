"""Limits on what a request to the app can take: memory, disk, log lines, and the routes of Gradio that are open."""
