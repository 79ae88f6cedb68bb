/**
 * Divides a log's rows into parts by their seq, so that a change concerns one part and the others
 * stay as they are.
 */
import type { Row } from "./rows";

export interface Part {
  number: number;
  rows: readonly Row[];
}

/**
 * So many events of the log to a part: few, since what is added above begins a part, or the part
 * below it would jump.
 */
export const EVENTS = 5;

/** A part that hasn't changed is the same object as in `before`. */
export function createParts(rows: readonly Row[], before: readonly Part[]): Part[] {
  const known = new Map(before.map((part) => [part.number, part]));
  const parts: Part[] = [];
  let collected: Row[] = [];
  let number = 0;
  let seq = 0;
  for (const row of rows) {
    // What isn't in the log yet will most likely be its next event.
    seq = row.message.seq ?? seq + 1;
    const its = Math.max(number, Math.floor(seq / EVENTS));
    if (its !== number && collected.length > 0) {
      parts.push(settle(number, collected, known));
      collected = [];
    }
    number = its;
    collected.push(row);
  }
  if (collected.length > 0) parts.push(settle(number, collected, known));
  return parts;
}

function settle(number: number, rows: Row[], known: ReadonlyMap<number, Part>): Part {
  const same = known.get(number);
  const unchanged = same?.rows.length === rows.length && rows.every((row, index) => row === same.rows[index]);
  return same !== undefined && unchanged ? same : { number, rows };
}
