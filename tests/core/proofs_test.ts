import { assertEquals, assertThrows } from "@std/assert";
import { checkedProof, type Proof } from "../../src/core/authority/proof.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { type FakePeer, HubBench } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

/** A client of a hub that has proved who it is. */
function proved(bench: HubBench, proof: Proof): FakePeer {
  const peer = bench.peer(false);
  peer.proof = checkedProof(proof, bench.t.at);
  bench.perform(bench.hub.connect(peer, bench.t));
  bench.perform(bench.hub.receive(peer, { action: "hello", name: "Ana" }, bench.t));
  return peer;
}

const said = ({ sent }: FakePeer) => JSON.parse(sent.at(-1) ?? "null");

pure("a new proof of the same person is told, with the time that is left", () => {
  const bench = new HubBench();
  const peer = proved(bench, { sub: "ana", expiresAt: bench.t.at + 60_000 });
  bench.pass(30_000);
  const proof = checkedProof({ sub: "ana", expiresAt: bench.t.at + 60_000 }, bench.t.at);
  bench.perform(bench.hub.proofs.renew(peer, proof, "r", bench.t));
  assertEquals(said(peer), {
    status: "success",
    sub: "ana",
    expires_in_ms: 60_000,
    message: "Token renewed",
    ref: "r",
  });
});

pure("a proof of somebody else changes nothing", () => {
  const bench = new HubBench();
  const peer = proved(bench, { sub: "ana", issuer: "me", unique: true });
  const { proof: before } = peer;
  const others = [{ sub: "eve", issuer: "me" }, { sub: "ana", issuer: "you" }];
  for (const other of others.flatMap((one) => [one, { ...one, unique: true }])) {
    const proof = checkedProof(other, bench.t.at);
    const { code } = assertThrows(
      () => bench.hub.proofs.renew(peer, proof, undefined, bench.t),
      ChatError,
    );
    assertEquals([code, peer.proof, peer.session?.sub], ["token_mismatch", before, "ana"]);
  }
});

pure("a proof with another name renames, and one without leaves the name", () => {
  const bench = new HubBench();
  const peer = proved(bench, { sub: "ana" });
  for (const [name, called] of [["Anna", "Anna"], [undefined, "Anna"]] as const) {
    const proof = checkedProof({ sub: "ana", ...(name && { name }) }, bench.t.at);
    bench.perform(bench.hub.proofs.renew(peer, proof, undefined, bench.t));
    assertEquals(peer.session?.name, called);
  }
});

pure(
  "a connection is asked for a new proof, and closed half a minute after the end of the old one",
  () => {
    const bench = new HubBench({ heartbeatMs: 3_600_000 });
    const peer = proved(bench, { sub: "ana", expiresAt: bench.t.at + 600_000 });
    bench.pass(539_000);
    assertEquals(bench.hub.tick(bench.t), []);
    bench.pass(1_000);
    bench.perform(bench.hub.tick(bench.t));
    assertEquals(said(peer), { event: "expiring", expires_in_ms: 60_000 });
    bench.pass(89_000);
    bench.perform(bench.hub.tick(bench.t));
    assertEquals(peer.session?.id === undefined, false);
    bench.pass(1_000);
    const [closing] = bench.hub.tick(bench.t);
    assertEquals([closing?.type, closing?.type === "close" && closing.code], ["close", 4502]);
    assertEquals(peer.session, undefined);
  },
);
