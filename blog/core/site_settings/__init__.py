"""The settings that administrators change, in the memory of each process (`current_app.site`)."""
