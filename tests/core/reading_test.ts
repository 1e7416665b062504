import { assertEquals } from "@std/assert";
import { Log } from "../../src/core/log/log.ts";
import type { HistoryStore } from "../../src/core/store/store.ts";
import type { HistoryFrame } from "../../src/protocol/frames.ts";
import { Roster } from "../../src/protocol/roster.ts";
import { type FakePeer, HubBench, refusal } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

/** A store that has more than its logs. */
const HISTORY: HistoryStore = {
  page: () => Promise.reject(new Error("It is asked by the test")),
};

/** A room in which `count` messages were said, without presence. */
function talked(count: number, history?: HistoryStore) {
  const bench = new HubBench({ rate: 0 }, false, history === undefined ? {} : { history });
  const ana = bench.v1("Ana");
  const roomId = bench.create(ana, "Lobby");
  for (let n = 1; n <= count; n++) bench.say(ana, roomId, `${n}`);
  const ask = (fields: Partial<HistoryFrame>, peer: FakePeer = ana) =>
    bench.hub.receive(peer, { action: "history", roomId, limit: 3, ...fields }, bench.t);
  /** The answer as the bodies of its entries, its `more` and its `recovered`. */
  const read = (fields: Partial<HistoryFrame>) => {
    bench.perform(ask(fields));
    const { entries, more, recovered } = JSON.parse(ana.sent.at(-1)!);
    const bodies = entries.map(({ body, event }: Record<string, string>) => body ?? event);
    return [bodies.join(" "), more, ...(recovered === undefined ? [] : [recovered])];
  };
  return { bench, ana, roomId, ask, read };
}

pure("a page is a part of the log in its order, whichever way was asked", () => {
  const { read } = talked(9);
  // The log begins with the join, as seq 1: the message n is at n + 1.
  assertEquals(read({}), ["7 8 9", true]);
  assertEquals(read({ before: 5 }), ["1 2 3", true]);
  assertEquals(read({ before: 3 }), ["join 1", false]);
  assertEquals(read({ before: 1 }), ["", false]);
  assertEquals(read({ after: 5 }), ["5 6 7", true, true]);
  assertEquals(read({ after: 8 }), ["8 9", false, true]);
  assertEquals(read({ after: 0 }), ["join 1 2", true, true]);
  assertEquals(read({ after: 11 }), ["", false, false]);
  assertEquals(read({ around: 5 }), ["3 4 5", true]);
  assertEquals(read({ around: 5, limit: 1 }), ["4", true]);
  assertEquals(read({ around: 5, limit: 4 }), ["3 4 5 6", true]);
  assertEquals(read({ around: 1 }), ["join 1", false]);
  assertEquals(read({ around: 2 ** 53 - 1, limit: 4 }), ["8 9", true]);
});

pure("a page has the ref, the room and the epoch", () => {
  const { bench, ana, roomId, ask } = talked(0);
  bench.perform(ask({ ref: "h", limit: 1 }));
  const { epoch } = bench.hub.rooms.get(roomId)!.log;
  const { entries: [{ event }], ...rest } = JSON.parse(ana.sent.at(-1)!);
  assertEquals(event, "join");
  assertEquals(rest, { status: "success", room_id: roomId, epoch, more: false, ref: "h" });
});

pure("the store is asked where memory may not have all of a page, and only there", () => {
  const { bench, roomId, ask } = talked(120, HISTORY);
  const { log } = bench.hub.rooms.get(roomId)!;
  assertEquals([log.tail, log.head], [21, 121]);
  const kind = (fields: Partial<HistoryFrame>) => ask(fields).map(({ type }) => type).join();
  assertEquals(kind({}), "send");
  assertEquals(kind({ before: 26 }), "send");
  // The oldest entry in memory is in the page: only the store knows whether more comes.
  assertEquals(kind({ before: 25 }), "page");
  assertEquals(kind({ before: 5 }), "page");
  assertEquals(kind({ after: 21 }), "send");
  assertEquals(kind({ after: 20 }), "page");
  assertEquals(kind({ around: 24 }), "send");
  assertEquals(kind({ around: 20 }), "page");
  const [question] = ask({ around: 20, limit: 5 });
  assertEquals(question?.type === "page" && question.queries, [
    { to: "older", from: 21, limit: 3, units: 8_192 },
    { to: "newer", from: 20, limit: 2, units: 8_192 },
  ]);
});

pure(
  "without a store that has more, memory is all there is, and says that something is missing",
  () => {
    const { read } = talked(120);
    assertEquals(read({ before: 24 }), ["21 22", false]);
    assertEquals(read({ before: 10 }), ["", false]);
    assertEquals(read({ after: 20 }), ["21 22 23", true, false]);
    assertEquals(read({ after: 21 }), ["21 22 23", true, true]);
  },
);

