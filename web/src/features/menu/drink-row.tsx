import { memo } from "react";
import { Glass } from "~/components/glass";
import { Icon } from "~/components/icon";
import { Pill } from "~/components/states";
import { formatMoney } from "~/lib/money";
import type { Drink } from "./api";
import { describeAvailability } from "./search";
import styles from "./menu.module.css";

interface DrinkRowProps {
  drink: Drink;
  /** How many of it are in the cart. */
  count: number;
  onOpen(drink: Drink): void;
  onAdd(drink: Drink): void;
}

export const DrinkRow = memo(function DrinkRow({ drink, count, onOpen, onAdd }: DrinkRowProps) {
  const availability = describeAvailability(drink);
  return (
    <li className={styles.row} data-testid="drink" data-available={drink.available}>
      <button type="button" className={styles.open} onClick={() => onOpen(drink)} aria-haspopup="dialog">
        <span className={styles.glass}>
          <Glass name={drink.name} ingredients={drink.ingredients} sizePx={60} isEmpty={!drink.available} />
        </span>
        <span className={styles.words}>
          <span className={styles.line}>
            <span className={styles.name}>{drink.name}</span>
            <span className={styles.leader} aria-hidden="true" />
            <span className={`${styles.price} number`}>{formatMoney(drink.price_minor, drink.currency)}</span>
          </span>
          <span className={styles.ingredients}>{drink.ingredients.join(", ")}</span>
          {availability !== null && (
            <span className={styles.state}><Pill tone={drink.available ? "warn" : "plain"}>{availability}</Pill></span>
          )}
        </span>
      </button>
      {drink.available && (
        <button type="button" className={styles.add} aria-label={`Add ${drink.name}`} onClick={() => onAdd(drink)}>
          {count > 0 ? <span className="number" aria-hidden="true">{count}</span> : <Icon name="plus" />}
        </button>
      )}
    </li>
  );
});
