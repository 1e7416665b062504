import { assertEquals, assertThrows } from "@std/assert";
import { checkedProof } from "../../../src/core/authority/proof.ts";
import { Revocations } from "../../../src/core/store/revocations.ts";
import type { ClientStore } from "../../../src/core/store/store.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { pure } from "../../support/pure.ts";

const DAY = 86_400_000;
const proved = (issuedAt: number, sub = "eve") => checkedProof({ sub, issuedAt }, issuedAt);

const code = (of: () => void) => assertThrows(of, ChatError).code;

/** Revokes, as a hub does whose store keeps it at once. */
function revoke(revocations: Revocations, sub: string, before: number, at: number): void {
  revocations.take(sub, revocations.admit(sub, before, at).before);
}

pure("what was proved before a revocation counts no more, and what was later does", () => {
  const revocations = new Revocations({});
  revocations.check(proved(5_000));
  revoke(revocations, "eve", 6_000, 6_000);
  assertEquals(code(() => revocations.check(proved(5_999))), "token_revoked");
  for (const good of [proved(6_000), proved(5_000, "ana"), undefined]) revocations.check(good);
  // An earlier time takes nothing back.
  revoke(revocations, "eve", 1_000, 7_000);
  revocations.take("eve", 2_000);
  assertEquals(code(() => revocations.check(proved(5_999))), "token_revoked");
});

pure("revocations have a bound, and are forgotten when no token is so old any more", () => {
  const revocations = new Revocations({});
  for (let i = 0; i < 10_000; i++) revoke(revocations, `${i}`, 1_000, 1_000);
  assertEquals(code(() => revocations.admit("eve", 1_000, 1_000)), "unavailable");
  revoke(revocations, "7", 2_000, 2_000);
  revoke(revocations, "eve", DAY + 200_000, DAY + 200_000);
});

pure("a store that outlives the process has to keep them", () => {
  const clients: ClientStore = { remember: () => {} };
  const without = new Revocations({ clients });
  assertEquals(code(() => without.admit("eve", 1, 1)), "unsupported");
  const revocations = { revoke: () => {}, revoked: () => [{ sub: "ben", before: 9_000 }] };
  const with_ = new Revocations({ clients, revocations });
  assertEquals([without.areKept, with_.areKept], [false, true]);
  assertEquals(code(() => with_.check(proved(8_999, "ben"))), "token_revoked");
  // One that is further on stays.
  assertEquals(with_.admit("ben", 8_000, 8_000).before, 9_000);
  assertEquals(with_.admit("eve", 2 * DAY, 2 * DAY), { before: 2 * DAY, over: DAY - 120_000 });
});
