import { assertEquals } from "@std/assert";
import { complete } from "../../../src/cli/screen/completion.ts";
import { pure } from "../../support/pure.ts";

const NAMES = { people: ["Ana", "Ana Maria", "Ben#x7k2"], rooms: ["Lobby", "Kitchen"] };

pure("complete() knows commands, people and rooms", () => {
  const cases: [before: string, from: number, candidates: string[]][] = [
    ["/ki", 0, ["/kick "]],
    ["/un", 0, ["/unban ", "/unlink ", "/unmute ", "/unreact "]],
    ["/kick an", 6, ["Ana ", "Ana Maria "]],
    ["/room ki", 6, ["Kitchen "]],
    ["an", 0, ["Ana: ", "Ana Maria: "]],
    ["hey an", 4, ["Ana ", "Ana Maria "]],
    ["hey @be", 5, ["Ben#x7k2 "]],
    ["hey ana m", 4, ["Ana Maria "]],
    ["/edit an", 6, ["Ana ", "Ana Maria "]],
    ["one\n/ki an", 8, ["Ana ", "Ana Maria "]],
  ];
  for (const [before, from, candidates] of cases) {
    assertEquals(complete(before, NAMES), { from, candidates }, before);
  }
  for (const before of ["", " ", "x", "/xyz", "//k", "/kick zoe", "hey ", "one\n/ki"]) {
    assertEquals(complete(before, NAMES), undefined, before);
  }
});
