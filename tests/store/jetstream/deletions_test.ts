import { assertEquals } from "@std/assert";
import { Deletions } from "../../../src/store/jetstream/deletions.ts";
import { pure } from "../../support/pure.ts";

pure("a room that cannot be deleted now waits, and is deleted later", async () => {
  const said: unknown[] = [];
  let fails = true;
  const deletions = new Deletions({
    ready: () => fails ? Promise.reject(new Error("Not reached")) : Promise.resolve(),
    delete: () => Promise.resolve("e"),
    deleted: (...of) => void said.push(of),
    troubled: (reason) => void said.push(reason),
  });
  deletions.add("a");
  await deletions.delete("a");
  assertEquals([deletions.has("a"), [...deletions.waiting]], [true, ["a"]]);
  fails = false;
  await deletions.delete("a");
  assertEquals(deletions.has("a"), false);
  assertEquals(said, ["Room a is not deleted yet: Not reached", ["a", "e"]]);
});
