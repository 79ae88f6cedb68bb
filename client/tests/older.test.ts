import { expect, test, vi } from "vitest";
import { browserEnvironment } from "../src/lib/environment";
import { greet, message, onlineRoom, openRoom, settle, snapshot, texts, WELCOME, type World } from "./world";

function openWithOlder() {
  const opened = openRoom();
  greet(opened.world.socket, snapshot([message(51), message(52)], { more: true }));
  return opened;
}

/** A page that is answered when the result is called. */
function pageBefore(world: World, before: number): (body: unknown, status?: number) => Promise<void> {
  let answer: (response: Response) => void = () => {};
  world.pages.set(`/room/1/messages/?before=${before}`, () => new Promise((resolve) => (answer = resolve)));
  return async (body, status = 200) => {
    answer(new Response(JSON.stringify(body), { status }));
    await settle();
  };
}

test("puts a page of older messages before the others, until there are no more", async () => {
  const { world, room } = openWithOlder();
  const answer = pageBefore(world, 51);
  const loading = room.loadOlder();
  expect(room.state.loadingOlder).toBe(true);
  await answer({ messages: [message(49), message(50)], more: false });
  expect(await loading).toBe(true);
  expect(room.state).toMatchObject({ loadingOlder: false, more: false });
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([49, 50, 51, 52]);
  await room.loadOlder();
  expect(world.fetched).toHaveLength(1);
});

test("a second request waits for the page in flight", async () => {
  const { world, room } = openWithOlder();
  const answer = pageBefore(world, 51);
  const settled: boolean[] = [];
  for (let times = 0; times < 2; times += 1) void room.loadOlder().then((loaded) => settled.push(loaded));
  await settle();
  expect(settled).toEqual([]);
  await answer({ messages: [message(50)], more: true });
  expect(settled).toEqual([true, true]);
  expect(world.fetched).toHaveLength(1);
});

test("changes that arrive before the page are not lost", async () => {
  const { world, room } = openWithOlder();
  const answer = pageBefore(world, 51);
  void room.loadOlder();
  const timestamp = "2026-11-24T13:00:00.000Z";
  world.socket.receive({ type: "edited", room: 1, seq: 53, target: 49, message: "better", timestamp });
  world.socket.receive({ type: "deleted", room: 1, seq: 54, target: 50, timestamp });
  await answer({ messages: [message(49), message(50)], more: true });
  expect(texts(room)).toEqual(["better", "message 51", "message 52"]);
});

test("a page of a history that was replaced meanwhile is dropped", async () => {
  const { world, room } = openWithOlder();
  const answer = pageBefore(world, 51);
  void room.loadOlder();
  world.socket.receive({ type: "reset", room: 1, reason: "epoch" }, snapshot([message(3)], { epoch: "other" }));
  await answer({ messages: [message(49)], more: true });
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([3]);
});

test.each([
  [401, "ended"],
  [403, "left"],
  [404, "closed"],
] as const)(
  "a page that is refused with %i ends the room as %s, instead of being asked for again",
  async (code, status) => {
    const { world, room } = openWithOlder();
    const answer = pageBefore(world, 51);
    const loading = room.loadOlder();
    await answer({}, code);
    expect(await loading).toBe(false);
    expect(room.state).toMatchObject({ status, loadingOlder: false });
    world.socket.end();
    world.advance(250);
    world.socket.receive(WELCOME);
    expect(world.socket.sentOf("subscribe")).toEqual([]);
  },
);

test("says when a page couldn't be loaded, and can try again", async () => {
  const { world, room } = openWithOlder();
  expect(await room.loadOlder()).toBe(false);
  const answer = pageBefore(world, 51);
  const loading = room.loadOlder();
  await answer({}, 503);
  expect(await loading).toBe(false);
  expect(room.state).toMatchObject({ loadingOlder: false, more: true });
});

test("gives up a page that doesn't come; then drops and reloads old messages", async () => {
  const { world, room } = openWithOlder();
  const late = pageBefore(world, 51);
  const loading = room.loadOlder();
  world.advance(19_999);
  await settle();
  expect(room.state.loadingOlder).toBe(true);
  world.advance(1);
  await settle();
  expect(room.state).toMatchObject({ loadingOlder: false, more: true });
  expect(await loading).toBe(false);
  await late({ messages: [message(49)], more: false });
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([51, 52]);
  room.keepLatest(1);
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([52]);
  const answer = pageBefore(world, 52);
  const again = room.loadOlder();
  await answer({ messages: [message(50), message(51)], more: false });
  expect(await again).toBe(true);
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([50, 51, 52]);
});

test("the time to answer counts for the body too", async () => {
  const { world, room } = openWithOlder();
  let given: AbortSignal | undefined;
  vi.spyOn(world, "fetch").mockImplementation((_, signal) => {
    given = signal;
    const body = new ReadableStream({ start: (stream) => (signal.onabort = () => stream.error(signal.reason)) });
    return Promise.resolve(new Response(body));
  });
  const loading = room.loadOlder();
  await settle();
  world.advance(20_000);
  expect(given?.aborted).toBe(true);
  expect(await loading).toBe(false);
  expect(room.state.loadingOlder).toBe(false);
});

test("an answer in time leaves no timer that aborts later", async () => {
  const { world, room } = openWithOlder();
  const fetched = vi.spyOn(world, "fetch");
  const answer = pageBefore(world, 51);
  const loading = room.loadOlder();
  await answer({ messages: [message(50)], more: false });
  await loading;
  world.advance(20_000);
  expect(fetched.mock.calls[0]?.[1].aborted).toBe(false);
});

test("a browser's request ends with its signal", async () => {
  expect((await browserEnvironment.fetch("data:,", new AbortController().signal)).ok).toBe(true);
  await expect(browserEnvironment.fetch("data:,", AbortSignal.abort())).rejects.toThrow("aborted");
});

test("drops old messages, which can be loaded again", () => {
  const { room } = onlineRoom([message(1), message(2), message(3)]);
  room.keepLatest(2);
  expect(room.state.messages.map(({ seq }) => seq)).toEqual([2, 3]);
  expect(room.state.more).toBe(true);
});
