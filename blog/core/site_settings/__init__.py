"""What administrators decide about the site, kept by each process (`current_app.site`)."""
