"""What no input within the limits may cost a twin."""
