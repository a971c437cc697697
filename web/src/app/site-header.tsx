import { Link } from "@tanstack/react-router";
import { ConnectionBanner } from "~/components/connection-banner";
import { Icon } from "~/components/icon";
import { toggleTheme, useTheme } from "~/lib/theme";
import { useAccount } from "~/lib/session";
import { useDestinations } from "~/app/use-destinations";
import styles from "./site-header.module.css";

export function SiteHeader() {
  const destinations = useDestinations();
  const account = useAccount();
  const theme = useTheme();
  return (
    <header className={styles.header}>
      <ConnectionBanner />
      <div className={styles.bar}>
      <Link to="/" className={styles.brand}>
        <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
          <path d="M8 11.2h16c-1 3.3-3.9 5-8 5s-7-1.7-8-5Z" fill="var(--accent)" />
          <path d="M6 7.5h20c0 6.3-4.2 10-10 10S6 13.8 6 7.5Zm10 10V26m-5 0h10" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
        BiteByte
      </Link>
      <nav aria-label="Main" className={styles.nav}>
        {destinations.map(({ label, link }) => <Link key={label} {...link} className={styles.link}>{label}</Link>)}
      </nav>
      <span className={styles.end}>
        {account?.role === "merchant" && <Link to="/profile" className={styles.who} aria-label={`Profile of ${account.display_name}`}><Icon name="person" /></Link>}
        <button type="button" className={styles.theme} aria-label={`Use the ${theme === "dark" ? "light" : "dark"} theme`} onClick={toggleTheme}>
          <Icon name={theme === "dark" ? "sun" : "moon"} />
        </button>
      </span>
      </div>
    </header>
  );
}
