/**
 * What the components of a room's screen share, handed down as a Svelte context. It outlives them:
 * a room that was left for another is shown again as it was.
 */
import { createContext, tick } from "svelte";
import type { Room, RoomState, ShownMessage } from "../lib";
import { Draft } from "./draft.svelte";
import type { Localisation } from "./localisation";
import { type NamedPerson, tellApart } from "./names";
import type { Place } from "./scroll";
import { SeenPosition } from "./seen";
import { Unread } from "./unread.svelte";

/** Frames that come together are drawn together. */
const DRAW_MILLISECONDS = 16;
/** Why the server can't save, as far as one is told. */
const STALLED = {
  unknown: "server-stalled",
  disk: "server-stalled-disk",
  database: "server-stalled-database",
} as const;

export class Screen {
  state: RoomState = $state.raw({} as RoomState);
  /** The message that is being edited. */
  editing = $state.raw<ShownMessage | undefined>(undefined);
  /** The message that somebody asked to delete. */
  deleting = $state.raw<ShownMessage | undefined>(undefined);
  /** The message whose menu is open. */
  menu = $state.raw<ShownMessage | undefined>(undefined);
  /** The dialog that is open. */
  dialog = $state<"keys" | undefined>(undefined);
  /** How many messages were sent from here. */
  sent = $state(0);
  /**
   * What tells senders apart whose names look alike. Every row reads this, so it is set only when
   * it changes.
   */
  suffixes: ReadonlyMap<string, string> = $state.raw(new Map());
  /** Whether the message that is being edited was deleted meanwhile. */
  readonly editingGone = $derived(this.editing?.seq !== undefined && this.#isGone(this.editing.seq));
  /**
   * What one's messages wait for that aren't sent, if it isn't just their answer: a text's name.
   */
  readonly waitsFor = $derived(waitsFor(this.state));
  /** Why nothing is sent, if it isn't just that the connection has to come back: a text's name. */
  readonly trouble = $derived(this.#troubleOf(this.state));
  /** Whether some of one's last messages failed, or else wait to be sent. */
  readonly unsent = $derived(worstOfUnsent(this.state.messages));
  /** Whether one still belongs to the room. */
  writable = $state(true);
  /** Whether messages are rows instead of bubbles. */
  rows = $state(false);
  /** What was typed and not sent. */
  readonly draft: Draft;
  /** Up to where one has seen the room, in this browser. */
  readonly position: SeenPosition;
  /** What hasn't been on screen yet. */
  readonly unread: Unread;
  /** Whether the room is on the screen, and its log says what is seen. */
  shown = false;
  /** Where the log was scrolled to; undefined at its end. */
  place: Place | undefined;
  readonly #stopListening: () => void;
  #drawing = false;
  #waiting: (() => void)[] = [];

  constructor(
    readonly room: Room,
    readonly localisation: Localisation,
    /** Whether one has signed in. */
    readonly hasAccount: boolean,
    /** Where the server takes sockets from, if it says so. */
    readonly origin?: string,
  ) {
    const { sender } = room.state;
    this.draft = new Draft(room.id, sender);
    this.position = new SeenPosition(room.id, sender);
    this.unread = new Unread({
      read: () => this.position.read(),
      write: (seen) => {
        this.position.write(seen);
        room.read(seen.seq, seen.version);
      },
      replace: (seen) => this.position.replace(seen),
    });
    this.#take(room.state);
    this.#stopListening = room.subscribe(() => this.#draw());
  }

  /** Whether closing it would hold up what is being sent, or lose what is being edited. */
  get isBusy(): boolean {
    return this.unsent !== undefined || this.editing !== undefined;
  }

  /** The room isn't followed any more, and won't be shown again by this. */
  close(): void {
    this.#stopListening();
    this.position.flush();
    this.room.close();
  }

  text = (key: string, variables?: Record<string, string | number>): string => {
    return this.localisation.text(key, variables);
  };

  /** A text for an attribute. */
  plain = (key: string, variables?: Record<string, string | number>): string => {
    return this.localisation.plain(key, variables);
  };

  /** Where the server takes sockets from, and where the page was opened, for texts. */
  get addresses(): { origin: string; here: string } {
    return { origin: this.origin ?? "", here: location.origin };
  }

  /** A name as it is spoken, with the mark of an account, or with the suffix of a guest. */
  nameOf = ({ sender, username, mark }: NamedPerson): string => {
    if (mark !== undefined) return `${username} (${this.plain(`mark-${mark}`)})`;
    const suffix = this.suffixes.get(sender);
    return suffix === undefined ? username : `${username} ·${suffix}`;
  };

  edit(message: ShownMessage | undefined): void {
    this.editing = message;
  }

  send(message: string): void {
    this.room.send(message);
    this.sent += 1;
  }

  /** Whether a message, and all after it, can be marked as unread now. */
  canMarkUnread({ seq }: ShownMessage): boolean {
    return seq !== undefined && this.state.status === "online" && this.state.read !== undefined;
  }

  markUnread(message: ShownMessage): void {
    if (message.seq !== undefined && this.canMarkUnread(message)) void this.room.markUnread(message.seq);
  }

  /** When the room's state of this moment is on the screen. */
  async drawn(): Promise<void> {
    if (this.#drawing) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await tick();
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

  #troubleOf({ status, refused, stalled, cause }: RoomState): string | undefined {
    if (stalled) return STALLED[cause ?? "unknown"];
    if (status === "online" || refused === undefined) return undefined;
    if (refused === "too_many") return "refused-too-many";
    const { origin, here } = this.addresses;
    return this.origin === undefined || origin === here ? "refused-proxy" : "refused-address";
  }

  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    setTimeout(() => {
      this.#drawing = false;
      this.#take(this.room.state);
      for (const drawn of this.#waiting.splice(0)) drawn();
    }, DRAW_MILLISECONDS);
  }

  #take(state: RoomState): void {
    this.state = state;
    this.writable = ["connecting", "online", "offline"].includes(state.status);
    if (!this.shown && state.loaded) this.unread.update(state, false);
    const suffixes = tellApart([...state.people, ...state.typing, ...state.messages]);
    if (!sameEntries(suffixes, this.suffixes)) this.suffixes = suffixes;
  }
}

export const [useScreen, provideScreen] = createContext<Screen>();

function worstOfUnsent(messages: readonly ShownMessage[]): "failed" | "pending" | undefined {
  let worst: "failed" | "pending" | undefined;
  // What isn't in the log yet comes last.
  for (let index = messages.length - 1; messages[index]?.seq === undefined && index >= 0; index -= 1) {
    const state = messages[index]?.state;
    if (state === "failed") return state;
    if (state === "pending") worst = state;
  }
  return worst;
}

function waitsFor({ status, stalled, silent, heldUntil }: RoomState): string | undefined {
  if (stalled) return "waits-for-server";
  if (status !== "online" || silent) return "waits-for-connection";
  return heldUntil === undefined ? undefined : "waits-for-turn";
}

function sameEntries(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}
