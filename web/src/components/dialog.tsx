import { useEffect, useRef, type ReactNode } from "react";
import { Icon } from "~/components/icon";
import styles from "./dialog.module.css";

interface DialogProps {
  title: string;
  /** Hides the title from sight where the content shows it anyway. */
  hasHiddenTitle?: boolean;
  onClose(): void;
  children: ReactNode;
}

/**
 * A modal sheet: from the bottom on a phone, in the middle elsewhere.
 *
 * The browser's own dialog keeps the focus inside, closes on Escape and gives the focus back.
 */
export function Dialog({ title, hasHiddenTitle = false, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);

  return (
    // A click on the element itself is a click beside the sheet; Escape does the same by key.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      className={styles.dialog}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === ref.current) ref.current?.close();
      }}
    >
      <div className={styles.sheet}>
        <header className={styles.header}>
          <h2 className={hasHiddenTitle ? "visually-hidden" : styles.title}>{title}</h2>
          <button type="button" className={styles.close} aria-label="Close" onClick={() => ref.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
