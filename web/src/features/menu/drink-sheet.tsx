import { useState } from "react";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Field } from "~/components/field";
import { Glass } from "~/components/glass";
import { Pill } from "~/components/states";
import { Stepper } from "~/components/stepper";
import { formatMoney } from "~/lib/money";
import type { Drink } from "./api";
import { describeAvailability } from "./search";
import styles from "./drink-sheet.module.css";

const QUANTITY_MAX = 20;
const NOTE_LENGTH_MAX = 280;

interface DrinkSheetProps {
  drink: Drink;
  onAdd(drink: Drink, quantity: number, note: string): void;
  onClose(): void;
}

/** All about one drink, and how many of it. */
export function DrinkSheet({ drink, onAdd, onClose }: DrinkSheetProps) {
  const [quantity, setQuantity] = useState(1);
  const [note, setNote] = useState("");
  const availability = describeAvailability(drink);
  const quantityMax = Math.min(QUANTITY_MAX, drink.servings_left ?? QUANTITY_MAX);

  const add = () => {
    onAdd(drink, quantity, note.trim());
    onClose();
  };

  return (
    <Dialog title={drink.name} hasHiddenTitle onClose={onClose}>
      <div className={styles.portrait}>
        <Glass name={drink.name} ingredients={drink.ingredients} sizePx={168} isEmpty={!drink.available} />
      </div>
      <div className={styles.words}>
        <p className={styles.name} aria-hidden="true">{drink.name}</p>
        <p className={`${styles.price} number`}>
          {formatMoney(drink.price_minor, drink.currency)}
          {availability !== null && <Pill tone={drink.available ? "warn" : "plain"}>{availability}</Pill>}
        </p>
        {drink.description !== "" && <p>{drink.description}</p>}
        {drink.ingredients.length > 0 && (
          <>
            <h3 className={styles.heading}>What’s in it</h3>
            <ul className={styles.ingredients}>
              {drink.ingredients.map((ingredient) => <li key={ingredient}>{ingredient}</li>)}
            </ul>
          </>
        )}
      </div>
      {drink.available ? (
        <div className={styles.order}>
          <Field label="A word for the bartender" placeholder="No straw, please" maxLength={NOTE_LENGTH_MAX} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
          <div className={styles.actions}>
            <Stepper label={drink.name} value={quantity} min={1} max={quantityMax} onChange={setQuantity} />
            <Button look="primary" large wide onClick={add}>
              <span>Add to order · {formatMoney(drink.price_minor * quantity, drink.currency)}</span>
            </Button>
          </div>
        </div>
      ) : (
        <p className={styles.soldOut}>Something in it has run out. It comes back to the menu by itself when the bar has restocked.</p>
      )}
    </Dialog>
  );
}
