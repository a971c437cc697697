"""Errors of the core.

RaftError
├── ProposalDropped   there is no leader to give it to, or it may not take proposals now
└── ConfigError       the options contradict each other
"""


class RaftError(Exception):
    """Anything the core refuses to do. An assertion, by contrast, is our own bug."""


class ProposalDropped(RaftError):
    """Nothing was proposed, for certain. Try again when there is a leader."""


class ConfigError(RaftError):
    """The options are out of their bounds; the text names the option."""
