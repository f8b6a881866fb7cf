"""What is on the wire, and the values that the services know. The contract holds the rules."""
