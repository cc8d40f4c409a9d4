"""An Anki deck or a text file becomes a project, and stays the deck that its learners have."""
