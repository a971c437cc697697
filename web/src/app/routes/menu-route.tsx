import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import { Main } from "~/components/page";
import { useMenu, type Drink } from "~/features/menu/api";
import { MenuView } from "~/features/menu/menu-view";
import { addToCart, useCart } from "~/features/ordering/cart";
import { CartBar } from "~/features/ordering/cart-bar";

const route = getRouteApi("/bars/$bar");

export function MenuRoute() {
  const { bar } = route.useParams();
  const menu = useMenu(bar);
  const barId = menu.data?.bar.id ?? "";
  const { lines } = useCart(barId);
  const countOf = useCallback(
    (productId: string) => lines.reduce((sum, line) => (line.productId === productId ? sum + line.quantity : sum), 0),
    [lines],
  );
  const onAdd = useCallback(
    (drink: Drink, quantity: number, note: string) => addToCart(barId, { productId: drink.id, name: drink.name, quantity, note }),
    [barId],
  );
  return (
    <Main width="wide">
      <MenuView menu={menu} countOf={countOf} onAdd={onAdd} />
      <CartBar barId={barId} bar={bar} />
    </Main>
  );
}
