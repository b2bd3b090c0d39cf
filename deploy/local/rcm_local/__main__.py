"""`python -m rcm_local up`: the same verbs as `rcm`."""

import typer

from rcm_local import cli

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True)
for verb in (cli.up, cli.down, cli.status, cli.doctor, cli.demo):
    app.command()(verb)

if __name__ == "__main__":
    app()
