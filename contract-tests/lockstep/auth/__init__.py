"""How users are found in the document, registered and logged in."""
