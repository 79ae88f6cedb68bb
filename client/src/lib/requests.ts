/**
 * The requests of one connection that wait for their answer, at most `limit` of them on the wire at
 * a time. When no answer has come for a while, `late` is called, again and again until one does.
 */
import type { Environment } from "./environment.js";
import type { ClientFrame, ErrorCode, ServerFrame } from "./frames.js";
import type { MembershipRequest, Request, ServerFrameOf } from "./select.js";

export type Answer = ServerFrameOf<"ack" | "error">;

/** The connection ended before the answer came. */
interface Lost {
  type: "lost";
}

/** What became of a request. */
export type Outcome = Answer | Lost;

/** What became of a request that is answered by one's membership. */
export type MembershipOutcome = ServerFrameOf<"membership" | "error"> | Lost;

export type OutcomeOf<Asked extends Request> = Asked extends MembershipRequest ? MembershipOutcome : Outcome;

export type Answered = (outcome: Outcome) => void;

/** Whatever a request's answer is, it is the one that was asked for. */
type AnsweredSomehow = (outcome: Outcome | MembershipOutcome) => void;

const LATE_MILLISECONDS = 3_000;
/** Refusals after which the same request can succeed. */
const RETRIED: ReadonlySet<ErrorCode> = new Set(["rate_limited", "unavailable"]);
const DEFAULT_RETRY_SECONDS = 1;

/** After how many seconds a refused request can succeed; undefined if it can't. */
export function retrySeconds({ code, retry = DEFAULT_RETRY_SECONDS }: ServerFrameOf<"error">): number | undefined {
  return RETRIED.has(code) ? retry : undefined;
}

export class Requests {
  #reference = 0;
  #inFlight = new Map<number, AnsweredSomehow>();
  #waiting: { request: Request; answered: AnsweredSomehow }[] = [];
  #cancelLate: (() => void) | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly limit: number,
    private readonly write: (frame: ClientFrame) => void,
    private readonly late: () => void,
  ) {}

  add<Asked extends Request>(request: Asked, answered: (outcome: OutcomeOf<Asked>) => void): void {
    this.#waiting.push({ request, answered: answered as AnsweredSomehow });
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
    if (frame.type === "ack" || frame.type === "error" || frame.type === "membership") answered(frame);
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
