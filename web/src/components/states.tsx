import type { ReactNode } from "react";
import { Button } from "~/components/button";
import { Glass } from "~/components/glass";
import { Icon } from "~/components/icon";
import { describeError } from "~/lib/problem";
import styles from "./states.module.css";

/** Grey shapes of what is coming. `rows` of them, so that the page keeps its height. */
export function Skeleton({ rows, label }: { rows: number; label: string }) {
  return (
    <div role="status" aria-label={label} className={styles.skeletons}>
      {Array.from({ length: rows }, (_, index) => <div key={index} className={styles.skeleton} />)}
    </div>
  );
}

interface EmptyStateProps {
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

/** Says why there is nothing here, and what to do about it. */
export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <div className={styles.state}>
      <Glass name={title} ingredients={[]} sizePx={88} isEmpty />
      <h2>{title}</h2>
      <div className={styles.text}>{children}</div>
      {action}
    </div>
  );
}

/** What went wrong, in words, and another try. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div className={styles.state} role="alert">
      <span className={styles.warning}><Icon name="warning" sizePx={40} /></span>
      <h2>That didn’t work</h2>
      <p className={styles.text}>{describeError(error)}</p>
      {onRetry !== undefined && <Button look="primary" onClick={onRetry}>Try again</Button>}
    </div>
  );
}

type Tone = "good" | "warn" | "bad" | "accent" | "plain";

/** A short state in words. The colour only supports what the words say. */
export function Pill({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`${styles.pill} ${styles[tone]}`}>{children}</span>;
}

/** A message beside what it is about. */
export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <div className={`${styles.notice} ${styles[tone]}`} role={tone === "bad" ? "alert" : "status"}>{children}</div>;
}
