import { describe, expect, test } from "vitest";
import { isOnlyEmoji, splitLinks } from "../src/ui/message-text";

const links = (text: string): string[] => splitLinks(text).flatMap(({ href }) => href ?? []);

describe("links", () => {
  test.each([
    ["see https://papo.example/a?b=1&c=2.", ["https://papo.example/a?b=1&c=2"]],
    ["(http://papo.example/)", ["http://papo.example/"]],
    ["https://example.org/wiki/Rust_(language)", ["https://example.org/wiki/Rust_(language)"]],
    ["https://a.example, https://b.example!", ["https://a.example/", "https://b.example/"]],
    ["https://ação.example", ["https://xn--ao-siap.example/"]],
    ["javascript:alert(1) ftp://a.example data:text/html,x //a.example", []],
    ["xhttps://a.example https://", []],
    [`https://a.example"onclick=alert(1)`, ["https://a.example/"]],
  ])("of %s", (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  test("keep every character of the text", () => {
    const text = "a\nhttps://a.example/x). b <b>https://b.example</b> ";
    expect(splitLinks(text).map((piece) => piece.text)).toContain("https://a.example/x");
    expect(
      splitLinks(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  test("are found in a long text without delay", () => {
    const started = performance.now();
    splitLinks(`https://a.example/${")".repeat(3_900)}`);
    splitLinks("http".repeat(1_000));
    splitLinks(`https://a.example/${".".repeat(3_900)}x`);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

test.each([
  ["😀", true],
  ["👨‍👩‍👧‍👦🏳️‍🌈", true],
  ["❤️ 🇧🇷 👍🏽", true],
  ["😀😀😀😀", false],
  ["ok 😀", false],
  ["123", false],
  ["#", false],
  ["  ", false],
  ["", false],
])("%j is nothing but emoji: %s", (text, expected) => {
  expect(isOnlyEmoji(text)).toBe(expected);
});
