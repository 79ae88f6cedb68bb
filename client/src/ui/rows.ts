/**
 * Puts messages into rows: where a day begins, which messages of one sender belong together, where
 * the new ones are.
 */
import type { ShownMessage } from "../lib";
import { startOfDay } from "./localisation";

export interface Row {
  message: ShownMessage;
  date: Date;
  /** The beginning of its day here. */
  day: number;
  /** The first of its day. */
  startsDay: boolean;
  /** The first and the last of a group: one sender, one name, within a few minutes. */
  startsGroup: boolean;
  endsGroup: boolean;
  /** The first that wasn't read yet. */
  startsNew: boolean;
}

/** The id of a row's element. */
export function rowId(key: string): string {
  return `message-${key}`;
}

const GROUP_MILLISECONDS = 5 * 60_000;

const rowsBefore = new WeakMap<ShownMessage, Row>();

/**
 * A row that hasn't changed is the same object as before, so that only what changed is drawn again.
 */
export function createRows(messages: readonly ShownMessage[], firstNew: number | undefined): Row[] {
  const rows: Row[] = [];
  let before: Row | undefined;
  for (const message of messages) {
    const { date, day } = rowsBefore.get(message) ?? timeOf(message);
    const startsDay = before?.day !== day;
    const startsNew = firstNew !== undefined && message.seq === firstNew;
    const startsGroup = startsDay || startsNew || before === undefined || !belongTogether(before, message, date);
    if (before !== undefined) rows.push(settle(before, startsGroup));
    before = { message, date, day, startsDay, startsGroup, endsGroup: true, startsNew };
  }
  if (before !== undefined) rows.push(settle(before, true));
  return rows;
}

function timeOf({ timestamp }: ShownMessage): Pick<Row, "date" | "day"> {
  const date = new Date(timestamp);
  return { date, day: startOfDay(date) };
}

function settle(row: Row, endsGroup: boolean): Row {
  const same = rowsBefore.get(row.message);
  const unchanged =
    same?.startsDay === row.startsDay &&
    same.startsGroup === row.startsGroup &&
    same.endsGroup === endsGroup &&
    same.startsNew === row.startsNew;
  if (same !== undefined && unchanged) return same;
  row.endsGroup = endsGroup;
  rowsBefore.set(row.message, row);
  return row;
}

function belongTogether(before: Row, message: ShownMessage, date: Date): boolean {
  const { sender, username } = before.message;
  const samePerson = sender === message.sender && username === message.username;
  return samePerson && date.getTime() - before.date.getTime() < GROUP_MILLISECONDS;
}
