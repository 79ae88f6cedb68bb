/**
 * Notices that a connection has died without being closed. Browsers don't show the WebSocket's own
 * pings, so after a silence a ping is sent, and when that isn't answered in time the connection is
 * dead: after 45 s at most.
 */
import type { Environment } from "./environment.js";

export const ANSWER_MILLISECONDS = 20_000;
const LONGEST_SILENCE_SECONDS = 25;
const PROBE_MILLISECONDS = 10_000;

export class Heartbeat {
  #cancel: () => void = () => {};
  #silenceMilliseconds: number;
  /** When the connection is dead unless something comes. */
  #deadline = Infinity;

  constructor(
    private readonly environment: Environment,
    seconds: number,
    private readonly ping: () => void,
    private readonly dead: () => void,
  ) {
    this.#silenceMilliseconds = Math.min(seconds, LONGEST_SILENCE_SECONDS) * 1000;
    this.heard();
  }

  /** Something came: the connection lives. */
  heard(): void {
    this.#deadline = Infinity;
    this.#wait(() => this.#ask(ANSWER_MILLISECONDS), this.#silenceMilliseconds);
  }

  /** Asks at once and waits only briefly: the computer may have slept. */
  probe(): void {
    this.#ask(PROBE_MILLISECONDS);
  }

  stop(): void {
    this.#cancel();
  }

  /** A second question doesn't move the deadline of the first. */
  #ask(milliseconds: number): void {
    const deadline = this.environment.now() + milliseconds;
    if (deadline >= this.#deadline) return;
    this.#deadline = deadline;
    this.ping();
    this.#wait(this.dead, milliseconds);
  }

  #wait(callback: () => void, milliseconds: number): void {
    this.#cancel();
    this.#cancel = this.environment.startTimer(callback, milliseconds);
  }
}
