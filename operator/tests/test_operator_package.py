"""The operator's package can be imported beside the standard library's module of the folder's
name."""

import operator

import bitebyte_operator


def test_the_folder_does_not_hide_the_standard_library() -> None:
    assert operator.add(1, 2) == 3
    assert bitebyte_operator.__doc__
