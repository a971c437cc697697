"""What can stop the demo, each with a text that says what to do about it.

DemoError
├── PortTaken          a port that a node needs is in use
├── DataFolderInUse    another demo runs on the same data folder
├── DataFolderBroken   the data folder is not one of ours, or it cannot be written
├── DatabaseVanished   a node that has voted before has lost its database
├── NodeRefused        a node stopped at start-up and said why
├── NodesNotReady      the nodes did not become ready before the deadline
└── BarNotLoaded       the public API did not accept the demo bar
"""


class DemoError(Exception):
    """The demo cannot go on. The text is for the person at the terminal."""


class PortTaken(DemoError):
    """A port that a node needs is in use."""


class DataFolderInUse(DemoError):
    """Another demo runs on the same data folder."""


class DataFolderBroken(DemoError):
    """The data folder is not one of ours, or it cannot be read or written."""


class DatabaseVanished(DemoError):
    """A node that was bootstrapped before has no database any more."""


class NodeRefused(DemoError):
    """A node stopped at start-up and said why in its log."""


class NodesNotReady(DemoError):
    """The nodes did not become ready before the deadline."""


class BarNotLoaded(DemoError):
    """The public API did not accept the demo bar."""
