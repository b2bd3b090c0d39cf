"""What operators do to events, as functions: look, trace, pause, move, release, drop.

Every verb that changes something says first what it would do, acts only when told so, and leaves a
row in `operator_action` in the same transaction. The command line is `rcm.events.cli`.
"""
