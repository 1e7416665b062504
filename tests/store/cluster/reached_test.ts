import { assertEquals } from "@std/assert";
import { Reached } from "../../../src/store/cluster/reached.ts";
import { pure } from "../../support/pure.ts";

pure("Reached lets those go who waited for a place, and all when the log is closed", async () => {
  const reached = new Reached();
  const told: number[] = [];
  const waits = [5, 7, 7, 9].map((seq) => reached.wait(seq).then(() => void told.push(seq)));
  reached.reach(4);
  reached.reach(7);
  await Promise.all(waits.slice(0, 3));
  assertEquals(told, [5, 7, 7]);
  reached.reach(Infinity);
  await waits[3];
  assertEquals(told, [5, 7, 7, 9]);
});
