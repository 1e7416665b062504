import { assertEquals } from "@std/assert";
import { Line } from "../src/line.ts";
import { pure } from "./pure.ts";
import { turn } from "./waiting.ts";

function bench() {
  const served: string[] = [];
  const members = new Map([["a", 100], ["b", 100], ["c", 10]]);
  const line = new Line<string>((item) => {
    served.push(item);
    return members.get(item) ?? 0;
  });
  return { served, line };
}

pure("an item is served at the end of the turn, once however often it was added", async () => {
  const { served, line } = bench();
  for (const item of ["a", "b", "a"]) line.add(item, 10);
  await Promise.resolve();
  assertEquals(served, []);
  await turn();
  assertEquals(served, ["a", "b"]);
  await turn();
  line.add("a", 10);
  await turn();
  assertEquals(served, ["a", "b", "a"]);
});

pure(
  "a turn ends with the item that fills it, and the next goes on in the same order",
  async () => {
    const { served, line } = bench();
    line.add("a", 10);
    line.add("b", 10);
    line.add("c", 10);
    await turn();
    assertEquals(served, ["a", "b"]);
    line.add("a", 10);
    await turn();
    assertEquals(served, ["a", "b", "c", "a"]);
  },
);

pure("after a turn full of input nothing is served until all of it is read", async () => {
  const { served, line } = bench();
  for (let i = 0; i < 128; i++) line.heard();
  line.add("a", 10);
  await turn();
  assertEquals(served, []);
  for (let turns = 0; turns < 100 && served.length === 0; turns++) await turn();
  assertEquals(served, ["a"]);
});
