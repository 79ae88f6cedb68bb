import { describe, expect, test } from "vitest";
import { findLinks } from "../src/ui/links";
import { isOnlyEmoji, splitText, withoutEmptyLines } from "../src/ui/message-text";

const links = (text: string): string[] => findLinks(text).map(({ href }) => href);
/** What stands between the links, which are in brackets as they are shown. */
const shown = (text: string): string =>
  splitText(text)
    .map((piece) => (piece.href ? `[${piece.text}]` : piece.text))
    .join("");

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

  test("keep every character of the text around them", () => {
    const text = "a\nhttps://a.example/x). b <b>https://b.example</b> ";
    expect(shown(text)).toBe("a\n[https://a.example/x]). b <b>[https://b.example]</b> ");
  });

  test.each([
    "见[https://example.com/a]，谢谢",
    "（[https://example.com/b]）后面",
    "[https://example.com]。",
    "「[https://example.com/b]」と、[https://example.com/c]？",
    "“[https://example.com/b]”后面 ‘[https://example.com]’ «[https://example.com/d]»",
    "انظر [https://example.com/a]، ثم [https://example.com/b]؟",
    "देखें [https://example.com/a]।",
    "[https://example.com/a]—[https://example.com/b]…",
    "[https://example.com/a]👍🏽 [https://example.com/]❤️",
    "([https://example.com/a]), [https://example.com/a_(b)]; {[https://example.com/c]}!",
    "[https://ca.example/col·lecció–1]·",
    "(veja [https://pt.example/wiki/Papo_(desambiguação)])",
    "([https://example.com/a_(b)]) x (([https://example.com/(a)/(b)])))",
    "＜[https://example.com/a]＞",
  ])("end before punctuation of any script: %s", (text) => {
    expect(shown(text.replace(/[[\]]/gu, ""))).toBe(text);
  });

  test.each([
    [
      "https://pt.example/wiki/Mitoc%C3%B4ndria?q=S%c3%a3o+Paulo#%E2%80%9Cfim%E2%80%9D",
      "Mitocôndria?q=São+Paulo#“fim”",
    ],
    ["https://pt.example/wiki/Mitocôndria", "Mitocôndria"],
    ["https://pt.example/wiki/a%CC%83o", "a\u0303o"],
    ["https://zh.example/wiki/%E4%BD%A0%E5%A5%BD", "你好"],
    ["https://a.example/wiki/%F0%9F%98%80", "😀"],
    // What isn't UTF-8, has a meaning in addresses, can't be seen, turns the order or climbs over
    // another character.
    ["https://a.example/wiki/%E3o%2F%20%25%26%23", "%E3o%2F%20%25%26%23"],
    ["https://a.example/wiki/%E2%80%AEgpj.exe%E2%80%8B%C2%A0%E3%85%A4%E2%A0%80%EF%BB%BF", undefined],
    ["https://a.example/wiki/%CC%B8a", undefined],
    ["https://a.example/wiki/%0A%00", undefined],
  ])("are shown decoded, as far as that is safe: %s", (link, path) => {
    const [found] = findLinks(link);
    expect(found?.shown).toBe(path === undefined ? link : link.slice(0, link.lastIndexOf("wiki/") + 5) + path);
    expect(found && new URL(found.shown).href).toBe(found && new URL(found.href).href.replace("%c3%a3", "%C3%A3"));
  });

  test.each([
    ["https://ação.example/x", "https://ação.example/x"],
    ["https://ПРИМЕР.рф", "https://пример.рф"],
    ["https://例え.テスト/", "https://例え.テスト/"],
    ["HTTPS://A.Example:443", "https://a.example"],
    ["https://xn--ao-siap.example", "https://xn--ao-siap.example"],
    // A Cyrillic letter, other digits and dots, a number, and a slash that is none.
    ["https://pаpo.example/", "https://xn--ppo-6cd.example/"],
    ["https://аррӏе.com", "https://xn--80ak6aa92e.com"],
    ["https://paypaı.example", "https://xn--paypa-r4a.example"],
    ["https://ｅvil.example", "https://evil.example"],
    ["https://0x7f.1/a", "https://127.0.0.1/a"],
    ["https://ex%61mple.com", "https://example.com"],
    ["https://a.example/b/%2e%2e/c", "https://a.example/c"],
    ["https:///a.example", "https://a.example"],
    ["https://a.example\\b", "https://a.example/b"],
  ])("show what they open: %s", (typed, expected) => {
    const [found] = findLinks(typed);
    expect(found?.shown).toBe(expected);
    expect(found && new URL(found.shown).href).toBe(found?.href);
  });

  test("with a second host before the real one aren't links", () => {
    expect(links("https://bank.example@evil.example/ https://a:b@evil.example https://a.example/@name")).toEqual([
      "https://a.example/@name",
    ]);
  });

  test("end before characters that turn or hide what follows", () => {
    for (const code of [
      0x202e, 0x202d, 0x202b, 0x2067, 0x200f, 0x061c, 0x200b, 0x00ad, 0x2060, 0xfeff, 0xe0041, 0x3164,
    ]) {
      const hidden = String.fromCodePoint(code);
      expect(shown(`https://example.com/a${hidden}gro.knab//:sptth`)).toBe(
        `[https://example.com/a]${hidden}gro.knab//:sptth`,
      );
    }
  });

  test("are found in a long text without delay", () => {
    const started = performance.now();
    splitText(`https://a.example/${")".repeat(3_900)}`);
    splitText("http".repeat(1_000));
    splitText(`https://a.example/${".".repeat(3_900)}x`);
    splitText(`https://a.example/${"%C3%B4".repeat(600)}`);
    splitText("https://a.example/".repeat(200));
    expect(performance.now() - started).toBeLessThan(200);
  });
});

test("a character that turns letters is a piece of its own", () => {
  expect(splitText("a\u202eb\u202dc")).toEqual([
    { text: "a" },
    { text: "\u202e", turns: true },
    { text: "b" },
    { text: "\u202d", turns: true },
    { text: "c" },
  ]);
});

test.each([
  ["😀", true],
  ["👨‍👩‍👧‍👦🏳️‍🌈", true],
  ["❤️ 🇧🇷 👍🏽", true],
  ["😀😀😀😀", false],
  ["ok 😀", false],
  ["1️⃣ #️⃣", true],
  ["🏴󠁧󠁢󠁥󠁮󠁧󠁿👁️‍🗨️", true],
  ["❤", false],
  ["🇧", false],
  ["123", false],
  ["#", false],
  ["  ", false],
  ["", false],
])("%j is nothing but emoji: %s", (text, expected) => {
  expect(isOnlyEmoji(text)).toBe(expected);
});

test.each([
  ["\n \n  if a:\n    b()  \n \n", "  if a:\n    b()  "],
  ["a ", "a "],
  ["a", "a"],
  [" \n ", " "],
  ["\n".repeat(15_000) + "a" + "\n".repeat(15_000), "a"],
])("%j loses the empty lines at its ends only", (text, expected) => {
  expect(withoutEmptyLines(text)).toBe(expected);
});
