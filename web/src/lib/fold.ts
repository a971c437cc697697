/** `text` without case and accents, so that "creme" finds "Crème". */
export function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLocaleLowerCase();
}
