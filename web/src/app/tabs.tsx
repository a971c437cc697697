import { Link } from "@tanstack/react-router";
import { useDestinations } from "~/app/use-destinations";
import { Icon } from "~/components/icon";
import styles from "./tabs.module.css";

/** The main places at the thumb, on a phone. */
export function Tabs() {
  const destinations = useDestinations();
  return (
    <nav aria-label="Tabs" className={styles.tabs}>
      {destinations.map(({ label, icon, link }) => (
        <Link key={label} {...link} className={styles.tab}>
          <Icon name={icon} sizePx={22} />
          {label}
        </Link>
      ))}
    </nav>
  );
}
