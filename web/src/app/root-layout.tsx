import { Outlet } from "@tanstack/react-router";
import { ConnectionBanner } from "~/components/connection-banner";
import { Toasts } from "~/components/toasts";
import { SiteHeader } from "~/app/site-header";
import { Tabs } from "~/app/tabs";
import { useProfile } from "~/lib/session";

export function RootLayout() {
  useProfile();
  return (
    <>
      <a className="skip-link" href="#main">Skip to the content</a>
      <ConnectionBanner />
      <SiteHeader />
      <Outlet />
      <Tabs />
      <Toasts />
    </>
  );
}
