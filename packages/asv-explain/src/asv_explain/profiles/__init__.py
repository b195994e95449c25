"""What cProfile saw on one side: read, added up, corrected, and matched with the other side."""
