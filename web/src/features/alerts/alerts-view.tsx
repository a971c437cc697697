import { Button, ButtonLink } from "~/components/button";
import { EmptyState, ErrorState, Pill, Skeleton } from "~/components/states";
import { showToast } from "~/components/toasts";
import { describeError } from "~/lib/problem";
import { formatQuantity } from "~/lib/quantity";
import { formatRelative, useNow } from "~/lib/time";
import { useAcknowledge, useAlerts, type Alert } from "./api";
import styles from "./alerts.module.css";

const STATES = {
  open: { tone: "bad", word: "Open" },
  acknowledged: { tone: "warn", word: "Seen" },
  resolved: { tone: "good", word: "Restocked" },
} as const;

/** What runs low, and what was done about it. */
export function AlertsView({ bar }: { bar: string }) {
  const alerts = useAlerts(bar, true);
  const now = useNow(30_000);
  if (alerts.isPending) return <Skeleton rows={3} label="Loading the alerts" />;
  if (alerts.data === undefined) return <ErrorState error={alerts.error} onRetry={() => void alerts.refetch()} />;
  if (alerts.data.length === 0) {
    return (
      <EmptyState title="Nothing runs low" action={<ButtonLink to="/work/$bar/stock" params={{ bar }}>Look at the stock</ButtonLink>}>
        <p>When an ingredient falls to its threshold, or an order has to be refused for want of it, you read it here at once.</p>
      </EmptyState>
    );
  }
  const current = alerts.data.filter(({ state }) => state !== "resolved");
  const past = alerts.data.filter(({ state }) => state === "resolved");
  return (
    <>
      {current.length === 0 && <p className={styles.calm}>Nothing runs low right now.</p>}
      <ul className={styles.alerts}>{current.map((alert) => <AlertRow key={alert.id} alert={alert} bar={bar} now={now} />)}</ul>
      {past.length > 0 && (
        <details className={styles.past}>
          <summary>Earlier alerts ({past.length})</summary>
          <ul className={styles.alerts}>{past.map((alert) => <AlertRow key={alert.id} alert={alert} bar={bar} now={now} />)}</ul>
        </details>
      )}
    </>
  );
}

function AlertRow({ alert, bar, now }: { alert: Alert; bar: string; now: number }) {
  const acknowledge = useAcknowledge(bar);
  const { tone, word } = STATES[alert.state];
  const cause = alert.reason === "shortage" ? "An order had to be refused" : "Fell to the threshold";
  return (
    <li className={styles.alert} data-testid="alert" data-state={alert.state}>
      <div className={styles.words}>
        <span className={styles.name}>{alert.ingredient_name} <Pill tone={tone}>{word}</Pill></span>
        <span className={`${styles.detail} number`}>
          {cause}: {formatQuantity(alert.available)} left
          {alert.threshold !== null && `, threshold ${formatQuantity(alert.threshold)}`}
        </span>
        <span className={styles.detail}>{formatRelative(alert.opened_at, now)}</span>
      </div>
      {alert.state === "open" && (
        <Button
          aria-label={`Acknowledge ${alert.ingredient_name}`} disabled={acknowledge.isPending}
          onClick={() => acknowledge.mutate(alert, { onError: (error) => showToast(describeError(error), { isBad: true }) })}
        >
          Got it
        </Button>
      )}
    </li>
  );
}
