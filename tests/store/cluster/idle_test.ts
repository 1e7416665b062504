import { assertEquals } from "@std/assert";
import { allIdle, becomeIdle, type Busy } from "../../../src/store/cluster/idle.ts";
import { pure } from "../../support/pure.ts";

pure("allIdle() resolves when the last of those that are busy has become idle", async () => {
  const [ana, ben]: [Busy, Busy] = [{ whenIdle: [] }, { whenIdle: [] }];
  const idle: string[] = [];
  const both = allIdle([ana, ben])?.then(() => idle.push("both"));
  const first = allIdle([ana])?.then(() => idle.push("ana"));
  becomeIdle(ana);
  await first;
  assertEquals(idle, ["ana"]);
  becomeIdle(ben);
  await both;
  assertEquals([idle, ana.whenIdle, ben.whenIdle], [["ana", "both"], [], []]);
});

pure("allIdle() waits for nothing where nobody is busy", () => {
  assertEquals(allIdle([]), undefined);
});
