import { assert, assertEquals } from "@std/assert";
import { FairShare } from "../../../src/core/limits/fair_share.ts";
import type { Person } from "../../../src/core/state/room.ts";
import { pure } from "../../support/pure.ts";

const person = (id: string): Person => ({ id, name: undefined });
const [ana, ben] = [person("ana"), person("ben")];

pure(
  "FairShare.take() lets one fill two thirds of a room, and another still take something",
  () => {
    const share = new FairShare();
    let owed = 0;
    while (share.take(ana, 0.01, owed, 0) === 0) owed += 0.01;
    assert(Math.abs(owed - 2 / 3) < 0.02, `${owed}`);
    assertEquals(share.take(ben, 0.01, owed, 0), 0);
  },
);

pure("FairShare.take() lets nobody add to a room that owes all it may", () => {
  const share = new FairShare();
  assertEquals(share.take(ana, 0.5, 0.999, 0), 0, "less than all");
  assertEquals(share.take(ana, 0.01, 1, 0), 1_000);
  assertEquals(share.take(ben, 0.01, 1.5, 0), 1_000);
});

pure("FairShare.take() says how long to wait where the room owes no less by then", () => {
  const share = new FairShare();
  assertEquals(share.take(ana, 1, 0, 0), 0);
  // What was taken has to fade to 0.4.
  assertEquals(share.take(ana, 0.1, 0.8, 0), 917);
  assertEquals([share.take(ana, 0.1, 0.8, 916), share.take(ana, 0.1, 0.8, 917)], [20, 0]);
});

pure(
  "FairShare.take() gives ten who say much the same, and one who says little all it wants",
  () => {
    const share = new FairShare();
    const loud = Array.from({ length: 10 }, (_, i) => person(`loud ${i}`));
    const got = new Map<Person, number>();
    let quiet = 0;
    let refused = 0;
    let owed = 0;
    for (let now = 0; now < 10_000; now++) {
      // The room sends a hundredth of what it may owe in ten milliseconds.
      owed = Math.max(0, owed - 0.001);
      for (const each of loud) {
        if (share.take(each, 0.001, owed, now) !== 0) continue;
        owed += 0.001;
        got.set(each, (got.get(each) ?? 0) + 1);
      }
      if (now % 200 !== 0) continue;
      if (share.take(ana, 0.001, owed, now) === 0) quiet++;
      else refused++;
    }
    assertEquals([quiet, refused], [50, 0]);
    const counts = [...got.values()];
    assert(Math.max(...counts) < 1.2 * Math.min(...counts), `${counts}`);
    assert(owed < 1, `${owed}`);
  },
);

pure("FairShare forgets who has said nothing for a while", () => {
  const share = new FairShare();
  for (let i = 0; i < 100; i++) share.take(person(`${i}`), 0.001, 0, 0);
  assertEquals(share.size, 100);
  share.take(ana, 0.001, 0, 10_000);
  assertEquals(share.size, 1);
});
