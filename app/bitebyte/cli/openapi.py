"""`bitebyte openapi`: the HTTP contract as a document."""

import json

import typer


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command("openapi")(openapi)


def openapi() -> None:
    """Print the OpenAPI document of the HTTP API as JSON.

    The same program prints the same bytes, so a difference in the output is a change of the
    API. Exit code: 0.
    """
    # Imported here, because loading the whole API would slow every other command down.
    from bitebyte.api.openapi import openapi_document

    typer.echo(json.dumps(openapi_document(), indent=2, sort_keys=True, ensure_ascii=False))
