import { Outlet, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { Toasts } from "~/components/toasts";
import { SiteHeader } from "~/app/site-header";
import { Tabs } from "~/app/tabs";
import { useProfile } from "~/lib/session";

/** Puts the focus on the new page, so that a screen reader and the tab key begin there. */
function useFocusOnNavigation(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ fromLocation, pathChanged }) => {
        if (pathChanged && fromLocation !== undefined) document.getElementById("main")?.focus({ preventScroll: true });
      }),
    [router],
  );
}

export function RootLayout() {
  useProfile();
  useFocusOnNavigation();
  return (
    <>
      <a className="skip-link" href="#main">Skip to the content</a>
      <SiteHeader />
      <Outlet />
      <Tabs />
      <Toasts />
    </>
  );
}
