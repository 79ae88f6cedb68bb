/**
 * Turns the texts of `locales/` into data when the client is built, so that the browser gets
 * neither the parser nor the notes for translators.
 */
import { FluentResource } from "@fluent/bundle";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import type { Pattern, Piece } from "./src/ui/texts";

type FluentPattern = Exclude<FluentResource["body"][number]["value"], null>;
type FluentPiece = Exclude<FluentPattern, string>[number];

/** `language` is the one whose texts are meant by `texts:chat`. */
export const texts = (language: string): Plugin => ({
  name: "texts",
  enforce: "pre",
  resolveId(source) {
    return source === "texts:chat" ? fileURLToPath(new URL(`../locales/${language}/chat.ftl`, import.meta.url)) : null;
  },
  load(id) {
    if (!id.endsWith(".ftl")) return null;
    this.addWatchFile(id);
    return { code: `export default ${JSON.stringify(compile(readFileSync(id, "utf8")))}`, moduleType: "js" };
  },
});

/** Each text by its name. What the client has no use for is an error. */
export function compile(source: string): Record<string, Pattern> {
  const { body } = new FluentResource(source);
  return Object.fromEntries(body.map(({ id, value }) => [id, compilePattern(id, value ?? "")]));
}

function compilePattern(id: string, pattern: FluentPattern): Pattern {
  return typeof pattern === "string" ? pattern : pattern.map((piece) => compilePiece(id, piece));
}

function compilePiece(id: string, piece: FluentPiece): Piece {
  if (typeof piece === "string") return piece;
  if (piece.type === "var") return [piece.name];
  if (piece.type !== "select" || piece.selector.type !== "var") throw new Error(`${id}: the client can't show this`);
  const { selector, variants, star } = piece;
  const forms = variants.map(({ key, value }) => [String(key.value), compilePattern(id, value)]);
  if (String(variants[star]?.key.value) !== "other") throw new Error(`${id}: the usual form has to be "other"`);
  return [selector.name, Object.fromEntries(forms) as Record<string, Pattern>];
}
