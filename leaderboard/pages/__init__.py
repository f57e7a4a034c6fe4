"""The pages: each file lays one out with Gradio; their HTML is made beside this folder, by `table` and `parts`."""
