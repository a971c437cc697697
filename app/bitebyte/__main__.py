from bitebyte.cli import app

app()
