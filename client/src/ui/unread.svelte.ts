/**
 * What hasn't been on screen yet: how much of it, where it starts, and where the mark of the new
 * ones stands.
 */
import type { ReadPosition, RoomState, ShownMessage } from "../lib";
import type { SeenPosition } from "./seen";

type Log = Pick<RoomState, "messages" | "more" | "past" | "resuming" | "status" | "read">;
type Position = Pick<SeenPosition, "read" | "write" | "replace">;

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
  /** Whether what a resume brings is still coming: none of it is seen before the rest is there. */
  resuming = $state(false);
  /** May be beyond the last message here: another tab can be ahead. */
  #seen: number | undefined;
  /** The version of that position: a later one is of messages that were marked as unread since. */
  #version = 0;
  /** Whether nobody has said yet what was seen: a first visit, at least of this browser. */
  #isGuess = false;
  /** Whether the server has said it. */
  #heard = false;
  /**
   * Whether messages were marked as unread while the log was open. What is on screen then isn't
   * seen by that.
   */
  #held = false;
  #last: number | undefined;
  #online = false;
  /** What had been seen when the mark was set. */
  #newAfter: number | undefined;
  #messages: readonly ShownMessage[] = [];

  constructor(private readonly position: Position) {}

  /** `looking`: the page is visible, and the log at its end. */
  update({ messages, more, past, resuming, status, read }: Log, looking: boolean): void {
    this.resuming = resuming;
    const last = messages.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
    if (this.#seen === undefined) this.#begin(last);
    const comesOnline = status === "online" && !this.#online;
    this.#online = status === "online";
    if (read !== undefined) this.#heed(read, comesOnline);
    else if (this.#isGuess && comesOnline) this.#moveTo(last);
    // What comes while one follows the talk is seen; what a resume brings waits until it was on
    // screen.
    const caughtUp = looking && this.count === 0 && this.#last !== undefined && !this.#held;
    this.#last = last;
    this.#messages = messages;
    if (comesOnline && (this.#seen ?? 0) > Math.max(past, last)) this.#moveBack({ seq: last, version: this.#version });
    if (comesOnline && (this.#seen ?? 0) > (read?.seq ?? Infinity)) this.#write();
    const { first } = this.#othersAfter(this.#seen ?? 0);
    if (caughtUp && !this.#isBeyond(more) && (first ?? Infinity) > past) this.#moveTo(last);
    this.#count(more);
  }

  /**
   * Rows from one seq to another are on screen. Nothing is skipped: what lies above stays unseen.
   */
  saw(from: number, to: number, more: boolean): void {
    const { first } = this.#othersAfter(this.#seen ?? 0);
    if (this.#held || this.resuming || this.#isBeyond(more) || first === undefined || first < from || first > to)
      return;
    this.#moveTo(Math.min(to, this.#last ?? 0));
    this.#count(more);
  }

  /** Another tab has seen more, maybe of what hasn't come here yet. It has stored it, too. */
  seenElsewhere({ seq, version }: ReadPosition, more: boolean): void {
    if (this.#seen === undefined || version !== this.#version || seq <= this.#seen) return;
    this.#seen = seq;
    this.#count(more);
  }

  /** One is back at the page. */
  returned(): void {
    this.#held = false;
  }

  markRead(): void {
    this.#held = false;
    this.#moveTo(this.#last ?? 0);
    this.#newAfter = undefined;
    this.#count(false);
  }

  /** One wrote something: the mark has done its work, unless there is more to read. */
  answered(): void {
    this.#held = false;
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
    const stored = this.position.read();
    this.#isGuess = stored === undefined;
    this.#seen = stored?.seq ?? last;
    this.#version = stored?.version ?? 0;
  }

  /** The server says what was seen, on all one's devices. */
  #heed(read: ReadPosition, comesOnline: boolean): void {
    const isFirst = !this.#heard;
    this.#heard = true;
    const { version } = read;
    // A version that is lower is an old one on its way, or of another history.
    if (this.#isGuess || version > this.#version || (version < this.#version && comesOnline)) {
      this.#held = !isFirst && version > this.#version;
      this.#isGuess = false;
      this.#moveBack(read);
    } else if (version === this.#version) this.#moveTo(read.seq);
  }

  #moveTo(seq: number): void {
    if (!this.#isGuess && seq <= (this.#seen ?? -1)) return;
    this.#isGuess = false;
    this.#seen = seq;
    this.#write();
  }

  #write(): void {
    this.position.write({ seq: this.#seen ?? 0, version: this.#version });
  }

  /**
   * Messages were marked as unread, or the history was replaced by a shorter one. Coming online
   * tells where the log ends; what had been seen beyond that is of another history.
   */
  #moveBack({ seq, version }: ReadPosition): void {
    this.#seen = seq;
    this.#version = version;
    this.#newAfter = undefined;
    this.count = 0;
    this.position.replace({ seq, version });
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
