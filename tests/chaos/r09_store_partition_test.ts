import { assert, assertEquals } from "@std/assert";
import type { RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { startNode, TIMES } from "../support/node.ts";
import { pause, until } from "../support/waiting.ts";
import { assertClean } from "./checker.ts";
import { FaultProxy, type Way } from "./fault_proxy.ts";
import { Cast, connected } from "./people.ts";
import { report, setting } from "./setting.ts";

const CUT_MS = setting(1_500, 30_000);
const PEOPLE = setting(4, 10);
const EVERY_MS = 10;

const nats = NEEDS_NATS.ignore ? undefined : await NatsServer.start();
Deno.test.afterAll(() => nats?.[Symbol.asyncDispose]());

/** Says something again and again, and resolves with when the first was refused, in milliseconds from now. */
async function refusal(socket: RawSocket, roomId: string): Promise<number> {
  const begin = performance.now();
  let over = false;
  const sending = (async () => {
    while (!over) {
      socket.send({ action: "message", room_id: roomId, body: "" });
      await pause(EVERY_MS);
    }
  })();
  const error = await socket.until(({ status }) => status === "error");
  over = true;
  await sending;
  assertEquals(error.code, "unavailable");
  assert(Number(error.retry_after_ms) > 0);
  return performance.now() - begin;
}

async function partition(what: string, ...ways: Way[]): Promise<void> {
  await using proxy = await FaultProxy.to(nats?.host ?? "");
  const name = `partition${ways.length}`;
  const limits = { logEntries: 100_000 };
  await using far = startNode({ hosts: proxy.host, name }, limits);
  await using near = startNode({ hosts: nats?.host ?? "", name }, limits);
  let url = near.url;
  await using cast = new Cast(() => url);
  const people = await cast.fill(PEOPLE);
  const { id } = people[0]!.room;
  url = far.url;
  for (let i = 0; i < PEOPLE; i++) people.push(await cast.enter(id));
  const there = people.slice(PEOPLE);
  await using socket = await probe(far, id);

  // The probe's first word after the cut has no answer before it is whole again.
  cast.note("", { type: "unknown" });

  let over = false;
  const talking = cast.talk(people, { count: Infinity, perSecond: 100, while: () => !over });
  await until(() => cast.acknowledged > 100, "nothing is said");
  const begin = performance.now();
  proxy.blackhole(...ways);
  const noticedMs = await refusal(socket, id);
  await pause(begin + CUT_MS - performance.now());
  const kept = there.filter(connected).length;
  proxy.heal();
  const healed = performance.now();
  await until(async () => (await cast.say(there[0]!)) > 0, "nothing can be said after it");
  const mendedMs = performance.now() - healed;
  over = true;
  await talking;
  const verdict = await cast.verdict();
  report("R9", `${what} for ${CUT_MS} ms, probe ${TIMES.probeMs} ms`, {
    "refused after ms": Math.round(noticedMs),
    "stores again after ms": Math.round(mendedMs),
    "clients kept": `${kept} of ${there.length}`,
    acked: verdict.acked,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
    "told missing": verdict.told,
    "silent gaps": verdict.silentGaps,
  });
  assertClean(verdict);
  assertEquals(kept, there.length);
  assert(noticedMs <= 2 * TIMES.probeMs + setting(200, 0), `${noticedMs} ms`);
}

async function probe(node: TestChat, roomId: string): Promise<RawSocket> {
  const socket = await node.v1();
  await socket.ask({ action: "join", body: roomId });
  return socket;
}

Deno.test("R9 a node that is cut off from its store refuses clearly, and loses nothing", {
  ...NEEDS_NATS,
}, () => partition("all cut off"));

Deno.test("R9 so does one that can speak to its store and hears nothing", {
  ...NEEDS_NATS,
}, () => partition("deaf", "down"));
