/**
 * The keys of the log: they move the focus and the view together, and act on the message that has
 * the focus.
 */
import type { ShownMessage } from "../lib";
import { focusComposer, isPrintable } from "./regions";
import { rowId } from "./rows";

/** What the log does for its keys. */
export interface Moves {
  messages(): readonly ShownMessage[];
  /** Draws the row of a message, wherever it is. */
  show(index: number): Promise<void>;
  /** Loads older messages; the only key that does is the one that goes up at the first row. */
  loadOlder(): Promise<void>;
  toEnd(): void;
  nextUnread(from: ShownMessage | undefined): void;
  act(key: "menu" | "edit" | "delete" | "unread" | "read" | "keys", message: ShownMessage | undefined): void;
}

/** PageUp and PageDown leave so much of the view in sight. */
const OVERLAP_PIXELS = 60;
const ACTS = { Enter: "menu", e: "edit", Delete: "delete" } as const;

export class LogKeys {
  /** The seq of the message that had the focus last. */
  #active = 0;

  constructor(
    private readonly container: HTMLElement,
    private readonly moves: Moves,
  ) {}

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    const row = target.closest<HTMLElement>(".message");
    const message = this.moves.messages().find(({ key }) => rowId(key) === row?.id);
    if (message !== undefined) this.#active = message.seq ?? Infinity;
    // A link or button inside a message keeps its own keys.
    const inside = row !== null && target !== row;
    if (this.#go(event.key, message) || (!inside && this.#act(event, message))) event.preventDefault();
    else if (!inside && isPrintable(event)) focusComposer();
  }

  /** Gives a message's row the focus, and has it in view. */
  async focus(index: number, block: ScrollLogicalPosition = "nearest"): Promise<void> {
    const message = this.moves.messages()[index];
    if (message === undefined) return;
    await this.moves.show(index);
    const row = document.getElementById(rowId(message.key));
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block });
    this.#active = message.seq ?? Infinity;
  }

  #act({ key, shiftKey }: KeyboardEvent, message: ShownMessage | undefined): boolean {
    if (key === "Escape") this.moves.act("read", message);
    else if (key === "?") this.moves.act("keys", message);
    else if (message === undefined) return false;
    else if (key.toLowerCase() === "u" && shiftKey) this.moves.act("unread", message);
    else if (key.toLowerCase() === "u") this.moves.nextUnread(message);
    else {
      const act = ACTS[(key.length === 1 ? key.toLowerCase() : key) as keyof typeof ACTS];
      if (act === undefined) return false;
      this.moves.act(act, message);
    }
    return true;
  }

  #go(key: string, from: ShownMessage | undefined): boolean {
    const messages = this.moves.messages();
    const index = from === undefined ? -1 : messages.indexOf(from);
    if (messages.length === 0) return false;
    if (key === "Home") void this.focus(0, "start");
    else if (key === "End") {
      this.moves.toEnd();
      void this.focus(messages.length - 1, "end").then(() => this.moves.toEnd());
    } else if (key === "ArrowUp" || key === "ArrowDown") this.#step(key === "ArrowUp" ? -1 : 1, index);
    else if (key === "PageUp" || key === "PageDown") this.#page(key === "PageUp" ? -1 : 1, index);
    else return false;
    return true;
  }

  #step(by: 1 | -1, index: number): void {
    if (index === -1) void this.focus(this.#entry());
    else if (this.#scrollsWithin(by, index)) return;
    else if (index + by < 0) void this.#loadOlder();
    else void this.focus(index + by);
  }

  /**
   * From the log itself one comes to the message that had the focus, if it is in view, else to the
   * last in view.
   */
  #entry(): number {
    const messages = this.moves.messages();
    const before = messages.findLastIndex(({ seq }) => (seq ?? Infinity) <= this.#active);
    const { top, bottom } = this.container.getBoundingClientRect();
    const rowAt = (index: number): DOMRect | undefined =>
      document.getElementById(rowId(messages[index]?.key ?? ""))?.getBoundingClientRect();
    const isSeen = (box: DOMRect | undefined): boolean => box !== undefined && box.bottom > top && box.top < bottom;
    if (before !== -1 && isSeen(rowAt(before))) return before;
    for (let index = messages.length - 1; index >= 0; index -= 1) if (isSeen(rowAt(index))) return index;
    return messages.length - 1;
  }

  /** A message that is higher than the view is read before the next has its turn. */
  #scrollsWithin(by: 1 | -1, index: number): boolean {
    const row = document.getElementById(rowId(this.moves.messages()[index]?.key ?? ""));
    if (row === null) return false;
    const box = row.getBoundingClientRect();
    const view = this.container.getBoundingClientRect();
    const hidden = by === 1 ? box.bottom - view.bottom : view.top - box.top;
    if (box.height <= view.height || hidden < 1) return false;
    this.container.scrollTop += by * Math.min(hidden, view.height - OVERLAP_PIXELS);
    return true;
  }

  #page(by: 1 | -1, index: number): void {
    const messages = this.moves.messages();
    let next = index === -1 ? this.#entry() : index;
    if (next === 0 && by === -1) return void this.#loadOlder();
    const start = document.getElementById(rowId(messages[next]?.key ?? ""))?.getBoundingClientRect();
    if (start === undefined) return;
    const distance = this.container.clientHeight - OVERLAP_PIXELS;
    let last = next;
    for (next += by; next >= 0 && next < messages.length; next += by) {
      const box = document.getElementById(rowId(messages[next]?.key ?? ""))?.getBoundingClientRect();
      if (box === undefined || Math.abs(box.top - start.top) > distance) break;
      last = next;
    }
    void this.focus(last === index ? Math.min(Math.max(index + by, 0), messages.length - 1) : last);
  }

  async #loadOlder(): Promise<void> {
    const first = this.moves.messages()[0];
    await this.moves.loadOlder();
    const index = this.moves.messages().findIndex(({ key }) => key === first?.key);
    if (index > 0) await this.focus(index - 1);
  }
}
