import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Entry } from "../../src/protocol/frames.ts";
import { TestChat } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";
import { report, SEED, setting } from "./setting.ts";
import { entryText, everybodyLeaves, Model, stories } from "./story.ts";
import { HubWorld, SocketWorld } from "./worlds.ts";

const TIMES = { graceMs: 30_000, pauseMs: 45_000, sessionMs: 20_000, emptyRoomMs: 60_000 };
const LENGTH = 300;

function total(done: Record<string, number>): number {
  return Object.values(done).reduce((sum, count) => sum + count, 0);
}

Deno.test("R16 the rules keep the same books as a model, whatever happens when", async () => {
  const done: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(stories(LENGTH, true), async (story) => {
      const model = new Model(TIMES, done);
      const world = new HubWorld({ ...TIMES, seed: SEED });
      await fc.asyncModelRun(() => ({ model, real: world }), story);
      await everybodyLeaves(model, world);
      await world.pass(TIMES.graceMs + TIMES.emptyRoomMs);
      assertEquals(world.sizes(), { clients: 0, rooms: 0 });
    }),
    { seed: SEED, numRuns: setting(100, 1_000) },
  );
  report("R16", "random stories against a model, with a clock turned by hand", {
    operations: total(done),
    "presence drift": 0,
    "clients left": 0,
    "rooms left": 0,
  });
});

Deno.test("R16 a server keeps the same books as a model, and gives everything back", async () => {
  const done: Record<string, number> = {};
  // No story takes as long as an empty room lives.
  const emptyRoomMs = setting(2_000, 10_000);
  await using server = new TestChat({ rate: 0, emptyRoomMs, logEntries: 10_000 });
  // The first connection opens what stays open.
  await (await server.v1()).close(1000);
  await until(() => server.chat.size.connections === 0, "a connection stays");
  const before = descriptors();
  await fc.assert(
    fc.asyncProperty(stories(LENGTH, false), async (story) => {
      const model = new Model(TIMES, done);
      const world = new SocketWorld(server);
      await fc.asyncModelRun(() => ({ model, real: world }), story);
      await everybodyLeaves(model, world);
      const reader = await server.v1();
      for (const { id, log } of model.rooms.values()) {
        reader.send({ action: "join", body: { room_id: id, last: 10_000 } });
        assertEquals((await reader.next()).members, [{ client_id: reader.id }]);
        const entries: Entry[] = await reader.entries(log.length + 1);
        assertEquals(entries.slice(0, -1).map(entryText), log);
      }
      await reader.close(1000);
    }),
    { seed: SEED, numRuns: setting(10, 250) },
  );
  await until(() => server.chat.size.rooms === 0, "a room stays", { withinMs: 2 * emptyRoomMs });
  await until(() => server.chat.size.connections === 0, "a connection stays");
  await until(() => Math.abs(descriptors() - before) <= 2, () => `${descriptors()} of ${before}`);
  report("R16", "random stories against a model, over real sockets", {
    operations: total(done),
    "presence drift": 0,
    "rooms left": server.chat.size.rooms,
    "connections left": server.chat.size.connections,
    "descriptors more": descriptors() - before,
  });
});

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}
