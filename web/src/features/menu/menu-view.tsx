import { useCallback, useMemo, useState } from "react";
import { useDocumentTitle } from "~/components/page";
import { Icon } from "~/components/icon";
import { EmptyState, ErrorState, Skeleton } from "~/components/states";
import { Button } from "~/components/button";
import type { Drink, useMenu } from "./api";
import { DrinkRow } from "./drink-row";
import { DrinkSheet } from "./drink-sheet";
import { countDrinks, searchMenu, sectionId, type Sections } from "./search";
import { SectionNav } from "./section-nav";
import styles from "./menu.module.css";

interface MenuViewProps {
  menu: ReturnType<typeof useMenu>;
  countOf(productId: string): number;
  onAdd(drink: Drink, quantity: number, note: string): void;
}

const NO_SECTIONS: Sections = [];

/** The menu of a bar: sections, search, and a sheet for each drink. */
export function MenuView({ menu, countOf, onAdd }: MenuViewProps) {
  const [query, setQuery] = useState("");
  const [openId, setOpenId] = useState<string | null>(null);
  const sections = menu.data?.sections ?? NO_SECTIONS;
  const found = useMemo(() => searchMenu(sections, query), [sections, query]);
  const open = useMemo(
    () => sections.flatMap(({ products }) => products).find(({ id }) => id === openId),
    [sections, openId],
  );
  const addOne = useCallback((drink: Drink) => onAdd(drink, 1, ""), [onAdd]);
  const openSheet = useCallback((drink: Drink) => setOpenId(drink.id), []);
  useDocumentTitle(menu.data?.bar.name ?? "Menu");

  if (menu.isPending) return <div className={styles.loading}><Skeleton rows={7} label="Loading the menu" /></div>;
  if (menu.data === undefined) return <ErrorState error={menu.error} onRetry={() => void menu.refetch()} />;
  const total = countDrinks(sections);
  if (total === 0) {
    return (
      <EmptyState title={`${menu.data.bar.name} is still setting up`}>
        <p>There is nothing on the menu yet. This page fills by itself as soon as there is.</p>
      </EmptyState>
    );
  }
  const count = countDrinks(found);

  return (
    <>
      <header className={styles.hero}>
        <h1 className={styles.barName}>{menu.data.bar.name}</h1>
        <p className={styles.tagline}>{total} drinks, made to order</p>
      </header>
      <div className={styles.layout}>
        <div className={styles.tools}>
          <search className={styles.search}>
            <Icon name="search" />
            <input type="search" aria-label="Search the menu" placeholder="Drink or ingredient" value={query} onChange={(event) => setQuery(event.currentTarget.value)} />
          </search>
          {query === "" && <SectionNav sections={found} />}
          <p role="status" className={query === "" ? "visually-hidden" : styles.found}>
            {query === "" ? "" : `${count} of ${total} drinks`}
          </p>
        </div>
        <div>
          {count === 0 && (
            <EmptyState title="Nothing like that tonight" action={<Button onClick={() => setQuery("")}>Show the whole menu</Button>}>
              <p>No drink here has “{query}” in its name or in the glass.</p>
            </EmptyState>
          )}
          {found.map((section, index) => (
            <section key={section.name} id={sectionId(index)} data-index={index} className={styles.section} aria-labelledby={`${sectionId(index)}-title`}>
              <h2 id={`${sectionId(index)}-title`} className={styles.heading}><span>{section.name}</span></h2>
              <ul className={styles.drinks}>
                {section.products.map((drink) => (
                  <DrinkRow key={drink.id} drink={drink} count={countOf(drink.id)} onOpen={openSheet} onAdd={addOne} />
                ))}
              </ul>
            </section>
          ))}
        </div>
      </div>
      {open !== undefined && <DrinkSheet drink={open} onAdd={onAdd} onClose={() => setOpenId(null)} />}
    </>
  );
}
