import { useEffect, useRef, useState } from "react";
import type { Sections } from "./search";
import { sectionId } from "./search";
import styles from "./section-nav.module.css";

/** Jumps between the sections, and shows which one is being read. */
export function SectionNav({ sections }: { sections: Sections }) {
  const [current, setCurrent] = useState(0);
  const list = useRef<HTMLUListElement>(null);

  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (entry.isIntersecting) setCurrent(Number((entry.target as HTMLElement).dataset.index));
        }
      },
      { rootMargin: "-25% 0px -70% 0px" },
    );
    sections.forEach((_, index) => {
      const section = document.getElementById(sectionId(index));
      if (section !== null) observer.observe(section);
    });
    return () => observer.disconnect();
  }, [sections]);

  useEffect(() => {
    const chip = list.current?.children[current] as HTMLElement | undefined;
    if (chip === undefined || list.current === null) return;
    list.current.scrollTo({ left: chip.offsetLeft - list.current.clientWidth / 2 + chip.clientWidth / 2 });
  }, [current]);

  return (
    <nav aria-label="Menu sections" className={styles.nav}>
      <ul ref={list} className={styles.list}>
        {sections.map((section, index) => (
          <li key={section.name}>
            <button
              type="button" className={styles.chip} aria-current={index === current ? "true" : undefined}
              onClick={() => document.getElementById(sectionId(index))?.scrollIntoView()}
            >
              {section.name}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
