import { Button } from "~/components/button";
import { Pill } from "~/components/states";
import { formatQuantity } from "~/lib/quantity";
import type { Ingredient } from "./api";
import { LEVEL_WORDS, levelOf, levelRatio, type Level } from "./level";
import styles from "./stock.module.css";

const TONES = { out: "bad", low: "warn", fine: "good", uncounted: "plain" } as const satisfies Record<Level, string>;

interface IngredientRowProps {
  ingredient: Ingredient;
  onOpen(ingredient: Ingredient): void;
}

export function IngredientRow({ ingredient, onOpen }: IngredientRowProps) {
  const level = levelOf(ingredient);
  const { available, on_hand: onHand, reserved } = ingredient.stock;
  const isCounted = ingredient.tracking === "exact";
  return (
    <li className={styles.row} data-testid="ingredient" data-ingredient-id={ingredient.id} data-level={level}>
      <div className={styles.words}>
        <span className={styles.name}>{ingredient.name}</span>
        <span className={`${styles.detail} number`}>
          {isCounted
            ? `${formatQuantity(onHand)} on hand${reserved.base > 0 ? `, ${formatQuantity(reserved)} reserved` : ""}`
            : "Assumed to be there unless you say otherwise"}
        </span>
        {isCounted && (
          <svg className={styles.gauge} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect width="100" height="6" className={styles.gaugeBack} />
            <rect width={levelRatio(ingredient) * 100} height="6" className={styles.gaugeFill} />
          </svg>
        )}
      </div>
      <div className={styles.side}>
        {isCounted && <strong className="number" data-testid="available">{formatQuantity(available)}</strong>}
        <Pill tone={TONES[level]}>{LEVEL_WORDS[level]}</Pill>
      </div>
      <Button aria-label={`Change ${ingredient.name}`} aria-haspopup="dialog" onClick={() => onOpen(ingredient)}>Change</Button>
    </li>
  );
}
