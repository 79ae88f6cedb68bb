/** What the components of the chat screen share, handed down as a Svelte context. */
import { createContext } from "svelte";
import type { Room, RoomState, ShownMessage } from "../lib";
import type { Localisation } from "./localisation";
import { tellApart } from "./names";

/** Frames that come together are drawn together. */
const DRAW_MILLISECONDS = 16;

export class Screen {
  state: RoomState = $state.raw({} as RoomState);
  /** The message that is being edited. */
  editing = $state.raw<ShownMessage | undefined>(undefined);
  /** The message that somebody asked to delete. */
  deleting = $state.raw<ShownMessage | undefined>(undefined);
  /** How many messages were sent from here. */
  sent = $state(0);
  /** What tells senders apart whose names look alike. Every row reads this, so it is set only when it changes. */
  suffixes: ReadonlyMap<string, string> = $state.raw(new Map());
  /** Whether the message that is being edited was deleted meanwhile. */
  readonly editingGone = $derived(this.editing?.seq !== undefined && this.#isGone(this.editing.seq));
  /** Whether one still belongs to the room. */
  writable = $state(true);
  #drawing = false;

  constructor(
    readonly room: Room,
    readonly localisation: Localisation,
  ) {
    this.#take(room.state);
    room.subscribe(() => this.#draw());
  }

  text = (key: string, variables?: Record<string, string | number>): string => {
    return this.localisation.text(key, variables);
  };

  edit(message: ShownMessage | undefined): void {
    this.editing = message;
  }

  send(message: string): void {
    this.room.send(message);
    this.sent += 1;
  }

  /** One's last message that can be edited. */
  lastOwn(): ShownMessage | undefined {
    return this.state.messages.findLast(({ own, seq }) => own && seq !== undefined);
  }

  /** Whether a message isn't there, though those around it are. */
  #isGone(seq: number): boolean {
    const { messages, more } = this.state;
    const first = messages[0]?.seq ?? Infinity;
    return (!more || seq >= first) && !messages.some((message) => message.seq === seq);
  }

  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    setTimeout(() => {
      this.#drawing = false;
      this.#take(this.room.state);
    }, DRAW_MILLISECONDS);
  }

  #take(state: RoomState): void {
    this.state = state;
    this.writable = state.status !== "left" && state.status !== "closed";
    const suffixes = tellApart([...state.people, ...state.typing, ...state.messages]);
    if (!sameEntries(suffixes, this.suffixes)) this.suffixes = suffixes;
  }
}

export const [useScreen, provideScreen] = createContext<Screen>();

function sameEntries(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}
