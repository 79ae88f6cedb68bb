/**
 * What hasn't been on screen yet: how much of it, where it starts, and where the mark of the new
 * ones stands.
 */
import type { RoomState, ShownMessage } from "../lib";
import type { SeenPosition } from "./seen";

type Log = Pick<RoomState, "messages" | "more" | "past" | "status">;
type Position = Pick<SeenPosition, "read" | "write" | "moveBack">;

interface Others {
  first: number | undefined;
  count: number;
}

const NONE: Others = { first: undefined, count: 0 };

export class Unread {
  /** So many of others haven't been on screen. */
  count = $state(0);
  /** The message under the mark. It stays until one answers or is away again. */
  firstNew = $state<number | undefined>(undefined);
  /** So many came since the mark. */
  batch = $state(0);
  /** When the first of them came. */
  since = $state("");
  /** Whether some of them are further back than what is loaded. */
  beyond = $state(false);
  /** May be beyond the last message here: another tab can be ahead. */
  #seen: number | undefined;
  #last: number | undefined;
  #online = false;
  /** What had been seen when the mark was set. */
  #newAfter: number | undefined;
  #messages: readonly ShownMessage[] = [];

  constructor(private readonly position: Position) {}

  /** `looking`: the page is visible, and the log at its end. */
  update({ messages, more, past, status }: Log, looking: boolean): void {
    const last = messages.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
    if (this.#seen === undefined) this.#begin(last);
    // What comes while one follows the talk is seen; what a resume brings waits until it was on
    // screen.
    const caughtUp = looking && this.count === 0 && this.#last !== undefined;
    this.#last = last;
    this.#messages = messages;
    const comesOnline = status === "online" && !this.#online;
    this.#online = status === "online";
    if (comesOnline && (this.#seen ?? 0) > Math.max(past, last)) this.#moveBack(last);
    const { first } = this.#othersAfter(this.#seen ?? 0);
    if (caughtUp && !this.#isBeyond(more) && (first ?? Infinity) > past) this.#moveTo(last);
    this.#count(more);
  }

  /**
   * Rows from one seq to another are on screen. Nothing is skipped: what lies above stays unseen.
   */
  saw(from: number, to: number, more: boolean): void {
    const { first } = this.#othersAfter(this.#seen ?? 0);
    if (this.#isBeyond(more) || first === undefined || first < from || first > to) return;
    this.#moveTo(Math.min(to, this.#last ?? 0));
    this.#count(more);
  }

  /** Another tab has seen more, maybe of what hasn't come here yet. It has stored it, too. */
  seenElsewhere(seq: number, more: boolean): void {
    if (this.#seen === undefined || seq <= this.#seen) return;
    this.#seen = seq;
    this.#count(more);
  }

  markRead(): void {
    this.#moveTo(this.#last ?? 0);
    this.#newAfter = undefined;
    this.#count(false);
  }

  /** One wrote something: the mark has done its work, unless there is more to read. */
  answered(): void {
    if (this.count > 0) return;
    this.#newAfter = undefined;
    this.#count(false);
  }

  /**
   * Where one goes from `seq`: to the mark, or beyond it to the first that hasn't been on screen.
   */
  nextAfter(seq: number): number | undefined {
    if (this.firstNew !== undefined && seq < this.firstNew) return this.firstNew;
    const seen = this.#seen ?? 0;
    return this.#othersAfter(Math.max(seq, seen)).first ?? this.#othersAfter(seen).first;
  }

  #begin(last: number): void {
    this.#seen = this.position.read();
    if (this.#seen === undefined) this.#moveTo(last);
  }

  #moveTo(seq: number): void {
    if (this.#seen !== undefined && seq <= this.#seen) return;
    this.#seen = seq;
    this.position.write(seq);
  }

  /**
   * Coming online tells where the log ends. What had been seen beyond that is of another, longer
   * history.
   */
  #moveBack(seq: number): void {
    this.#seen = seq;
    this.#newAfter = undefined;
    this.count = 0;
    this.position.moveBack(seq);
  }

  #count(more: boolean): void {
    const seen = this.#seen ?? 0;
    const { count } = this.#othersAfter(seen);
    if (count > 0 && this.count === 0) this.#newAfter = seen;
    this.count = count;
    const after = this.#newAfter;
    const { first, count: batch } = after === undefined ? NONE : this.#othersAfter(after);
    this.firstNew = first;
    this.batch = batch;
    this.beyond = after !== undefined && this.#isBeyond(more, after);
    this.since = this.#messages.find(({ seq }) => seq !== undefined && seq === first)?.timestamp ?? "";
  }

  /** Whether messages right after the one with that seq may not be loaded. */
  #isBeyond(more: boolean, after = this.#seen ?? 0): boolean {
    return more && (this.#messages[0]?.seq ?? 0) > after + 1;
  }

  /** The messages of others after the one with that seq: the first of them, and how many. */
  #othersAfter(after: number): Others {
    let { first, count } = NONE;
    for (let index = this.#messages.length - 1; index >= 0; index -= 1) {
      const { seq, own } = this.#messages[index] as ShownMessage;
      if (seq === undefined) continue;
      if (seq <= after) break;
      if (own) continue;
      first = seq;
      count += 1;
    }
    return { first, count };
  }
}
