import { Link, type LinkProps } from "@tanstack/react-router";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import styles from "./button.module.css";

type Look = "primary" | "secondary" | "quiet" | "danger";

interface Appearance {
  look?: Look;
  wide?: boolean;
  large?: boolean;
}

function classNames({ look = "secondary", wide = false, large = false }: Appearance): string {
  return [styles.button, styles[look], wide && styles.wide, large && styles.large].filter(Boolean).join(" ");
}

type ButtonProps = Appearance & ButtonHTMLAttributes<HTMLButtonElement>;

export function Button({ look, wide, large, type = "button", ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} className={classNames({ look, wide, large })} />
  );
}

type ButtonLinkProps = Appearance & LinkProps & { children: ReactNode };

/** A link that looks like a button: it goes somewhere, it does not do something. */
export function ButtonLink({ look, wide, large, ...rest }: ButtonLinkProps) {
  return <Link {...rest} className={classNames({ look, wide, large })} />;
}
