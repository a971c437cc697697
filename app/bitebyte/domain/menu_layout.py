"""How products are laid out as a menu."""

from collections.abc import Iterable

from bitebyte.domain.entities import Product, ProductStatus


def menu_sections(products: Iterable[Product]) -> list[tuple[str, list[Product]]]:
    """What is on the menu as people see it: sections by their smallest position, in each the
    products by position. Hidden and archived products are left out."""
    sections: dict[str, list[Product]] = {}
    for product in sorted(products, key=lambda product: product.position):
        if product.status == ProductStatus.ACTIVE.value:
            sections.setdefault(product.section, []).append(product)
    return list(sections.items())
