import { assertEquals } from "@std/assert";
import { DEFAULTS } from "../../../src/core/state/options.ts";
import { type Quota, type QuotaOptions, Quotas } from "../../../src/core/state/quota.ts";
import { rateOf, TokenBucket } from "../../../src/core/limits/rate_limit.ts";
import { Session } from "../../../src/core/state/sessions.ts";
import { FakePeer, HubBench, refusal } from "../../support/hub_harness.ts";
import { pure } from "../../support/pure.ts";

function quota(options: Partial<QuotaOptions> = {}): Quota {
  return new Quotas({ ...DEFAULTS, ...options }).of("192.0.2.7", 0);
}

function client(id: string): Session {
  return new Session({ id, name: undefined, n: 0 }, new TokenBucket(rateOf(0), 0));
}

pure("an address has its handshakes all at once, and then as many as come back in a minute", () => {
  const ana = quota({ addressHandshakes: 60 });
  for (let i = 0; i < 60; i++) assertEquals(ana.handshake(0), undefined);
  assertEquals(ana.handshake(0), { what: "handshakes in a short time", retryAfterMs: 1_000 });
  assertEquals(ana.handshake(1_000), undefined);
  assertEquals(ana.handshake(1_000)?.retryAfterMs, 1_000);
});

pure("an address has so many connections, and never more than half of all", () => {
  for (const [addressConnections, maxConnections, most] of [[3, 100, 3], [0, 7, 4], [50, 10, 5]]) {
    const ana = quota({ addressConnections, maxConnections } as QuotaOptions);
    ana.connections = most! - 1;
    assertEquals(ana.handshake(0), undefined);
    ana.connections++;
    const refused = { what: `connections, at most ${most}`, retryAfterMs: 5_000 };
    assertEquals(ana.handshake(0), refused);
    ana.connections--;
    assertEquals(ana.handshake(0), undefined);
  }
});

pure("0 is no limit", () => {
  const none = {
    addressHandshakes: 0,
    addressRooms: 0,
    addressFailedJoins: 0,
    addressFailedTokens: 0,
    addressRate: 0,
  };
  const ana = quota(none);
  for (let i = 0; i < 10_000; i++) {
    assertEquals(ana.handshake(0), undefined);
    ana.makeRoom(0);
    ana.failJoin();
    ana.checkJoins(0);
    ana.failToken();
    ana.checkTokens(0);
    assertEquals(ana.frames.take(100, 0), 0);
  }
});

pure(
  "rooms that are made and joins that fail are refused when there were too many, with a time to wait",
  () => {
    const ana = quota({ addressRooms: 2, addressFailedJoins: 1 });
    ana.makeRoom(0);
    ana.makeRoom(0);
    assertEquals(refusal(() => ana.makeRoom(0)), [
      "rate_limited",
      "Too many rooms were made from your address: wait 30000 ms",
    ]);
    ana.makeRoom(30_000);
    ana.checkJoins(0);
    ana.failJoin();
    assertEquals(refusal(() => ana.checkJoins(0)), [
      "rate_limited",
      "Too many rooms were not found from your address: wait 60000 ms",
    ]);
    ana.checkJoins(60_000);
  },
);

pure("an address may hold a tenth of all rooms, a hundred of few, and half of very few", () => {
  for (const [maxRooms, most] of [[10_000, 1_000], [500, 100], [20, 10], [1, 1]] as const) {
    const ana = quota({ maxRooms });
    ana.rooms = most - 1;
    ana.checkRooms();
    ana.rooms++;
    assertEquals(refusal(() => ana.checkRooms()), [
      "too_many_rooms",
      `${most} rooms are open from your address, at most ${most}`,
    ]);
  }
});

pure("of too many who are away from one address, the one that stayed the least is named", () => {
  const ana = quota({ maxAway: 4 });
  const [one, two, three] = [client("1"), client("2"), client("3")];
  ana.leave(one!, 5);
  ana.leave(two!, 2);
  assertEquals([ana.excess, ana.inUse], [undefined, true]);
  ana.leave(three!, 9);
  assertEquals(ana.excess, two);
  ana.comeBack(two!);
  assertEquals(ana.excess, undefined);
});

