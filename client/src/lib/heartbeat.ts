/**
 * Notices that a connection has died without being closed. Browsers don't show the WebSocket's own
 * pings, so after a silence a ping is sent, and when that isn't answered in time the connection is
 * dead: after 45 s at most.
 */
import type { Environment } from "./environment.js";

export const ANSWER_MILLISECONDS = 20_000;
const LONGEST_SILENCE_SECONDS = 25;
const PROBE_MILLISECONDS = 10_000;
/** When nothing has come for so long since the question, people are told. */
const SILENT_MILLISECONDS = 2_000;

export class Heartbeat {
  #cancel: () => void = () => {};
  /** While a probe waits for its answer. */
  #cancelDoubt: (() => void) | undefined;
  #isSilent = false;
  #silenceMilliseconds: number;
  /** When the connection is dead unless something comes. */
  #deadline = Infinity;

  constructor(
    private readonly environment: Environment,
    seconds: number,
    private readonly ping: () => void,
    private readonly dead: () => void,
    /** A probe isn't answered, or something came again. */
    private readonly silent: (isSilent: boolean) => void,
  ) {
    this.#silenceMilliseconds = Math.min(seconds, LONGEST_SILENCE_SECONDS) * 1000;
    this.heard();
  }

  /** Something came: the connection lives. */
  heard(): void {
    this.#deadline = Infinity;
    this.#stopDoubting();
    if (this.#isSilent) this.#tell(false);
    this.#wait(() => this.#ask(ANSWER_MILLISECONDS), this.#silenceMilliseconds);
  }

  /** Asks at once and waits only briefly: the computer may have slept. */
  probe(): void {
    this.#ask(PROBE_MILLISECONDS);
    this.#cancelDoubt ??= this.environment.startTimer(() => this.#tell(true), SILENT_MILLISECONDS);
  }

  stop(): void {
    this.#cancel();
    this.#stopDoubting();
  }

  #tell(isSilent: boolean): void {
    this.#isSilent = isSilent;
    this.silent(isSilent);
  }

  #stopDoubting(): void {
    this.#cancelDoubt?.();
    this.#cancelDoubt = undefined;
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
