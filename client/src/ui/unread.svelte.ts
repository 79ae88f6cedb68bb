/** What hasn't been seen yet: how much of it, and where it starts. */
import type { ShownMessage } from "../lib";

export class Unread {
  count = $state(0);
  /** The first message that came while nobody looked; stays until one answers or looks away again. */
  firstNew = $state<number | undefined>(undefined);
  #seen: number | undefined;

  /** `looking`: the page is visible and scrolled to its end. */
  update(messages: readonly ShownMessage[], looking: boolean): void {
    const last = messages.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
    if (looking || this.#seen === undefined || this.#seen > last) this.#seen = last;
    let count = 0;
    let first: number | undefined;
    for (let index = messages.length - 1; index >= 0; index -= 1) {
      const { seq, own } = messages[index] as ShownMessage;
      if (seq === undefined || own) continue;
      if (seq <= this.#seen) break;
      count += 1;
      first = seq;
    }
    if (count > 0 && this.count === 0) this.firstNew = first;
    this.count = count;
  }

  answered(): void {
    this.firstNew = undefined;
  }
}
