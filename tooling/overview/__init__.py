"""What both twins and their contract hold, told for people and programs."""
