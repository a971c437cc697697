import { useMemo, useState } from "react";
import { ButtonLink } from "~/components/button";
import { Choice, Field } from "~/components/field";
import { EmptyState, ErrorState, Skeleton } from "~/components/states";
import { fold } from "~/lib/fold";
import { useIngredients } from "./api";
import { IngredientDialog } from "./ingredient-dialog";
import { IngredientRow } from "./ingredient-row";
import { levelOf } from "./level";
import styles from "./stock.module.css";

type Filter = "all" | "short";

/** What there is of everything, and the ways to change it. */
export function StockView({ bar }: { bar: string }) {
  const ingredients = useIngredients(bar);
  const [query, setQuery] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const [openId, setOpenId] = useState<string | null>(null);
  const all = ingredients.data;
  const short = useMemo(() => all?.filter((item) => ["out", "low"].includes(levelOf(item))) ?? [], [all]);
  const shown = useMemo(() => {
    const words = fold(query);
    return (filter === "short" ? short : (all ?? [])).filter(({ name }) => fold(name).includes(words));
  }, [all, short, filter, query]);
  const open = all?.find(({ id }) => id === openId);

  if (ingredients.isPending) return <Skeleton rows={6} label="Loading the stock" />;
  if (all === undefined) return <ErrorState error={ingredients.error} onRetry={() => void ingredients.refetch()} />;
  if (all.length === 0) {
    return (
      <EmptyState title="Nothing on the shelf yet" action={<ButtonLink look="primary" to="/work/$bar/menu" params={{ bar }}>Upload a menu</ButtonLink>}>
        <p>A menu brings its ingredients along. Upload one, then say what you have of each.</p>
      </EmptyState>
    );
  }
  return (
    <>
      <div className={styles.tools}>
        <Field label="Find an ingredient" type="search" value={query} onChange={(event) => setQuery(event.currentTarget.value)} />
        <Choice legend="Show" name="filter" value={filter} onChange={setFilter} options={[["all", `All ${all.length}`], ["short", `Low or out: ${short.length}`]]} />
      </div>
      {shown.length === 0 && <p className={styles.none}>{query === "" ? "Nothing is low. Cheers." : `Nothing here is called “${query}”.`}</p>}
      <ul className={styles.rows}>
        {shown.map((ingredient) => <IngredientRow key={ingredient.id} ingredient={ingredient} onOpen={({ id }) => setOpenId(id)} />)}
      </ul>
      {open !== undefined && <IngredientDialog bar={bar} ingredient={open} onClose={() => setOpenId(null)} />}
    </>
  );
}
