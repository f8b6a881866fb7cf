"""What a document without annotations says about server-made values, by its names and forms."""
