"""Menus as files that people edit: CSV rows or JSON, in and out.

What one function writes the other reads back as the same menu. The formats are described in
`menu_csv` and `menu_json`.
"""

from bitebyte.domain.menu_csv import parse_csv, to_csv
from bitebyte.domain.menu_json import parse_json, to_json
from bitebyte.domain.menu_reader import ParsedMenu

__all__ = ["ParsedMenu", "parse_csv", "parse_json", "to_csv", "to_json"]