pure("a page that the store has read is answered to a member only", () => {
  const { bench, ana, roomId, ask } = talked(1, HISTORY);
  const frame: HistoryFrame = { action: "history", roomId, limit: 3, before: 9 };
  const entries = [{ seq: 3, text: `{"seq":3}` }];
  const [answer] = bench.hub.reading.paged(
    ana,
    frame,
    [{ entries, more: true, complete: true }],
    bench.t,
  );
  assertEquals(answer?.type === "send" && JSON.parse(answer.text).entries, [{ seq: 3 }]);
  const ben = bench.v1("Ben");
  const stranger = refusal(() => ask({}, ben));
  assertEquals(stranger[0], "not_in_room");
  bench.perform(bench.hub.receive(ana, { action: "leave", roomId }, bench.t));
  assertEquals(refusal(() => bench.hub.reading.paged(ana, frame, [], bench.t))[0], "not_in_room");
  bench.perform(bench.hub.disconnect(ana, bench.t, true));
  assertEquals(bench.hub.reading.paged(ana, frame, [], bench.t), []);
});

pure("whoever reads much pays for it", () => {
  const bench = new HubBench({ rate: 10 });
  const ana = bench.v1("Ana");
  const roomId = bench.create(ana, "Lobby");
  const { log } = bench.hub.rooms.get(roomId)!;
  log.push(9, JSON.stringify({ seq: 9, body: "x".repeat(60_000) }));
  const before = ana.session!.budget.take(1, bench.t.now);
  assertEquals(before, 0);
  for (let i = 0; i < 4; i++) {
    bench.perform(bench.hub.receive(ana, { action: "history", roomId, limit: 9 }, bench.t));
  }
  // Each page of 60,000 units has taken three, of the fifteen at the beginning.
  assertEquals(ana.session!.budget.take(3, bench.t.now), 0);
  assertEquals(ana.session!.budget.take(1, bench.t.now) > 0, true);
});

pure("a search in memory goes back as far as is soon done, and says where it goes on", () => {
  const { bench, ana, roomId } = talked(90);
  const search = (text: string, more: object = {}) => {
    const frame = { action: "search", roomId, text, limit: 3, ...more } as const;
    bench.perform(bench.hub.receive(ana, frame, bench.t));
    const { entries, more: hasMore, before } = JSON.parse(ana.sent.at(-1)!);
    return [entries.map(({ body }: { body: string }) => body).join(" "), hasMore, before];
  };
  assertEquals(search("7"), ["7", false, undefined]);
  for (let i = 0; i < 5; i++) bench.say(ana, roomId, `again ${i}`);
  assertEquals(search("AGAIN"), ["again 2 again 3 again 4", true, 94]);
  assertEquals(search("again", { before: 94 }), ["again 0 again 1", false, undefined]);
  assertEquals(search("4 again"), ["again 4", false, undefined]);
  assertEquals(search("nothing"), ["", false, undefined]);
  const log = new Log("e", { logEntries: 10, logBytes: 1_000_000 });
  const texts = ["wanted", ...Array(3).fill("y".repeat(60_000))];
  texts.forEach((body, i) => log.push(i + 1, JSON.stringify({ seq: i + 1, body })));
  const large = { id: "7ttv-jfcm-9nr7-2jds", name: "Large", log, roster: new Roster() };
  bench.perform(bench.opened(ana, { action: "join", roomId: large.id }, large));
  assertEquals(search("wanted", { roomId: large.id }), ["", true, 3]);
  assertEquals(search("wanted", { roomId: large.id, before: 3 }), ["wanted", false, undefined]);
});

pure(
  "a search without a word, or with many, is refused, and so is one where nothing can be found",
  () => {
    const { bench, ana, roomId } = talked(1);
    const of = (bench: HubBench, peer: FakePeer, text: string) =>
      refusal(() => bench.hub.receive(peer, { action: "search", roomId, text, limit: 1 }, bench.t));
    assertEquals(of(bench, ana, "*()")[0], "invalid_frame");
    assertEquals(of(bench, ana, "a b c d e f g h i j k l m n o p q")[0], "invalid_frame");
    const other = talked(1, HISTORY);
    const frame = { action: "search", roomId: other.roomId, text: "x", limit: 1 } as const;
    const [code] = refusal(() => other.bench.hub.receive(other.ana, frame, other.bench.t));
    assertEquals(code, "unsupported");
  },
);
