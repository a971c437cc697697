import { useEffect, type ReactNode } from "react";
import styles from "./page.module.css";

interface PageProps {
  title: string;
  /** Above the title: where this page belongs. */
  eyebrow?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  width?: "narrow" | "middle" | "wide";
  children: ReactNode;
}

interface MainProps {
  width: "narrow" | "middle" | "wide";
  children: ReactNode;
}

/** The content of the page, where the skip link leads. */
export function Main({ width, children }: MainProps) {
  return <main id="main" tabIndex={-1} className={`${styles.page} ${styles[width]}`}>{children}</main>;
}

/** A page with its heading; the tab gets the same title. */
export function Page({ title, eyebrow, actions, width = "middle", children }: PageProps) {
  useDocumentTitle(title);
  return (
    <Main width={width}>
      <header className={styles.header}>
        <div>
          {eyebrow !== undefined && <p className={styles.eyebrow}>{eyebrow}</p>}
          <h1 className={styles.title}>{title}</h1>
        </div>
        {actions}
      </header>
      {children}
    </Main>
  );
}

export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · BiteByte`;
  }, [title]);
}
