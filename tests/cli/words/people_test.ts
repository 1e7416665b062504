import { assertEquals, assertThrows } from "@std/assert";
import { findPerson, readTime } from "../../../src/cli/words/people.ts";
import { pure } from "../../support/pure.ts";

const PEOPLE = [
  { to: "a", label: "Ana" },
  { to: "am", label: "Ana Maria" },
  { to: "b1", label: "Ben#x7k2" },
  { to: "b2", label: "Ben#k3d9" },
  { to: "c", label: "Cleo#m9xd" },
  { to: "d", label: "İpek" },
];

pure("findPerson() takes the longest name that a text begins with, and what is behind it", () => {
  const cases: [text: string, to: string, rest: string][] = [
    ["Ana", "a", ""],
    ["ana  too loud", "a", "too loud"],
    ["Ana Maria 10m", "am", "10m"],
    ["@ana maria: out", "am", "out"],
    ["Ben#k3d9 x", "b2", "x"],
    ["cleo, y", "c", "y"],
    ["#9gm3y5hd7kzp reason", "9gm3y5hd7kzp", "reason"],
  ];
  for (const [text, to, rest] of cases) assertEquals(findPerson(text, PEOPLE), { to, rest });
});

pure("findPerson() finds nobody where two are called that, or none", () => {
  assertThrows(() => findPerson("ben x", PEOPLE), Error, "Ben#x7k2 or Ben#k3d9");
  assertEquals(findPerson("d: x", [{ to: "d", label: "D One" }]), { to: "d", rest: "x" });
  for (const text of ["Anabel", "", "Be", "#", "Mallory", "\x1b[2J"]) {
    assertThrows(() => findPerson(text, PEOPLE), Error, "nobody called");
  }
});

pure("readTime() reads a time at the beginning, and takes all else for words", () => {
  assertEquals(readTime("10m too loud"), { forMs: 600_000, rest: "too loud" });
  assertEquals(readTime("2h"), { forMs: 7_200_000, rest: "" });
  for (const text of ["", "10", "0s", "10x y", "1.5h", "9999999s", "ten m"]) {
    assertEquals(readTime(text), { rest: text });
  }
});
