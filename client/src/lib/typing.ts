/**
 * Who is typing: others, who fade when they haven't been heard of for a while, and how often one
 * tells it oneself.
 */
import type { Environment } from "./environment.js";
import type { Person } from "./frames.js";

const FADE_MILLISECONDS = 6_000;
const TELL_MILLISECONDS = 3_000;

export class Typing {
  people: readonly Person[] = [];
  readonly #timers = new Map<string, () => void>();
  #toldAt = -Infinity;

  constructor(
    private readonly environment: Environment,
    private readonly changed: () => void,
  ) {}

  heard(person: Person): void {
    this.#timers.get(person.sender)?.();
    const fade = (): void => {
      this.stopped(person.sender);
      this.changed();
    };
    this.#timers.set(person.sender, this.environment.startTimer(fade, FADE_MILLISECONDS));
    if (!this.people.some(({ sender }) => sender === person.sender)) this.people = [...this.people, person];
  }

  /** That person's message came, or nothing more was heard. */
  stopped(sender: string): void {
    this.#timers.get(sender)?.();
    if (this.#timers.delete(sender)) this.people = this.people.filter((person) => person.sender !== sender);
  }

  clear(): void {
    for (const { sender } of this.people) this.stopped(sender);
  }

  /** Calls `tell` unless it was called a moment ago. */
  tellSeldom(tell: () => void): void {
    const now = this.environment.now();
    if (now - this.#toldAt < TELL_MILLISECONDS) return;
    this.#toldAt = now;
    tell();
  }

  /** One's message was sent: the next key press is news. */
  sent(): void {
    this.#toldAt = -Infinity;
  }
}
