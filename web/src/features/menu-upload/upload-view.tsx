import { useState } from "react";
import { ButtonLink } from "~/components/button";
import { Notice } from "~/components/states";
import { ApiProblem, describeError } from "~/lib/problem";
import { AS_IT_IS, describeUnfit, exportAddress, useCommit, usePreview, type MenuImport, type ReadingOptions } from "./api";
import { FileDrop } from "./file-drop";
import { Preview } from "./preview";
import { TEMPLATE_CSV } from "./template";
import styles from "./upload.module.css";

const TEMPLATE_ADDRESS = `data:text/csv;charset=utf-8,${encodeURIComponent(TEMPLATE_CSV)}`;

/** The menu as a file: in, with a look before it counts, and out. */
export function UploadView({ bar }: { bar: string }) {
  const [file, setFile] = useState<File | null>(null);
  const [options, setOptions] = useState<ReadingOptions>(AS_IT_IS);
  const [shown, setShown] = useState<MenuImport | null>(null); // Stays while the file is read again.
  const preview = usePreview(bar);
  const commit = useCommit(bar);
  const unfit = file === null ? null : describeUnfit(file);

  const choose = (chosen: File) => {
    setFile(chosen);
    commit.reset();
    preview.reset();
    setOptions(AS_IT_IS);
    setShown(null);
    if (describeUnfit(chosen) === null) preview.mutate({ file: chosen, options: AS_IT_IS }, { onSuccess: setShown });
  };
  const readAgain = (changed: ReadingOptions) => {
    setOptions(changed);
    if (file !== null) preview.mutate({ file, options: changed }, { onSuccess: setShown });
  };
  const discard = () => {
    setFile(null);
    setShown(null);
    preview.reset();
    commit.reset();
  };

  return (
    <div className={styles.upload}>
      {commit.isSuccess && (
        <Notice tone="good">
          <p><strong>The menu is published.</strong> Guests see it already. A drink stays sold out until what goes in it is in stock.</p>
          <p className={styles.actions}>
            <ButtonLink to="/bars/$bar" params={{ bar }}>See it as a guest</ButtonLink>
            <ButtonLink to="/work/$bar/stock" params={{ bar }}>Fill the stock</ButtonLink>
          </p>
        </Notice>
      )}
      {shown !== null && file !== null && !commit.isSuccess ? (
        <Preview
          fileName={file.name} preview={shown} options={options} isCommitting={commit.isPending} error={commit.error}
          onReadAgain={readAgain} onCommit={() => commit.mutate(shown)} onDiscard={discard}
        />
      ) : (
        <FileDrop isBusy={preview.isPending} onFile={choose} />
      )}
      {unfit !== null && <Notice tone="bad">{unfit}</Notice>}
      {preview.isError && <UploadError error={preview.error} />}
      <section className={styles.formats}>
        <h2>How to write it</h2>
        <p>In any spreadsheet, saved as CSV. One row for each ingredient of a drink. The first row of a drink names its section and price; the rows below it may leave them empty. Amounts may be written as recipes write them: 1 1/2 oz, 2–3 dashes, juice of ½.</p>
        {/* It scrolls sideways on a phone, so the keyboard must reach it. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre className={styles.example} tabIndex={0} role="region" aria-label="Example">{TEMPLATE_CSV}</pre>
        <p className={styles.actions}>
          <a href={TEMPLATE_ADDRESS} download="menu-template.csv">Download this example</a>
          <a href={exportAddress(bar, "csv")} download>Download your menu as CSV</a>
          <a href={exportAddress(bar, "json")} download>as JSON</a>
        </p>
      </section>
    </div>
  );
}

function UploadError({ error }: { error: unknown }) {
  const faults = error instanceof ApiProblem ? error.errors : [];
  return (
    <Notice tone="bad">
      <p>{describeError(error)}</p>
      <ul>{faults.map(({ pointer, message }) => <li key={pointer}>{pointer} {message}</li>)}</ul>
    </Notice>
  );
}
