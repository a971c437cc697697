"""Errors of the core.

RaftError
├── ProposalDropped       there is no leader to give it to, or it may not take proposals now
├── ConfChangeRefused     the change is not allowed now, or leads nowhere
├── ConfChangeUnreadable  the bytes are no change of the configuration
├── TransferRefused       leadership cannot go to that member
└── ConfigError           the options, or the stored state, contradict each other
"""


class RaftError(Exception):
    """Anything the core refuses to do. An assertion, by contrast, is our own bug."""


class ProposalDropped(RaftError):
    """Nothing was proposed, for certain. Try again when there is a leader."""


class ConfChangeRefused(RaftError):
    """Nothing was proposed, for certain. The text says which rule stands against it."""


class ConfChangeUnreadable(RaftError):
    """The data of a conf change entry does not come from this version or an older one."""


class TransferRefused(RaftError):
    """No transfer of leadership was begun, for certain. The text says why."""


class ConfigError(RaftError):
    """The options or the stored state are out of their bounds; the text names the culprit."""
