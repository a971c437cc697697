import { getRouteApi, Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import { RequireSession } from "~/app/require-session";
import { Page } from "~/components/page";
import { Redirect } from "~/components/redirect";
import { EmptyState, ErrorState, Skeleton } from "~/components/states";
import { ButtonLink } from "~/components/button";
import { countOpen, useAlerts } from "~/features/alerts/api";
import { CreateBarForm } from "~/features/bar-setup/create-bar-form";
import { BoardView } from "~/features/board/board-view";
import { useProfile } from "~/lib/session";

const route = getRouteApi("/work/$bar");

/** The bars that a merchant runs; straight in where there is one, and a first one where none is. */
export function WorkRoute() {
  return <RequireSession only="merchant">{() => <OwnBars />}</RequireSession>;
}

function OwnBars() {
  const profile = useProfile();
  const [hadNone, setHadNone] = useState(false);
  const bars = profile.data?.bars;
  const [only, ...others] = bars ?? [];
  if (bars?.length === 0 && !hadNone) setHadNone(true);
  // A bar that has just been opened has no orders to show: it starts with its menu.
  if (only !== undefined && others.length === 0) return <Redirect to={hadNone ? "/work/$bar/menu" : "/work/$bar"} params={{ bar: only.slug }} />;
  return (
    <Page title={bars?.length === 0 ? "Open your bar" : "Your bars"} width="narrow">
      {profile.isPending && <Skeleton rows={2} label="Loading your bars" />}
      {profile.isError && bars === undefined && <ErrorState error={profile.error} onRetry={() => void profile.refetch()} />}
      {bars?.length === 0 && <CreateBarForm />}
      <ul className="stack">
        {bars?.map(({ id, slug, name }) => <li key={id}><ButtonLink wide large to="/work/$bar" params={{ bar: slug }}>{name}</ButtonLink></li>)}
      </ul>
    </Page>
  );
}

/** What all pages of a bar's staff share: only staff see them. */
export function WorkBarLayout() {
  return <RequireSession only="merchant">{() => <StaffOnly />}</RequireSession>;
}

function StaffOnly() {
  const { bar } = route.useParams();
  const profile = useProfile();
  if (profile.isPending) return <Page title="My bar"><Skeleton rows={4} label="Loading your bar" /></Page>;
  if (profile.data === undefined) return <Page title="My bar"><ErrorState error={profile.error} onRetry={() => void profile.refetch()} /></Page>;
  if (profile.data.bars.some(({ id, slug }) => bar === slug || bar === id)) return <Outlet />;
  return (
    <Page title="Not your bar">
      <EmptyState title="You don’t work at this bar" action={<ButtonLink look="primary" to="/work">To my bar</ButtonLink>}>
        <p>Only its staff see its board and its stock.</p>
      </EmptyState>
    </Page>
  );
}

export function BoardRoute() {
  const { bar } = route.useParams();
  const open = countOpen(useAlerts(bar, false).data);
  return (
    <Page
      title="Board" width="wide"
      actions={open > 0 && <Link to="/work/$bar/alerts" params={{ bar }} data-testid="alert-count">{open === 1 ? "1 ingredient runs low" : `${open} ingredients run low`}</Link>}
    >
      <BoardView bar={bar} />
    </Page>
  );
}
