/**
 * What the sidebar and everything around the room share: the rooms that one is in, the one on the
 * screen, and those that were there before.
 */
import { createContext } from "svelte";
import { type Connection, type Level, type Membership, Room, type Snapshot, createOutbox } from "../lib";
import { roomsWithDrafts } from "../ui/draft.svelte";
import type { Localisation } from "../ui/localisation";
import { Screen } from "../ui/screen.svelte";
import { OpenRooms } from "./open-rooms";
import { Settings } from "./settings.svelte";

/** Changes that come together are drawn together. */
const DRAW_MILLISECONDS = 16;

const WIDE = "(width >= 64rem)";

/** Who one is, as the page says. */
export interface Self {
  sender: string;
  hasAccount: boolean;
  messageCharacters: number;
  /** Where the server takes sockets from, if it says so. */
  origin?: string;
}

export class Shell {
  readonly settings = new Settings();
  /** One's rooms. */
  memberships: readonly Membership[] = $state.raw([]);
  /** The rooms that are open, by their number. */
  screens: ReadonlyMap<number, Screen> = $state.raw(new Map());
  /** The room that is shown. */
  screen: Screen;
  /** The rooms that aren't open in which something was typed and not sent. */
  readonly #drafts: Set<number>;
  readonly #open: OpenRooms<Screen>;
  readonly #outbox = createOutbox();
  readonly #byName: Intl.Collator;
  /** Whether the screen has room for the whole sidebar. */
  isWide = $state(false);
  /** Whether messages are rows instead of bubbles. */
  readonly hasRows: boolean = $derived(this.isWide && this.settings.choices.look === "rows");
  /** Shows a room under its address. */
  open: (room: number) => void = () => {};
  /** The dialog that is asked for: the switcher, or what one is told of a room. */
  dialog: "switcher" | number | undefined = $state(undefined);
  /** What is to be heard and isn't in a room. */
  spoken = $state("");
  #drawing = false;

