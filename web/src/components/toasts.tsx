import { Icon } from "~/components/icon";
import { createStore, useStore } from "~/lib/store";
import styles from "./toasts.module.css";

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

const SHOWN_MS = 5_000;
const COUNT_MAX = 3; // A board that fails ten times must not hide behind ten messages.

const toasts = createStore<readonly Toast[]>([]);
let idLast = 0;

/** Shows a sentence for five seconds and reads it out without moving the focus. */
export function showToast(text: string, options: { isBad?: boolean } = {}): void {
  idLast += 1;
  const toast = { id: idLast, text, isBad: options.isBad ?? false };
  toasts.set([...toasts.get(), toast].slice(-COUNT_MAX));
  setTimeout(() => toasts.set(toasts.get().filter(({ id }) => id !== toast.id)), SHOWN_MS);
}

export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div className={styles.place} role="status" aria-live="polite">
      {shown.map(({ id, text, isBad }) => (
        <p key={id} className={`${styles.toast} ${isBad ? styles.bad : ""}`}>
          <Icon name={isBad ? "warning" : "check"} sizePx={18} />
          {text}
        </p>
      ))}
    </div>
  );
}
