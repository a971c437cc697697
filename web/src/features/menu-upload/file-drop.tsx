import { useId, useState } from "react";
import { Icon } from "~/components/icon";
import styles from "./upload.module.css";

interface FileDropProps {
  isBusy: boolean;
  onFile(file: File): void;
}

/** A place to drop the file on, which is also the button to choose it. */
export function FileDrop({ isBusy, onFile }: FileDropProps) {
  const id = useId();
  const [isOver, setIsOver] = useState(false);
  return (
    // Dropping is a second way; the input inside is the first, for keyboards too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <label
      htmlFor={id} className={styles.drop} data-over={isOver} aria-busy={isBusy}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        const file = event.dataTransfer.files[0];
        if (file !== undefined) onFile(file);
      }}
    >
      <Icon name="upload" sizePx={36} />
      <strong>{isBusy ? "Reading the file…" : "Choose a menu file"}</strong>
      <span>CSV or JSON, or drop it here. You see what it does before anything changes.</span>
      <input
        id={id} type="file" className="visually-hidden" accept=".csv,.json,text/csv,application/json" aria-label="Menu file" disabled={isBusy}
        onChange={(event) => {
          const input = event.currentTarget;
          const file = input.files?.[0];
          if (file !== undefined) onFile(file);
          input.value = ""; // So that the same file, corrected, can be chosen again.
        }}
      />
    </label>
  );
}
