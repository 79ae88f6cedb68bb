/**
 * The messages of a room as its log tells them: events are applied strictly in order of `seq`, each
 * once.
 */
import { kindOf } from "./events/index.js";
import type { Message } from "./frames.js";
import type { RoomEvent, Snapshot } from "./select.js";

export class Timeline {
  messages: readonly Message[] = [];
  /** The last event that is contained. */
  last = 0;
  /** When that was stored: the proof that it is of the same history. */
  timestamp: string | undefined;
  /** Whether the server has older messages. */
  more = false;
  /**
   * Changes that came while a page was on its way, which may show the messages as they were before.
   */
  #changesDuringPage: RoomEvent[] | undefined;

  replace(snapshot: Snapshot): void {
    this.messages = snapshot.messages;
    this.last = snapshot.seq;
    this.timestamp = snapshot.timestamp;
    this.more = snapshot.more;
    this.#changesDuringPage = undefined;
  }

  apply(event: RoomEvent): "applied" | "old" | "gap" {
    if (event.seq <= this.last) return "old";
    if (event.seq > this.last + 1) return "gap";
    this.last = event.seq;
    this.timestamp = event.timestamp;
    const message = kindOf(event).post?.(event);
    this.messages = message === undefined ? change(this.messages, event) : [...this.messages, message];
    this.#changesDuringPage?.push(event);
    return "applied";
  }

  /** A page of older messages is asked for; the result is the `before` to ask with. */
  beginPage(): number {
    this.#changesDuringPage = [];
    return this.messages[0]?.seq ?? this.last + 1;
  }

  /** The page came. It is refused when the history was replaced meanwhile. */
  addPage(before: number, page: { messages: readonly Message[]; more: boolean }): void {
    if (this.#changesDuringPage === undefined || before !== (this.messages[0]?.seq ?? this.last + 1)) return;
    this.messages = [...this.#changesDuringPage.reduce(change, page.messages), ...this.messages];
    this.more = page.more;
    this.#changesDuringPage = undefined;
  }

  /** The page won't come. */
  cancelPage(): void {
    this.#changesDuringPage = undefined;
  }

  /** Forgets all but the latest `count` messages; the others can be asked for again. */
  keepLatest(count: number): boolean {
    if (this.messages.length <= count) return false;
    this.messages = this.messages.slice(-count);
    this.more = true;
    return true;
  }
}

function change(messages: readonly Message[], event: RoomEvent): readonly Message[] {
  const index = "target" in event ? messages.findLastIndex((message) => message.seq === event.target) : -1;
  const target = messages[index];
  const { change } = kindOf(event);
  if (target === undefined || change === undefined) return messages;
  const changed = change(target, event);
  const after = messages.slice(index + 1);
  return changed === undefined
    ? [...messages.slice(0, index), ...after]
    : [...messages.slice(0, index), changed, ...after];
}
