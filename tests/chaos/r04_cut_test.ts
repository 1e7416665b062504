import { assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { TestChat } from "../support/fixtures.ts";
import { until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { FaultProxy, type Way } from "./fault_proxy.ts";
import { Cast, connected, nudge, type Person } from "./people.ts";
import { chance, report, setting } from "./setting.ts";

/** The bytes that a frame may be longer than the one that was measured: numbers grow. */
const MARGIN = 8;

/** Comes back without waiting for the backoff, until all that was said has an outcome. */
async function comeBack(person: Person, cast: Cast): Promise<void> {
  await until(() => {
    // What was cut may look alive for another moment.
    if (!connected(person)) nudge();
    return connected(person) && cast.settled;
  }, () => `the client is ${JSON.stringify(person.chat.status)}`);
}

/** Resets a connection, and waits until its client has noticed or, which may take less than a look, is back. */
async function lose(proxy: FaultProxy, person: Person): Promise<void> {
  const before = proxy.arrivals.length;
  proxy.reset();
  const hasNoticed = () => !connected(person) || proxy.arrivals.length > before;
  await until(hasNoticed, "the client does not notice");
}

/** Counts the bytes that pass in each direction while something happens. */
async function measure(
  proxy: FaultProxy,
  act: () => Promise<unknown>,
): Promise<Record<Way, number>> {
  const { up, down } = proxy.passed;
  await act();
  return { up: proxy.passed.up - up, down: proxy.passed.down - down };
}

function randomHow(random: () => number): "reset" | "close" {
  return random() < 0.5 ? "reset" : "close";
}

Deno.test("R4 a send that is cut at any byte of it or of its answer is stored once", async () => {
  await using server = new TestChat();
  await using proxy = await FaultProxy.to(server.host);
  await using cast = new Cast(proxy.url);
  await using witnesses = new Cast(server.url);
  const ana = await cast.enter();
  const ben = await witnesses.enter(ana.room.id);
  const random = chance();
  await cast.say(ana);
  const bytes = await measure(proxy, () => cast.say(ana));
  let cuts = 0;
  for (const way of ["up", "down"] as const) {
    for (let after = 0; after <= bytes[way] + MARGIN; after++) {
      proxy.cutAfter(way, after, randomHow(random));
      const said = cast.say(ana);
      await until(() => !proxy.cutPending || cast.settled, "neither cut nor answered");
      if (!proxy.cutPending) cuts++;
      proxy.heal();
      await comeBack(ana, cast);
      await said;
    }
  }
  const verdict = await cast.verdict();
  assertClean(verdict);
  await until(() => ben.room.cursor >= ana.room.cursor, "the witness is behind");
  const bodies = (person: Person) => person.seen.flatMap((seen) => "id" in seen ? [seen.id] : []);
  assertEquals(new Set(bodies(ben)).size, verdict.messages);
  assertEquals(bodies(ben).length, verdict.messages);
  assertEquals(verdict.acked, verdict.messages);
  report("R4", "cut at every byte of a send and of its acknowledgement", {
    cuts,
    sent: verdict.messages,
    stored: bodies(ben).length,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
    misplaced: verdict.misplaced,
  });
});

Deno.test("R4 a resume that is cut at any byte loses and doubles nothing", async () => {
  // A process of its own: the runtime never finishes to shut down where an upgrade was cut off.
  await using server = await ServerProcess.start();
  await using proxy = await FaultProxy.to(server.host);
  await using cast = new Cast(proxy.url, { timeoutMs: 3_000 });
  const ana = await cast.enter();
  const random = chance();
  const bytes = await measure(proxy, async () => {
    const lost = lose(proxy, ana);
    const said = cast.say(ana);
    await lost;
    await comeBack(ana, cast);
    await said;
  });
  let cuts = 0;
  const stride = setting(23, 1);
  for (const way of ["up", "down"] as const) {
    for (let after = Math.floor(random() * stride); after <= bytes[way] + MARGIN; after += stride) {
      await lose(proxy, ana);
      proxy.cutAfter(way, after, randomHow(random));
      const said = cast.say(ana);
      await until(() => {
        nudge();
        return !proxy.cutPending || cast.settled;
      }, "neither cut nor answered");
      if (!proxy.cutPending) cuts++;
      proxy.heal();
      await comeBack(ana, cast);
      await said;
    }
  }
  const verdict = await cast.verdict();
  assertClean(verdict);
  assertEquals(verdict.acked, verdict.messages);
  report("R4", `cut at ${stride === 1 ? "every" : `one in ${stride}`} byte of a resume`, {
    cuts,
    sent: verdict.messages,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
    misplaced: verdict.misplaced,
  });
});
