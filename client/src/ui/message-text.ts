/**
 * Splits a message's text into what is shown each in its own way, and recognises messages that are
 * nothing but emoji.
 */
import { EMOJI } from "./characters";
import { findLinks } from "./links";

export interface Piece {
  text: string;
  /** Set when the piece is a link. */
  href?: string;
  /** A character that would turn the letters after it. */
  turns?: boolean;
}

/** Left-to-right and right-to-left override. */
const TURNS = /([\u202D\u202E]+)/u;
const MOST_EMOJI = 3;

export function splitText(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const { index, length, shown, href } of findLinks(text)) {
    pieces.push(...splitTurns(text.slice(end, index)), { text: shown, href });
    end = index + length;
  }
  pieces.push(...splitTurns(text.slice(end)));
  return pieces;
}

/** One to three emoji and nothing else. */
export function isOnlyEmoji(text: string): boolean {
  if (text.length > 60) return false;
  const rest = text.replace(EMOJI, "");
  const count = text.match(EMOJI)?.length ?? 0;
  return rest.trim() === "" && count >= 1 && count <= MOST_EMOJI;
}

/**
 * Takes apart what would turn the letters after it. Every second part is what the expression
 * caught.
 */
export function splitTurns(text: string): Piece[] {
  const parts = text
    .split(TURNS)
    .map((part, index): Piece => (index % 2 ? { text: part, turns: true } : { text: part }));
  return parts.filter((part) => part.text !== "");
}

/** A message as the server keeps it: without empty lines at both ends. */
export function withoutEmptyLines(text: string): string {
  const last = text.trimEnd().length;
  const end = text.slice(last).search(/[\n\v\f\r\u0085\u2028\u2029]/u);
  const kept = end < 0 ? text : text.slice(0, last + end);
  return kept.replace(/^\s*[\n\v\f\r\u0085\u2028\u2029]/u, "");
}

/**
 * Whether marks on a letter, or a sign as wide as a phrase, could cover what is above, below or
 * beside it.
 */
export function climbs(text: string): boolean {
  return /\p{M}{3}|[\u{fdfd}\u{a9c5}\u{12219}\u{1242b}]/u.test(text);
}
