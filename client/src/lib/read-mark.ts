/**
 * How far one has read a room, on its way to the server: told a moment later, since it moves all
 * the time, and again after a lost connection if it wasn't answered.
 */
import type { Environment } from "./environment.js";
import type { Membership } from "./frames.js";
import { type MembershipOutcome, retrySeconds } from "./requests.js";

const TELL_MILLISECONDS = 1_000;

type Tell = (seq: number, version: number, answered: (outcome: MembershipOutcome) => void) => void;

interface Wanted {
  seq: number;
  /**
   * The version of the read position when one read so far. A later one means that the messages were
   * marked as unread since.
   */
  version: number | undefined;
}

export class ReadMark {
  #wanted: Wanted | undefined;
  #cancel: (() => void) | undefined;
  #isTelling = false;

  constructor(
    private readonly environment: Environment,
    private readonly tell: Tell,
  ) {}

  /** One has read so far, in a version or in the latest. `known` is what the server said last. */
  moveTo(seq: number, version: number | undefined, known: Membership | undefined): void {
    this.#wanted = { seq, version };
    if (known === undefined) this.#wait(TELL_MILLISECONDS);
    else this.learn(known);
  }

  /** The server says how far one has read. */
  learn({ read, version }: Membership): void {
    if (this.#wanted === undefined) return;
    this.#wanted.version ??= version;
    if (this.#wanted.version !== version || this.#wanted.seq <= read) this.forget();
    else this.#wait(TELL_MILLISECONDS);
  }

  forget(): void {
    this.#wanted = undefined;
    this.offline();
  }

  offline(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(milliseconds: number): void {
    if (this.#isTelling) return;
    this.#cancel ??= this.environment.startTimer(() => {
      this.#cancel = undefined;
      this.#tell();
    }, milliseconds);
  }

  #tell(): void {
    const wanted = this.#wanted;
    if (wanted?.version === undefined) return;
    this.#isTelling = true;
    this.tell(wanted.seq, wanted.version, (outcome) => {
      this.#isTelling = false;
      // The next `membership` has this mark tell the server again.
      if (outcome.type === "lost") return;
      const retry = outcome.type === "error" ? retrySeconds(outcome) : undefined;
      if (retry === undefined && this.#wanted === wanted) this.forget();
      if (this.#wanted !== undefined) this.#wait(retry === undefined ? TELL_MILLISECONDS : retry * 1000);
    });
  }
}
