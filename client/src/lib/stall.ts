/**
 * Whether the server can't store anything: it has said so for a while, and has stored nothing
 * since.
 */
import type { Environment } from "./environment.js";
import type { Cause } from "./frames.js";
import type { Outcome } from "./requests.js";

const PATIENCE_MILLISECONDS = 5_000;

export class Stall {
  stalled = false;
  /** Why, as administrators are told. */
  cause: Cause | undefined;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly changed: () => void,
  ) {}

  /** What became of a request. A refusal for any other reason says nothing about storing. */
  note(outcome: Outcome): void {
    if (outcome.type === "ack") this.over();
    if (outcome.type !== "error" || outcome.code !== "unavailable") return;
    this.cause = outcome.cause ?? this.cause;
    this.#cancel ??= this.environment.startTimer(() => this.#begin(), PATIENCE_MILLISECONDS);
  }

  /** Something was stored, nothing waits for it, or there is no connection to learn it by. */
  over(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.stalled = false;
    this.cause = undefined;
  }

  #begin(): void {
    this.stalled = true;
    this.changed();
  }
}
