import { assertEquals } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { type Frame, TestChat } from "../support/fixtures.ts";
import { assertClean } from "./checker.ts";
import { Cast } from "./people.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const SUBSCRIBES = setting(500, 10_000);
const READERS = 10;
const PER_SECOND = 2_000;

/** Where a reader stands, and what went wrong on its way there. */
interface Progress {
  subscribes: number;
  entries: number;
  gaps: number;
  duplicates: number;
}

/** Subscribes again and again where it left off, over leaves and cut connections; each `seq` must come once. */
async function subscribe(
  server: TestChat,
  roomId: string,
  progress: Progress,
  random: () => number,
): Promise<void> {
  let socket = await server.v1();
  let place: { epoch: string; after: number } | undefined;
  while (progress.subscribes < SUBSCRIBES) {
    socket.send({ action: "join", body: { room_id: roomId, ...place }, ref: "join" });
    const joined = await socket.until(({ ref }) => ref === "join");
    assertEquals(joined.recovered, place === undefined ? undefined : true);
    progress.subscribes++;
    let after = place?.after ?? Number(joined.after);
    const take = (frame: Frame) => {
      if (frame.event === "gap") progress.gaps++;
      for (const { seq } of (frame.entries ?? []) as Entry[]) {
        progress.entries++;
        if (seq > after + 1) progress.gaps++;
        if (seq <= after) progress.duplicates++;
        after = seq;
      }
    };
    for (let frames = 1 + Math.floor(random() * 3); frames > 0; frames--) take(await socket.next());
    if (random() < 0.5) {
      socket.send({ action: "leave", body: { room_id: roomId }, ref: "leave" });
      for (;;) {
        const frame = await socket.next();
        if (frame.ref === "leave") break;
        take(frame);
      }
    } else {
      const session = String(socket.welcome.session);
      await socket.close();
      socket = await server.v1({ session });
    }
    place = { epoch: String(joined.epoch), after };
  }
  await socket.close(1000);
}

async function collectAll(readers: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(readers);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

Deno.test("R5 whoever joins or rejoins a busy room gets each entry once, from its place on", async () => {
  await using server = new TestChat({ rate: 0, logEntries: 100_000, logBytes: 64 * 1_048_576 });
  await using cast = new Cast(server.url);
  const speakers = await cast.fill(4);
  const { id } = speakers[0]!.room;
  const progress: Progress = { subscribes: 0, entries: 0, gaps: 0, duplicates: 0 };
  const begin = performance.now();
  const readers = Array.from(
    { length: READERS },
    (_, i) => subscribe(server, id, progress, chance(SEED + i)),
  );
  let done = false;
  const subscribing = collectAll(readers).finally(() => done = true);
  const talking = cast.talk(speakers, {
    count: Infinity,
    perSecond: PER_SECOND,
    while: () => !done,
  });
  await Promise.all([subscribing, talking]);
  const seconds = (performance.now() - begin) / 1_000;
  const verdict = await cast.verdict();
  report("R5", `joins, rejoins and resumes of ${READERS} readers in a busy room`, {
    ...progress,
    "msg/s": Math.round(verdict.messages / seconds),
  });
  assertEquals([progress.gaps, progress.duplicates], [0, 0]);
  assertClean(verdict);
});
