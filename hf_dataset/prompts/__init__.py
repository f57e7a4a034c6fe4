"""What a model is asked, one file a task. A changed file is another request, and its hash goes into the manifest."""
