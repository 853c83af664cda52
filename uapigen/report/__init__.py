"""What a comparison found, in the formats that people and programs read."""
