import { Icon } from "~/components/icon";
import styles from "./stepper.module.css";

interface StepperProps {
  /** What is counted, for a screen reader: "Negroni". */
  label: string;
  value: number;
  min: number;
  max: number;
  onChange(value: number): void;
}

export function Stepper({ label, value, min, max, onChange }: StepperProps) {
  return (
    <div className={styles.stepper} role="group" aria-label={`Quantity of ${label}`}>
      <button type="button" aria-label={value <= 1 && min === 0 ? `Remove ${label}` : `One ${label} less`} disabled={value <= min} onClick={() => onChange(value - 1)}>
        <Icon name="minus" sizePx={18} />
      </button>
      <output className="number" aria-live="polite">{value}</output>
      <button type="button" aria-label={`One ${label} more`} disabled={value >= max} onClick={() => onChange(value + 1)}>
        <Icon name="plus" sizePx={18} />
      </button>
    </div>
  );
}
