"""The coder's desk: what a chart is, what may happen to it, and what rules decide for people."""
