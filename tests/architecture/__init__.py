"""What holds about the whole tree, whoever writes the next line of it."""
