import { assertEquals } from "@std/assert";
import { Backlog } from "../../../src/server/connections/backlog.ts";
import { turn, until } from "../../support/waiting.ts";

/** A backlog, and work that takes so many milliseconds of its clock. */
function bench() {
  let now = 0;
  return {
    backlog: new Backlog(() => now),
    work: (ms: number) => {
      now += ms;
    },
  };
}

Deno.test("Backlog.add() does at once what nothing waits before", () => {
  const { backlog } = bench();
  let done = 0;
  backlog.add(() => done++);
  assertEquals([done, backlog.size], [1, 0]);
});

Deno.test("Backlog.add() lets wait what a turn has no time for, and keeps the order", async () => {
  const { backlog, work } = bench();
  const done: number[] = [];
  for (let i = 0; i < 5; i++) {
    backlog.add(() => {
      work(2);
      done.push(i);
    });
  }
  assertEquals([done, backlog.size], [[0], 4]);
  await turn();
  assertEquals([done, backlog.size], [[0, 1], 3]);
  await until(() => backlog.size === 0, "something is never done");
  assertEquals(done, [0, 1, 2, 3, 4]);
});

Deno.test("Backlog.add() lets jobs add others, which come last", async () => {
  const { backlog, work } = bench();
  const done: string[] = [];
  const add = (name: string, more: string[] = []) =>
    backlog.add(() => {
      work(2);
      done.push(name);
      for (const other of more) add(other);
    });
  add("first");
  add("second", ["fourth"]);
  add("third");
  await until(() => done.length === 4, "something is never done");
  assertEquals(done, ["first", "second", "third", "fourth"]);
});
