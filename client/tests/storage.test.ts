/** What the browser keeps for the screen: the position that was seen, and drafts. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ReadPosition } from "../src/lib";
import { Draft } from "../src/ui/draft.svelte";
import { SeenPosition } from "../src/ui/seen";

class Store {
  readonly #items = new Map<string, string>();

  getItem = (key: string): string | null => this.#items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.#items.set(key, value);
  removeItem = (key: string): void => void this.#items.delete(key);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("localStorage", new Store());
  vi.stubGlobal("sessionStorage", new Store());
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const at = (seq: number, version = 0): ReadPosition => ({ seq, version });

test("the seen position is stored after a moment, or at once on request", () => {
  const position = new SeenPosition(1, "x");
  expect(position.read()).toBeUndefined();
  position.write(at(5));
  position.write(at(6));
  expect(position.read()).toBeUndefined();
  vi.runAllTimers();
  expect(position.read()).toEqual(at(6));
  position.write(at(7, 2));
  position.flush();
  expect(position.read()).toEqual(at(7, 2));
});

test("a tab that lags doesn't overwrite another tab's position, unless it has to be replaced", () => {
  const [lagging, other] = [new SeenPosition(1, "x"), new SeenPosition(1, "x")];
  lagging.write(at(65));
  other.write(at(66));
  other.flush();
  vi.runAllTimers();
  expect(lagging.read()).toEqual(at(66));
  lagging.write(at(67));
  lagging.replace(at(20));
  vi.runAllTimers();
  expect(other.read()).toEqual(at(20));
  other.replace(at(15, 1));
  lagging.write(at(67));
  vi.runAllTimers();
  expect(other.read()).toEqual(at(15, 1));
});

test("without storage a draft lasts as long as the page", () => {
  const denied = (): never => {
    throw new DOMException("denied", "SecurityError");
  };
  vi.stubGlobal("localStorage", { getItem: denied, setItem: denied, removeItem: denied });
  vi.stubGlobal("sessionStorage", { getItem: denied, setItem: denied, removeItem: denied });
  const draft = new Draft(1, "x");
  expect(draft.read()).toBe("");
  draft.write("half a thought");
  expect(draft.read()).toBe("half a thought");
});
