"""The pages: each file lays one out; `table` and `parts` make its HTML, and know nothing of Gradio."""
