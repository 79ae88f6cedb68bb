/** The rules of the sidebar, without a browser. */
import { describe, expect, test } from "vitest";
import { pathOf, roomAt } from "../src/app/addresses";
import { MOST_ROOMS, OpenRooms } from "../src/shell/open-rooms";
import { fit, fold } from "../src/shell/match";
import { nextRoom } from "../src/shell/room-keys";
import { membership } from "./world";

class Opened {
  closed = false;

  constructor(
    readonly room: number,
    public isBusy = false,
  ) {}

  close(): void {
    this.closed = true;
  }
}

function openRooms(busy: readonly number[] = []) {
  const made: Opened[] = [];
  const rooms = new OpenRooms<Opened>((room) => {
    const opened = new Opened(room, busy.includes(room));
    made.push(opened);
    return opened;
  });
  return { rooms, made };
}

describe("the rooms that stay open", () => {
  test("are those that were shown last", () => {
    const { rooms, made } = openRooms();
    for (let room = 1; room <= MOST_ROOMS; room += 1) rooms.show(room);
    const first = rooms.show(1);
    rooms.show(99);
    expect(first.closed).toBe(false);
    expect(made.filter(({ closed }) => closed).map(({ room }) => room)).toEqual([2]);
    expect(rooms.show(1)).toBe(first);
  });

  test("are no more after a thousand changes, and the others are closed", () => {
    const { rooms, made } = openRooms();
    for (let change = 0; change < 1_000; change += 1) rooms.show(1 + ((change * 7) % 40));
    expect(rooms.size).toBe(MOST_ROOMS);
    expect(made.filter(({ closed }) => !closed)).toHaveLength(MOST_ROOMS);
  });

  test("keep one that is still sending", () => {
    const { rooms, made } = openRooms([1]);
    for (let room = 1; room <= MOST_ROOMS + 3; room += 1) rooms.show(room);
    expect(made[0]?.closed).toBe(false);
    expect(rooms.size).toBe(MOST_ROOMS);
  });
});

describe("an address", () => {
  test("names a room, or none", () => {
    expect(roomAt(pathOf(12))).toBe(12);
    for (const path of ["/", "/room/12", "/room/12/join/", "/room/x/", "/admin/rooms/1/"]) {
      expect([path, roomAt(path)]).toEqual([path, undefined]);
    }
  });
});

describe("the switcher", () => {
  const fits = (name: string, typed: string): boolean => fit(fold(name), fold(typed)) !== undefined;

  test("finds words, parts and letters without regard to accents", () => {
    for (const typed of ["musica", "MÚS", "som", "mus som", "som mus", "mcsm"]) {
      expect([typed, fits("Música e som", typed)]).toEqual([typed, true]);
    }
    for (const typed of ["musicaz", "x", "som musica x"]) {
      expect([typed, fits("Música e som", typed)]).toEqual([typed, false]);
    }
    expect(fits("Música", "")).toBe(true);
  });

  test("puts a beginning before a word, a word before a part, and letters last", () => {
    const names = ["Marte", "Sala de arte", "Arte", "A reta entre"];
    const order = names
      .map((name) => ({ name, score: fit(fold(name), "arte") ?? 0 }))
      .sort((left, right) => right.score - left.score)
      .map(({ name }) => name);
    expect(order).toEqual(["Arte", "Sala de arte", "Marte", "A reta entre"]);
  });
});

describe("the keys for the next room", () => {
  const rooms = [1, 2, 3, 4].map((room) => membership(room, 0, { unread: room === 4 ? 2 : 0 }));
  const all = (): boolean => true;

  test("go up and down, and around", () => {
    expect([nextRoom(rooms, 2, 1, all), nextRoom(rooms, 2, -1, all)]).toEqual([3, 1]);
    expect([nextRoom(rooms, 4, 1, all), nextRoom(rooms, 1, -1, all)]).toEqual([1, 4]);
    expect([nextRoom(rooms, 99, 1, all), nextRoom(rooms, 99, -1, all)]).toEqual([1, 4]);
  });

  test("go to what is unread, or nowhere", () => {
    expect(nextRoom(rooms, 1, 1, ({ unread }) => unread > 0)).toBe(4);
    expect(nextRoom(rooms, 4, 1, ({ unread }) => unread > 0)).toBeUndefined();
    expect(nextRoom([], 1, 1, all)).toBeUndefined();
  });
});
