import { assertEquals } from "@std/assert";
import { Expiries, leftOf } from "../../src/core/expiries.ts";
import { checkedProof } from "../../src/core/authority/proof.ts";
import { rateOf } from "../../src/core/limits/rate_limit.ts";
import { Sessions } from "../../src/core/state/sessions.ts";
import { countingBytes, FakePeer } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

/** The wall clock is anywhere, and jumps; the other one begins at 0. */
const AT = 1_700_000_000_000;

function peerFor(ms: number): FakePeer {
  const peer = new FakePeer(false);
  peer.proof = checkedProof({ sub: "ana", expiresAt: AT + ms }, AT);
  new Sessions(countingBytes(), String, rateOf(0)).add(0).attach(peer, 0);
  return peer;
}

const dueAt = (expiries: Expiries, now: number) =>
  [...expiries.due(now)].map(({ leftMs }) => leftMs);

pure(
  "a connection is told a minute before the end, in between, and at the end, then closed",
  () => {
    const expiries = new Expiries();
    expiries.watch(peerFor(600_000), { now: 0, at: AT });
    const told = [539_999, 540_000, 540_500, 570_000, 599_000, 600_000, 615_000, 629_999, 630_000]
      .map((now) => dueAt(expiries, now));
    assertEquals(told, [[], [60_000], [], [30_000], [], [0], [], [], [undefined]]);
    assertEquals(expiries.size, 0);
  },
);

pure("of a short time a third is left at the first word", () => {
  const expiries = new Expiries();
  expiries.watch(peerFor(9_000), { now: 0, at: AT });
  assertEquals([dueAt(expiries, 5_999), dueAt(expiries, 6_000)], [[], [3_000]]);
});

pure("a new proof takes the place of the old one, and one without an end is not watched", () => {
  const expiries = new Expiries();
  const peer = peerFor(60_000);
  expiries.watch(peer, { now: 0, at: AT });
  peer.proof = checkedProof({ sub: "ana", expiresAt: AT + 600_000 }, AT);
  expiries.watch(peer, { now: 50_000, at: AT + 50_000 });
  assertEquals(dueAt(expiries, 100_000), []);
  peer.proof = checkedProof({ sub: "ana" }, AT);
  expiries.watch(peer, { now: 100_000, at: AT + 100_000 });
  assertEquals(expiries.size, 0);
});

pure("a connection that has gone is forgotten, and a clock that is set ends nothing", () => {
  const expiries = new Expiries();
  const peer = peerFor(60_000);
  expiries.watch(peer, { now: 0, at: AT });
  peer.session = undefined;
  assertEquals([dueAt(expiries, 59_000), expiries.size], [[], 0]);
});

pure("leftOf() is never less than nothing", () => {
  assertEquals(leftOf(peerFor(0).proof, { now: 9, at: AT + 5_000 }), 0);
  assertEquals(leftOf(undefined, { now: 9, at: AT }), undefined);
});

pure("the same proof again is no new one, and has nobody asked once more", () => {
  const expiries = new Expiries();
  const peer = peerFor(9_000);
  expiries.watch(peer, { now: 0, at: AT });
  assertEquals(dueAt(expiries, 6_000), [3_000]);
  expiries.watch(peer, { now: 6_000, at: AT + 6_000 });
  assertEquals([dueAt(expiries, 7_000), dueAt(expiries, 7_500)], [[], [1_500]]);
});
