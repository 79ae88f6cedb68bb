/** Texts with variables and plurals, as `texts.ts` beside the build's configuration makes them. */

/** What a variable can be. */
export type Variables = Record<string, string | number>;

/** A variable's value, or the form of its number. */
export type Piece = string | [variable: string] | [variable: string, forms: Record<string, Pattern>];
export type Pattern = string | Piece[];

/** They keep the directions of inserted text apart from what stands around it. */
const ISOLATE = "\u2068";
const END_OF_ISOLATE = "\u2069";

export class Texts {
  readonly #plurals: Intl.PluralRules;
  readonly #numbers: Intl.NumberFormat;

  constructor(
    language: string,
    private readonly patterns: Readonly<Record<string, Pattern>>,
  ) {
    this.#plurals = new Intl.PluralRules(language);
    this.#numbers = new Intl.NumberFormat(language);
  }

  /** The text of that name, or the name where there is none. */
  format(name: string, variables: Variables): string {
    return this.#show(this.patterns[name] ?? name, variables);
  }

  #show(pattern: Pattern, variables: Variables): string {
    if (typeof pattern === "string") return pattern;
    const isolates = pattern.length > 1;
    return pattern
      .map((piece) => {
        if (typeof piece === "string") return piece;
        const shown = this.#value(piece, variables);
        return isolates ? ISOLATE + shown + END_OF_ISOLATE : shown;
      })
      .join("");
  }

  #value([name, forms]: Exclude<Piece, string>, variables: Variables): string {
    const value = variables[name] ?? `{$${name}}`;
    if (forms === undefined) return typeof value === "number" ? this.#numbers.format(value) : value;
    const form = typeof value === "number" ? this.#plurals.select(value) : value;
    return this.#show(forms[form] ?? forms["other"] ?? "", variables);
  }
}
