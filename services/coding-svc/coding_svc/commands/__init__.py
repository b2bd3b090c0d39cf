"""What an operator does with code sets on the command line."""
