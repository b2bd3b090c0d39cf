"""Flows of the desk that both doors share: reading a chart's documents, letting codes leave."""
