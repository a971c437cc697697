import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Notice } from "~/components/states";
import { showToast } from "~/components/toasts";
import { describeError } from "~/lib/problem";
import { useChangeIngredient, type Ingredient } from "./api";
import { MovementForm } from "./movement-form";
import styles from "./stock.module.css";
import { ThresholdForm } from "./threshold-form";

interface IngredientDialogProps {
  bar: string;
  ingredient: Ingredient;
  onClose(): void;
}

export function IngredientDialog({ bar, ingredient, onClose }: IngredientDialogProps) {
  const isCounted = ingredient.tracking === "exact";
  return (
    <Dialog title={ingredient.name} onClose={onClose}>
      {isCounted ? (
        <div className={styles.forms}>
          <MovementForm bar={bar} ingredient={ingredient} onDone={onClose} />
          <hr className={styles.rule} />
          <ThresholdForm bar={bar} ingredient={ingredient} onDone={onClose} />
        </div>
      ) : (
        <PresenceSwitch bar={bar} ingredient={ingredient} onDone={onClose} />
      )}
    </Dialog>
  );
}

function PresenceSwitch({ bar, ingredient, onDone }: { bar: string; ingredient: Ingredient; onDone(): void }) {
  const change = useChangeIngredient(bar);
  const toggle = () =>
    change.mutate(
      { ingredient, is_out: !ingredient.is_out },
      {
        onSuccess: () => {
          showToast(`${ingredient.name} is ${ingredient.is_out ? "back" : "out"}.`);
          onDone();
        },
      },
    );
  return (
    <div className={styles.form}>
      <p>This is not counted. While it is out, no drink that needs it can be ordered.</p>
      {change.isError && <Notice tone="bad">{describeError(change.error)}</Notice>}
      <Button look="primary" large wide disabled={change.isPending} onClick={toggle}>{ingredient.is_out ? "It’s back" : "It’s out"}</Button>
    </div>
  );
}
