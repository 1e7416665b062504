import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ChatClient } from "../../client.ts";
import type { Entry } from "../../src/protocol/frames.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { Cast, connected, nudge } from "./people.ts";
import { report, SEED, setting } from "./setting.ts";

/** The number of entries that the room's log keeps here. */
const WINDOW = 50;

/** Reads up to the first frame that is no entry: what came, and whether there was a gap. */
async function drain(socket: RawSocket): Promise<{ seqs: number[]; gaps: number }> {
  const seqs: number[] = [];
  let gaps = 0;
  socket.send({ action: "ping", ref: "end" });
  socket.send({ action: "ping", ref: "very end" });
  for (;;) {
    const frame = await socket.next();
    if (frame.ref === "very end") return { seqs, gaps };
    if (frame.event === "gap") gaps++;
    for (const { seq } of (frame.entries ?? []) as Entry[]) seqs.push(seq);
  }
}

Deno.test("R6 a rejoin within the window is complete and in order, beyond it never partial", async () => {
  await using server = new TestChat({ rate: 0, logEntries: WINDOW });
  const { host, roomId } = await server.host1();
  await using _host = host;
  await using guest = await server.v1();
  const counts = { recovered: 0, unrecovered: 0, partial: 0, wrong: 0 };
  let saidSoFar = 0;

  /** Away for `missed` messages: then every one of them comes in order, or `recovered` is false. */
  async function away(missed: number): Promise<void> {
    const joined = await guest.ask({ action: "join", body: roomId });
    const { seqs } = await drain(guest);
    const cursor = seqs.at(-1) ?? Number(joined.after);
    guest.send({ action: "leave", body: { room_id: roomId } });
    await guest.until(({ message }) => message === "Left room");
    if (missed > 0) {
      for (let i = 0; i < missed; i += 100) {
        const body = Array.from({ length: Math.min(100, missed - i) }, () => "x");
        host.send({ action: "messages", room_id: roomId, body });
      }
      saidSoFar += missed;
      await host.until(({ entries }) =>
        Array.isArray(entries) && entries.some(({ n }) => n === saidSoFar)
      );
    }
    // The leave itself is an entry too.
    const head = cursor + missed + 1;
    const back = await guest.ask({
      action: "join",
      body: { room_id: roomId, after: cursor, epoch: joined.epoch },
    });
    assertEquals(back.seq, head);
    const got = await drain(guest);
    const expected = Array.from({ length: missed + 2 }, (_, i) => cursor + 1 + i);
    const complete = got.gaps === 0 && String(got.seqs) === String(expected);
    if (back.recovered !== true) counts.unrecovered++;
    else if (complete) counts.recovered++;
    else counts.partial++;
    if (back.recovered !== head - cursor <= WINDOW) counts.wrong++;
    guest.send({ action: "leave", body: { room_id: roomId } });
    await guest.until(({ message }) => message === "Left room");
    await drain(host);
  }

  for (let missed = 0; missed <= WINDOW + 5; missed++) await away(missed);
  const around = fc.integer({ min: WINDOW - 5, max: WINDOW + 5 });
  await fc.assert(
    fc.asyncProperty(fc.oneof(around, fc.integer({ min: 0, max: 4 * WINDOW })), away),
    { seed: SEED, numRuns: setting(40, 500) },
  );
  report("R6", `away for 0 to ${4 * WINDOW} messages, a window of ${WINDOW}`, counts);
  assertEquals([counts.partial, counts.wrong], [0, 0]);
  assert(counts.recovered > 0 && counts.unrecovered > 0);
});

Deno.test("R6 an app sees a window of any size, with no code of its own", async () => {
  const missed = setting(2_500, 9_000);
  await using server = new TestChat({ rate: 0, logEntries: 10_000 });
  await using proxy = await FaultProxy.to(server.host);
  await using cut = new Cast(proxy.url);
  await using direct = new Cast(server.url);
  const ben = await direct.enter();
  const ana = await cut.enter(ben.room.id);
  proxy.refuse();
  proxy.reset();
  await until(() => !connected(ana), "the client does not notice");
  await direct.talk([ben], { count: missed, perSecond: Infinity });
  proxy.heal();
  await until(() => {
    nudge();
    return ana.room.cursor >= ben.room.cursor;
  }, "the client does not catch up");
  assertEquals(ana.seen.filter(({ type }) => type !== "entry"), [ana.seen[0]]);
  assert(ana.seen.length > missed, `${ana.seen.length} of ${missed} entries`);
  assertClean(await direct.verdict());
  report("R6", `one client away for ${missed} messages, a window of 10000`, {
    missed: 0,
    gaps: 0,
  });
});

Deno.test("R6 joining a room again while it is busy skips nothing", async () => {
  await using server = new TestChat({ rate: 0, logEntries: 10_000 });
  await using cast = new Cast(server.url);
  const [ana, ben] = await cast.fill(2);
  const joins = setting(100, 1_000);
  let joined = 0;
  const talking = cast.talk([ben!], {
    count: Infinity,
    perSecond: 2_000,
    while: () => joined < joins,
  });
  while (joined < joins) {
    assertEquals(await ana!.chat.joinRoom(ana!.room.id), ana!.room);
    joined++;
  }
  await talking;
  const verdict = await cast.verdict();
  report("R6", `joined ${joins} times while a member`, {
    lost: verdict.lost,
    "silent gaps": verdict.silentGaps,
  });
  assertClean(verdict);
});

Deno.test("R6 joining a room while its rejoin is on its way skips nothing", async () => {
  await using server = new TestChat({ rate: 0, logEntries: 10_000 });
  await using proxy = await FaultProxy.to(server.host);
  await using direct = new Cast(server.url);
  const ben = await direct.enter();
  await using ana = new ChatClient(proxy.url);
  await ana.connect();
  const room = await ana.joinRoom(ben.room.id);
  const reader = room.events();
  const seqs: number[] = [];
  const reading = (async () => {
    for await (const event of reader) if ("seq" in event) seqs.push(event.seq);
  })();
  proxy.refuse();
  proxy.reset();
  await until(() => ana.status.type !== "connected", "the client does not notice");
  await direct.talk([ben], { count: 50, perSecond: Infinity });
  proxy.heal();
  const again = ana.joinRoom(ben.room.id);
  await until(() => {
    nudge();
    return ana.status.type === "connected";
  }, "the client does not come back");
  await again;
  await direct.say(ben);
  await until(() => room.cursor >= ben.room.cursor, "the client is behind");
  await ana.close();
  await reading;
  assertEquals(seqs, seqs.map((_, i) => seqs[0]! + i));
  report("R6", "joined while the rejoin was on its way", { "silent gaps": 0 });
});
