/**
 * One's membership of a room: what the server counted, and what has happened since. The steps since
 * then are remembered for a while, as an answer can be about a moment that has passed here.
 */
import type { Membership } from "./frames.js";
import type { RoomEvent, ServerFrameOf } from "./select.js";

/** The server counts no further; so many are so many or more. */
export const MOST_UNREAD = 100;
/** Beyond these the oldest become one. */
const MOST_STEPS = 64;

/** The log has gone on `from` one seq `to` another. */
interface Step {
  from: number;
  to: number;
  /** So many messages of others came. */
  messages: number;
  /** Whether that is all that can change the count. */
  sure: boolean;
}

export class CountedMembership {
  /** As far as the log is known. */
  now: Membership;
  /** Whether `now.unread` is what the server would count. Otherwise it has to be asked. */
  sure = true;
  #steps: Step[] = [];

  constructor(counted: Membership) {
    this.now = counted;
  }

  /** The server has counted, maybe before the last steps. */
  take(counted: Membership): void {
    // A level says nothing about a moment of the log.
    const now = (this.now = { ...this.now, level: counted.level });
    if (isEarlier(counted, now)) return;
    const steps = this.#steps.filter(({ to }) => to > counted.seq);
    const seq = Math.max(counted.seq, now.seq);
    const follows = counted.seq === (steps[0]?.from ?? seq);
    // What is known here is as good, or newer.
    if (!follows && !isEarlier(now, counted)) return;
    this.#steps = steps;
    this.sure = follows && steps.every(({ sure }) => sure);
    const unread = steps.reduce((sum, { messages }) => sum + messages, counted.unread);
    const timestamp = steps.length === 0 ? counted.timestamp : latest(counted.timestamp, now.timestamp);
    this.now = { ...counted, seq, timestamp, unread: Math.min(MOST_UNREAD, unread) };
  }

  /** The log of a room that isn't followed has gone on, at about `time`. */
  moved({ after, seq, posted }: ServerFrameOf<"head">, self: string, time: string): void {
    if (seq <= this.now.seq) return;
    const messages = (posted ?? []).reduce((sum, part) => sum + (part.sender === self ? 0 : part.messages), 0);
    this.#step(seq, messages, posted !== undefined && after === this.now.seq);
    if (posted !== undefined) this.#active(time);
  }

  /** An event of a room that is followed. */
  happened(event: RoomEvent, self: string): void {
    if (event.seq <= this.now.seq) return;
    const counts = event.type === "message" && event.sender !== self && event.deleted !== true;
    this.#step(event.seq, counts ? 1 : 0, event.type !== "deleted" && event.seq === this.now.seq + 1);
    if (event.type === "message") this.#active(event.timestamp);
    if (event.type === "room") {
      const { name, kind, announcement, active } = event;
      this.now = { ...this.now, name, kind, announcement, archived: !active };
    }
  }

  /** What happened until `seq` isn't told any more. */
  skippedTo(seq: number): void {
    if (seq > this.now.seq) this.#step(seq, 0, false);
  }

  #step(to: number, messages: number, sure: boolean): void {
    this.#steps.push({ from: this.now.seq, to, messages, sure });
    if (this.#steps.length > MOST_STEPS) this.#join();
    this.sure &&= sure;
    this.now = { ...this.now, seq: to, unread: Math.min(MOST_UNREAD, this.now.unread + messages) };
  }

  #join(): void {
    const [first, second, ...others] = this.#steps;
    if (first === undefined || second === undefined) return;
    const both = { messages: first.messages + second.messages, sure: first.sure && second.sure };
    this.#steps = [{ from: first.from, to: second.to, ...both }, ...others];
  }

  #active(timestamp: string): void {
    this.now = { ...this.now, timestamp: latest(timestamp, this.now.timestamp) };
  }
}

/** Whether a read position is one that was left already. */
function isEarlier(left: Membership, right: Membership): boolean {
  return left.version < right.version || (left.version === right.version && left.read < right.read);
}

/** A clock that is slow moves no room back. */
function latest(left: string | undefined, right: string | undefined): string | undefined {
  return (left ?? "") > (right ?? "") ? left : right;
}
