"""What a training does between reading a table and saving a bundle."""
