/**
 * Which of the loaded messages are drawn: at most 300 rows around the place where one reads.
 * Bounds are seqs, so that they stay true when messages are added at either end.
 */
import type { ShownMessage } from "../lib";
import { EVENTS } from "./parts";

export const MOST_ROWS = 300;
/** The first frame draws so many rows. */
export const FIRST_ROWS = 20;
/** So many rows are added at a time. */
export const STEP = 50;
/** So many rows stand above the first unread one when the log opens there. */
const ROWS_BEFORE_NEW = 4;

export interface Bounds {
  from: number;
  /** Infinity follows the end, with what has no seq yet. */
  to: number;
}

export interface Span {
  start: number;
  end: number;
}

/** The bounds of the first frame: the end, or the first unread message. */
export function openAt(messages: readonly ShownMessage[], firstNew: number | undefined): Bounds {
  const fromEnd = partAfter(messages, Math.max(0, messages.length - FIRST_ROWS));
  const index = firstNew === undefined ? -1 : messages.findIndex(({ seq }) => seq === firstNew);
  const start = index === -1 ? fromEnd : Math.max(0, Math.min(fromEnd, index - ROWS_BEFORE_NEW));
  return boundsOf(messages, start, start + FIRST_ROWS);
}

/** The bounds of the first frame of a log that was scrolled to a message. */
export function comeBackTo(messages: readonly ShownMessage[], index: number): Bounds {
  const start = partOf(messages, Math.max(0, index - ROWS_BEFORE_NEW));
  // Enough of them below it fill the screen, or it couldn't stand where it stood.
  return boundsOf(messages, start, index + 2 * FIRST_ROWS);
}

/**
 * The rows within `bounds`. Too many lose their beginning while one is at the end, else their end.
 * Bounds of a longer history, which was replaced, are those of the end.
 */
export function cut(messages: readonly ShownMessage[], bounds: Bounds, atEnd: boolean): Span {
  const last = messages.findLast(({ seq }) => seq !== undefined)?.seq ?? Infinity;
  const { from, to } = bounds.from > last ? openAt(messages, undefined) : bounds;
  const start = firstAfter(messages, from - 1);
  const end = to === Infinity ? messages.length : firstAfter(messages, to);
  if (end - start <= MOST_ROWS) return { start, end };
  return atEnd ? { start: end - MOST_ROWS, end } : { start, end: start + MOST_ROWS };
}

/** Adds rows above, and lets go of as many below as are too many. */
export function growUp(messages: readonly ShownMessage[], { start, end }: Span, rows = STEP): Bounds {
  const first = partOf(messages, Math.max(0, start - rows));
  return boundsOf(messages, first, Math.min(end, first + MOST_ROWS));
}

/** Adds rows below, and lets go of as many above as are too many. */
export function growDown(messages: readonly ShownMessage[], { start, end }: Span, rows = STEP): Bounds {
  const last = Math.min(messages.length, end + rows);
  return boundsOf(messages, Math.max(start, last - MOST_ROWS), last);
}

/** Rows around one that isn't drawn. */
export function around(messages: readonly ShownMessage[], index: number): Bounds {
  return boundsOf(messages, Math.max(0, index - STEP), index + STEP);
}

export function boundsOf(messages: readonly ShownMessage[], start: number, end: number): Bounds {
  const to = end >= messages.length ? Infinity : (messages[end - 1]?.seq ?? Infinity);
  return { from: messages[start]?.seq ?? 0, to };
}

/** The index of the first message of the part in which a message is. */
function partOf(messages: readonly ShownMessage[], index: number): number {
  let first = index;
  while (first > 0 && part(messages[first - 1]) === part(messages[index])) first -= 1;
  return first;
}

/** The index where a part begins, from `index` on. */
function partAfter(messages: readonly ShownMessage[], index: number): number {
  let first = index;
  while (first > 0 && first < messages.length && part(messages[first - 1]) === part(messages[first])) first += 1;
  return first < messages.length ? first : index;
}

function part(message: ShownMessage | undefined): number {
  return Math.floor((message?.seq ?? Infinity) / EVENTS);
}

/** The index of the first message after `seq`; those that aren't in the log yet come last. */
function firstAfter(messages: readonly ShownMessage[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((messages[middle]?.seq ?? Infinity) > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}
