import { Link } from "@tanstack/react-router";
import { Icon } from "~/components/icon";
import { countInCart, useCart } from "./cart";
import styles from "./cart-bar.module.css";

/** The way to the cart, always at hand while something is in it. */
export function CartBar({ barId, bar }: { barId: string; bar: string }) {
  const count = countInCart(useCart(barId));
  if (count === 0) return null;
  return (
    <div className={styles.place}>
      <Link to="/bars/$bar/cart" params={{ bar }} className={styles.bar}>
        <span className={`${styles.count} number`}>{count}</span>
        <span>View order</span>
        <Icon name="arrow" />
      </Link>
    </div>
  );
}
