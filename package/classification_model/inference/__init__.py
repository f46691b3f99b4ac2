"""What turns encoded rows into answers."""
