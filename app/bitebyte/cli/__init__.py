"""The command line. Each command has a file of its own that adds it to `app`.

Errors go to stderr as one line, answers to stdout. Every command's help names its exit codes.
"""

import typer

from bitebyte.cli import (
    demo,
    log,
    member,
    member_bootstrap,
    node,
    openapi,
    recover,
    status,
    verify,
    version,
)

app = typer.Typer(
    name="bitebyte",
    help="Ordering for home bars and small venues that no dead machine can stop.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

node.register(app)
demo.register(app)
status.register(app)
member.register(app)
member_bootstrap.register(app)
log.register(app)
verify.register(app)
recover.register(app)
openapi.register(app)
version.register(app)
