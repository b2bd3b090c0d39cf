"""ICD-10-CM as NCHS publishes it: the tabular list with its notes, and the rules that follow."""