  constructor(
    private readonly connection: Connection,
    readonly localisation: Localisation,
    readonly self: Self,
    first: Snapshot,
  ) {
    this.#byName = new Intl.Collator(localisation.language, { numeric: true, sensitivity: "base" });
    this.#drafts = roomsWithDrafts(self.sender);
    this.#open = new OpenRooms((room) => this.#create(room));
    this.#open.add(first.room, this.#create(first.room, first));
    this.screen = $state.raw(this.#open.show(first.room));
    this.screens = this.#open.all;
    this.memberships = connection.memberships.state;
    connection.memberships.subscribe(() => this.#draw());
    const wide = matchMedia(WIDE);
    this.isWide = wide.matches;
    wide.addEventListener("change", () => (this.isWide = wide.matches));
  }

  /** One's rooms as they are listed. */
  readonly rooms: readonly Membership[] = $derived(this.#sorted(this.memberships));
  /** So much is new in all rooms. */
  readonly news: number = $derived(this.memberships.reduce((sum, room) => sum + this.newsIn(room), 0));
  /** So much of it is in the rooms that aren't shown. */
  readonly elsewhere: number = $derived.by(() => {
    const here = this.memberships.find(({ room }) => room === this.screen.room.id);
    return this.news - (here === undefined ? 0 : this.newsIn(here));
  });
  /** Whether there is no connection, so that what is shown may be old. */
  readonly isOffline: boolean = $derived.by(() => this.screen.state.status === "offline");

  text = (key: string, variables?: Record<string, string | number>): string => this.localisation.text(key, variables);

  plain = (key: string, variables?: Record<string, string | number>): string => this.localisation.plain(key, variables);

  /** Whether a room can be shown in this page. */
  isOpenable(room: number): boolean {
    return this.screen.state.status !== "ended" && this.memberships.some((membership) => membership.room === room);
  }

  /** Shows a room; false if that takes a new page. */
  show(room: number): boolean {
    if (!this.isOpenable(room)) return false;
    // One that was left and joined again begins anew.
    if (this.screens.get(room)?.writable === false) this.#open.forget(room);
    const before = this.screens;
    this.screen = this.#open.show(room);
    this.screens = this.#open.all;
    for (const [closed, { draft }] of before) {
      if (this.screens.has(closed)) continue;
      if (draft.exists) this.#drafts.add(closed);
      else this.#drafts.delete(closed);
    }
    return true;
  }

  /** So many messages of a room haven't been seen. What was on screen here counts at once. */
  unreadIn({ room, unread }: Membership): number {
    const screen = this.screens.get(room);
    return screen?.state.loaded === true && !screen.unread.beyond ? screen.unread.count : unread;
  }

  /** What a room's badge says: what is unread, as far as one wants to be told. */
  newsIn(membership: Membership): number {
    return membership.level === "everything" ? this.unreadIn(membership) : 0;
  }

  /** Has something said to whoever hears the page. */
  say(text: string): void {
    this.spoken = text;
  }

  /** Whether the server has taken what one wants to be told of a room. */
  async setLevel(room: number, level: Level): Promise<boolean> {
    const outcome = await this.connection.memberships.setLevel(room, level);
    return outcome.type === "membership";
  }

  hasDraft(room: number): boolean {
    return this.screens.get(room)?.draft.exists ?? this.#drafts.has(room);
  }

  /** Whether one of one's messages there wasn't sent. */
  hasFailed(room: number): boolean {
    return this.screens.get(room)?.unsent === "failed";
  }

  markRead({ room, seq, version, unread }: Membership): void {
    const screen = this.screens.get(room);
    if (screen?.state.loaded === true) screen.unread.markRead();
    else if (unread > 0) this.connection.memberships.read(room, seq, version);
  }

  markAllRead(): void {
    for (const membership of this.memberships) this.markRead(membership);
  }

  #create(id: number, snapshot?: Snapshot): Screen {
    const { sender, messageCharacters, hasAccount, origin } = this.self;
    const known = { sender, messageCharacters, ...(snapshot && { snapshot }) };
    const room = new Room(id, this.connection, { outbox: this.#outbox, known });
    return new Screen(room, this.localisation, hasAccount, origin);
  }

  #sorted(memberships: readonly Membership[]): readonly Membership[] {
    const byName = (left: Membership, right: Membership): number =>
      this.#byName.compare(left.name, right.name) || left.room - right.room;
    const byActivity = (left: Membership, right: Membership): number =>
      (right.timestamp ?? "").localeCompare(left.timestamp ?? "") || byName(left, right);
    // A room that isn't listed is while one is in it.
    const listed = memberships.filter(({ room, level }) => level !== "hidden" || room === this.screen.room.id);
    return listed.sort(this.settings.choices.order === "name" ? byName : byActivity);
  }

  /** Tells of what has come in the rooms of which one wants to be told everything. */
  async #tell(before: readonly Membership[]): Promise<void> {
    const known = new Map(before.map((membership) => [membership.room, membership]));
    const fresh = this.memberships.filter((now) => {
      const then = known.get(now.room);
      return now.level === "everything" && then !== undefined && now.seq > then.seq && now.unread > then.unread;
    });
    if (fresh.length === 0) return;
    const news = fresh.map(({ room, name, unread }) => {
      const last = this.screens.get(room)?.room.state.messages.findLast(({ own, seq }) => !own && seq !== undefined);
      const counted = this.plain("sidebar-unread", { count: unread });
      return { room, title: name, text: last === undefined ? counted : `${last.username}: ${last.message}` };
    });
    try {
      const { notify, ring } = await import("./notifications");
      if (this.settings.choices.sound) ring();
      if (this.settings.choices.notifications) notify(news, this.open);
    } catch {
      // Without a network there is no news either; the next one tries again.
      return;
    }
  }

  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    setTimeout(() => {
      this.#drawing = false;
      const before = this.memberships;
      this.memberships = this.connection.memberships.state;
      const { notifications, sound } = this.settings.choices;
      if ((notifications || sound) && !isLookedAt()) void this.#tell(before);
    }, DRAW_MILLISECONDS);
  }
}

function isLookedAt(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

export const [useShell, provideShell] = createContext<Shell>();
