"""What the routes take. Ids are text in bodies, because they have 63 bits."""

from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import AfterValidator, Field

MEMBER_ID_MAX: Final = 2**63 - 1

TIMEOUT_S_DEFAULT: Final = 10.0
TIMEOUT_S_MAX: Final = 60.0


def _check_cluster_id(text: str) -> str:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MEMBER_ID_MAX):
        raise ValueError("must be the decimal id of a cluster, as text")
    return text


def _check_member_id(text: str) -> str:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MEMBER_ID_MAX):
        raise ValueError("must be the decimal id of a member, as text")
    return text


ClusterIdText = Annotated[str, Field(max_length=19), AfterValidator(_check_cluster_id)]
MemberIdText = Annotated[str, Field(max_length=19), AfterValidator(_check_member_id)]
MemberIdPath = Annotated[int, Path(gt=0, le=MEMBER_ID_MAX, description="Id of a member.")]

TimeoutS = Annotated[
    float,
    Query(
        gt=0,
        le=TIMEOUT_S_MAX,
        description="Seconds after which the outcome is told as far as it is known.",
    ),
]
Confirmed = Annotated[
    bool,
    Query(description="Only after a majority has confirmed who leads (a linearizable read)."),
]
Force = Annotated[
    bool,
    Query(description="Also if those who remain could not confirm anything at this moment."),
]
