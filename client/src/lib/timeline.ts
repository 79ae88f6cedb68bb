/** The messages of a room as its log tells them: events are applied strictly in order of `seq`, each once. */
import type { Message } from "./frames.js";
import type { RoomEvent, ServerFrameOf, Snapshot } from "./select.js";

type Change = ServerFrameOf<"edited" | "deleted">;

export class Timeline {
  messages: readonly Message[] = [];
  /** The last event that is contained. */
  last = 0;
  /** Whether the server has older messages. */
  more = false;
  /** Changes that came while a page was on its way, which may show the messages as they were before. */
  #changesDuringPage: Change[] | undefined;

  replace(snapshot: Snapshot): void {
    this.messages = snapshot.messages;
    this.last = snapshot.seq;
    this.more = snapshot.more;
    this.#changesDuringPage = undefined;
  }

  apply(event: RoomEvent): "applied" | "old" | "gap" {
    if (event.seq <= this.last) return "old";
    if (event.seq > this.last + 1) return "gap";
    this.last = event.seq;
    if (event.type === "message") this.#post(event);
    else if (event.type !== "room") {
      this.messages = change(this.messages, event);
      this.#changesDuringPage?.push(event);
    }
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

  #post(event: ServerFrameOf<"message">): void {
    if (event.deleted === true) return;
    const { seq, message, username, sender, timestamp, edited, client_id } = event;
    this.messages = [...this.messages, { seq, message, username, sender, timestamp, edited, client_id }];
  }
}

function change(messages: readonly Message[], event: Change): readonly Message[] {
  const index = messages.findLastIndex((message) => message.seq === event.target);
  const target = messages[index];
  if (target === undefined) return messages;
  if (event.type === "deleted" || event.deleted === true) return messages.toSpliced(index, 1);
  return messages.with(index, { ...target, message: event.message, edited: event.timestamp });
}
