"""`rcm events`: what operators expect of a message system. Verbs that change something only say
what they would do until `--yes` is given."""

import typer

from rcm.events.commands import groups, outbox, parking, reading, replaying, topics

app = typer.Typer(
    help="Topics, outbox, consumers, parked events, dead letters, replay.", no_args_is_help=True
)
app.add_typer(topics.app, name="topics", help="Declared topics against the broker's.")
app.add_typer(groups.app, name="groups", help="Consumer groups and their lag.")
app.add_typer(groups.consumer_app, name="consumer", help="Pause, resume, move a consumer.")
app.add_typer(outbox.app, name="outbox", help="What waits to be published.")
app.add_typer(outbox.relay_app, name="relay", help="The relay: status, pause, resume.")
app.add_typer(parking.app, name="parked", help="Events that wait for something.")
app.add_typer(reading.dead_letter_app, name="dlq", help="Dead letters, as they were sent.")
app.add_typer(topics.schema_app, name="schema", help="Event schemas and their promises.")
app.command("tail")(reading.tail)
app.command("trace")(reading.trace)
app.command("replay")(replaying.replay)
app.command("refill")(replaying.refill)
app.command("doctor")(topics.doctor)
