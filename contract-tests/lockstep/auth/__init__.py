"""How users come to be: found in the document, registered, logged in."""
