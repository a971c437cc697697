import { Link } from "@tanstack/react-router";
import { Icon } from "~/components/icon";
import { Page } from "~/components/page";
import { Redirect } from "~/components/redirect";
import { EmptyState, ErrorState, Skeleton } from "~/components/states";
import { useBars } from "./api";
import styles from "./bar-list.module.css";

/** Where are you tonight? Goes straight in where there is only one bar. */
export function BarList() {
  const bars = useBars();
  const [only, ...others] = bars.data ?? [];

  if (only !== undefined && others.length === 0) return <Redirect to="/bars/$bar" params={{ bar: only.slug }} />;
  return (
    <Page title="Where are you tonight?">
      {bars.isPending && <Skeleton rows={3} label="Loading the bars" />}
      {bars.isError && bars.data === undefined && <ErrorState error={bars.error} onRetry={() => void bars.refetch()} />}
      {bars.data?.length === 0 && (
        <EmptyState title="No bar has opened yet" action={<Link to="/work">I run a bar: open mine</Link>}>
          <p>As soon as somebody opens one here, you can order from it.</p>
        </EmptyState>
      )}
      <ul className={styles.bars}>
        {bars.data?.map((bar) => (
          <li key={bar.id}>
            <Link to="/bars/$bar" params={{ bar: bar.slug }} className={styles.bar}>
              <span className={styles.name}>{bar.name}</span>
              <Icon name="arrow" />
            </Link>
          </li>
        ))}
      </ul>
    </Page>
  );
}