pure("addresses of which nothing is here are forgotten when there are many, and no others", () => {
  const quotas = new Quotas(DEFAULTS);
  const held = quotas.of("held", 0);
  held.connections = 1;
  for (let i = 0; i < 25_000; i++) quotas.of(`${i}`, 0);
  assertEquals(quotas.size <= 10_001, true, `${quotas.size}`);
  assertEquals(quotas.of("held", 0), held);
});

pure("addresses of which something is here are all remembered", () => {
  const quotas = new Quotas(DEFAULTS);
  for (let i = 0; i < 12_000; i++) quotas.of(`${i}`, 0).connections = 1;
  assertEquals(quotas.size, 12_000);
});

pure("what comes from one address pays out of one budget, whoever says it", () => {
  const bench = new HubBench();
  const shared = quota({ addressRate: 10 });
  const [ana, ben] = [at(bench, shared), at(bench, shared)];
  assertEquals(ana.session?.budget.take(10, 0), 0);
  assertEquals(ben.session?.budget.take(10, 0), 0);
  // 15 were there: the last five are owed.
  assertEquals(ben.session?.budget.take(1, 0), 600);
  assertEquals(ana.session?.budget.take(1, 600), 0);
  assertEquals(bench.v1("Eve").session?.budget.take(10, 0), 0);
});

/** A client that comes from an address. */
function at(bench: HubBench, quota: Quota, token?: string): FakePeer {
  const peer = new FakePeer(false, quota);
  bench.perform(bench.hub.connect(peer, bench.t));
  const session = token === undefined ? {} : { session: token };
  bench.perform(bench.hub.receive(peer, { action: "hello", ...session }, bench.t));
  return peer;
}

pure("rooms that are not found count for an address, and rooms that one is in do not ask", () => {
  const bench = new HubBench();
  const shared = quota({ addressFailedJoins: 1 });
  const [ana, ben] = [at(bench, shared), at(bench, shared)];
  const [eve, room] = [bench.v1("Eve"), bench.create(ana, "Lobby")];
  const nowhere = { roomId: "k7q2-m9xd-4hwn-r3tc" };
  assertEquals(refusal(() => bench.join(ana, nowhere))[0], "room_not_found");
  assertEquals(refusal(() => bench.join(ben, nowhere))[0], "rate_limited");
  assertEquals(refusal(() => bench.join(ben, { roomId: room }))[0], "rate_limited");
  bench.join(ana, { roomId: room });
  bench.join(eve, { roomId: room });
  assertEquals(refusal(() => bench.join(eve, nowhere))[0], "room_not_found");
  bench.pass(60_000);
  bench.join(ben, { roomId: room });
});

pure("rooms are made for an address so fast, and so many, and others make theirs", () => {
  const bench = new HubBench({ maxRooms: 4 });
  const shared = quota({ maxRooms: 4, addressRooms: 3 });
  const [ana, ben, eve] = [at(bench, shared), at(bench, shared), bench.v1("Eve")];
  const first = bench.create(ana, "1");
  bench.create(ben, "2");
  assertEquals(refusal(() => bench.create(ben, "3"))[0], "too_many_rooms");
  assertEquals(shared.rooms, 2);
  bench.create(eve, "3");
  bench.hub.deleteRoom(first);
  assertEquals(shared.rooms, 1);
  bench.create(ben, "4");
  assertEquals(shared.rooms, 2);
});

pure(
  "those who are away from one address take places from each other, and from nobody else",
  () => {
    const bench = new HubBench({ maxAway: 4 });
    const shared = quota({ maxAway: 4 });
    const eve = bench.v1("Eve");
    const room = bench.create(eve, "Lobby");
    const token = bench.tokenOf(eve);
    bench.pass(10);
    bench.perform(bench.hub.disconnect(eve, bench.t));
    const tokens = [100, 200, 300, 400].map((stayedMs) => {
      const peer = at(bench, shared);
      const mine = bench.tokenOf(peer);
      bench.join(peer, { roomId: room });
      bench.pass(stayedMs);
      bench.perform(bench.hub.disconnect(peer, bench.t));
      return mine;
    });
    // Two of them have a place: half of all. Each knows whether it is resumed.
    const resumed = [...tokens, token].map((mine) => {
      const peer = new FakePeer(false);
      bench.perform(bench.hub.connect(peer, bench.t));
      bench.perform(bench.hub.receive(peer, { action: "hello", session: mine }, bench.t));
      return JSON.parse(peer.sent[0]!).resumed;
    });
    assertEquals(resumed, [false, false, true, true, true]);
  },
);
