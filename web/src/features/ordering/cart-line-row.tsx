import { Glass } from "~/components/glass";
import { Stepper } from "~/components/stepper";
import { formatMoney } from "~/lib/money";
import { LINE_QUANTITY_MAX, type CartLine } from "./cart";
import styles from "./cart.module.css";

/** What the menu says about a drink. */
export interface OfferedDrink {
  price_minor: number;
  currency: string;
  available: boolean;
  ingredients: readonly string[];
}

interface CartLineRowProps {
  line: CartLine;
  /** Undefined: it is no longer on the menu. */
  drink: OfferedDrink | undefined;
  short: readonly string[];
  isLocked: boolean;
  onChange(quantity: number): void;
}

export function CartLineRow({ line, drink, short, isLocked, onChange }: CartLineRowProps) {
  const isGone = drink === undefined || !drink.available;
  return (
    <li className={styles.line} data-testid="cart-line">
      <Glass name={line.name} ingredients={drink?.ingredients ?? []} sizePx={48} isEmpty={isGone} />
      <div className={styles.words}>
        <span className={styles.name}>{line.name}</span>
        {line.note !== "" && <span className={styles.note}>“{line.note}”</span>}
        {isGone && <span className={styles.problem}>{drink === undefined ? "No longer on the menu" : "Sold out meanwhile"}</span>}
        {short.length > 0 && <span className={styles.problem}>Not enough {short.join(", ")}</span>}
        {drink !== undefined && <span className={`${styles.price} number`}>{formatMoney(drink.price_minor * line.quantity, drink.currency)}</span>}
      </div>
      {isLocked
        ? <span className="number">× {line.quantity}</span>
        : <Stepper label={line.name} value={line.quantity} min={0} max={LINE_QUANTITY_MAX} onChange={onChange} />}
    </li>
  );
}
