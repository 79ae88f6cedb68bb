/**
 * The requests of one connection that wait for their answer, at most `limit` of them on the wire at
 * a time. When no answer has come for a while, `late` is called, again and again until one does.
 */
import type { Environment } from "./environment.js";
import type { ClientFrame, ServerFrame } from "./frames.js";
import type { Request, ServerFrameOf } from "./select.js";

export type Answer = ServerFrameOf<"ack" | "error">;

/** What became of a request; `lost`: the connection ended before the answer came. */
export type Outcome = Answer | { type: "lost" };

export type Answered = (outcome: Outcome) => void;

const LATE_MILLISECONDS = 3_000;

export class Requests {
  #reference = 0;
  #inFlight = new Map<number, Answered>();
  #waiting: { request: Request; answered: Answered }[] = [];
  #cancelLate: (() => void) | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly limit: number,
    private readonly write: (frame: ClientFrame) => void,
    private readonly late: () => void,
  ) {}

  add(request: Request, answered: Answered): void {
    this.#waiting.push({ request, answered });
    this.#writeWaiting();
  }

  /**
   * Settles the request that `frame` answers, if it does; any frame with its `ref` frees its place.
   */
  settle(frame: ServerFrame): void {
    if (!("ref" in frame) || frame.ref === undefined) return;
    const answered = this.#inFlight.get(frame.ref);
    if (answered === undefined) return;
    this.#inFlight.delete(frame.ref);
    this.#stopWatching();
    if (frame.type === "ack" || frame.type === "error") answered(frame);
    this.#writeWaiting();
  }

  /** The connection has ended. */
  lose(): void {
    this.#stopWatching();
    const lost = [...this.#inFlight.values(), ...this.#waiting.map((entry) => entry.answered)];
    this.#inFlight.clear();
    this.#waiting = [];
    for (const answered of lost) answered({ type: "lost" });
  }

  #writeWaiting(): void {
    while (this.#inFlight.size < this.limit) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      const reference = ++this.#reference;
      this.#inFlight.set(reference, next.answered);
      this.write({ ...next.request, ref: reference });
    }
    if (this.#inFlight.size > 0) this.#cancelLate ??= this.#watch();
  }

  #watch(): () => void {
    return this.environment.startTimer(() => {
      this.#cancelLate = this.#watch();
      this.late();
    }, LATE_MILLISECONDS);
  }

  #stopWatching(): void {
    this.#cancelLate?.();
    this.#cancelLate = undefined;
  }
}
