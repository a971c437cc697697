"""The replicated configuration as the text of a json column."""

from typing import Final

import msgspec

from bitebyte.raft.types import ConfState

NO_CONFIGURATION: Final = ConfState(voters=())
"""Of a member that joined and has not been told one."""

_decoder = msgspec.json.Decoder(ConfState)


def encode_conf_state(conf_state: ConfState) -> str:
    """The text for the column."""
    return msgspec.json.encode(conf_state).decode()


def decode_conf_state(text: str) -> ConfState:
    """The inverse; parts that the text lacks have their defaults."""
    return _decoder.decode(text)
