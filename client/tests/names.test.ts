import { expect, test } from "vitest";
import { HUES, hueOf, initials, skeleton, tellApart } from "../src/ui/names";

test.each([
  ["João", "joao"],
  ["Maria", "Mаria"], // a Cyrillic letter
  ["Maria", "Ma\u200bria "],
  ["Paulo", "PauIo"],
  ["Otto", "0tt0"],
  ["admin", "ａｄｍｉｎ"],
  ["Carmen", "Carrnen"],
])("%s and %s look alike", (one, other) => {
  expect(skeleton(one)).toBe(skeleton(other));
});

test.each([
  ["Ana", "Anna"],
  ["Maria", "Mario"],
  ["李明", "李朋"],
  ["1", "2"],
])("%s and %s don't", (one, other) => {
  expect(skeleton(one)).not.toBe(skeleton(other));
});

test("only different senders get different marks", () => {
  const people = [
    { sender: "k3v9d0qm2x7ab", username: "João" },
    { sender: "k3v9d0qm2x7ab", username: "João" },
    { sender: "p8w2e6rt4y1cd", username: "JOAO" },
    { sender: "a1b2c3d4e5f6g", username: "Ana" },
  ];
  expect([...tellApart(people)]).toEqual([
    ["k3v9d0qm2x7ab", "k3v9"],
    ["p8w2e6rt4y1cd", "p8w2"],
  ]);
});

test("guests with an account's name get a suffix, and the account only its mark", () => {
  const people = [
    { sender: "k3v9d0qm2x7ab", username: "Profa Ana", mark: "account" as const },
    { sender: "k3v9d0qm2x7ab", username: "Profa Ana" },
    { sender: "p8w2e6rt4y1cd", username: "Profa. Ana" },
  ];
  expect([...tellApart(people)]).toEqual([["p8w2e6rt4y1cd", "p8w2"]]);
});

test("colours are spread over all hues", () => {
  const hues = Array.from({ length: 2_000 }, (_, index) => hueOf(`sender-${index}`));
  const counts = Array.from({ length: HUES }, (_, hue) => hues.filter((other) => other === hue).length);
  expect(Math.min(...counts)).toBeGreaterThan(60);
  expect(counts.reduce((sum, count) => sum + count)).toBe(2_000);
});

test.each([
  ["Maria da Silva", "MS"],
  ["zé", "Z"],
  ["👩🏽‍🚀 Ana", "👩🏽‍🚀A"],
  ["", ""],
])("the initials of %j are %j", (name, expected) => {
  expect(initials(name)).toBe(expected);
});
