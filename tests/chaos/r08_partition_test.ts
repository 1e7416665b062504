import { assert } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { TestChat } from "../support/fixtures.ts";
import { pause, until } from "../support/waiting.ts";
import { assertClean, type Verdict } from "./checker.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { mayMakeNamespaces, NetNamespace } from "./netns.ts";
import { Cast, connected, nudge, type Person } from "./people.ts";
import { FULL, report, setting } from "./setting.ts";

/** A room with one member behind the link that is cut, and one that sees what happens. */
interface Scene {
  name: "quiet" | "busy";
  cast: Cast;
  far: Person;
  near: Person;
  /** When the far one noticed, and when the room was told that it is away; in ms after the cut. */
  noticed: number;
  dropped: number;
}

async function scene(name: Scene["name"], farUrl: string, nearUrl: string): Promise<Scene> {
  let url = nearUrl;
  const cast = new Cast(() => url, { timeoutMs: 3_000 });
  const near = await cast.enter();
  url = farUrl;
  const far = await cast.enter(near.room.id);
  return { name, cast, far, near, noticed: NaN, dropped: NaN };
}

/** Cuts the link for a time, and judges what happened when it is whole again. */
async function partition(
  scenes: Scene[],
  { heartbeatMs, cutMs, cut, heal }: {
    heartbeatMs: number;
    cutMs: number;
    cut: () => void | Promise<void>;
    heal: () => void | Promise<void>;
  },
): Promise<void> {
  let over = false;
  const talking = scenes.filter(({ name }) => name === "busy").map(({ cast, far, near }) =>
    cast.talk([near, far], { count: Infinity, perSecond: 200, while: () => !over })
  );
  for (const { cast, far } of scenes) await cast.say(far);
  await cut();
  const begin = performance.now();
  const sent = scenes.map(({ cast, far }) => cast.say(far));
  await Promise.all(scenes.map(async (scene) => {
    const { far, near } = scene;
    const isAway = () => near.room.members.get(far.chat.clientId)?.away === true;
    await until(
      () => {
        const now = performance.now() - begin;
        if (Number.isNaN(scene.noticed) && !connected(far)) scene.noticed = now;
        if (Number.isNaN(scene.dropped) && isAway()) scene.dropped = now;
        return scene.noticed + scene.dropped > 0;
      },
      () => `somebody does not notice: ${scene.noticed} ${scene.dropped}`,
      { withinMs: cutMs },
    );
  }));
  await pause(begin + cutMs - performance.now());
  await heal();
  await until(
    () => {
      nudge();
      return scenes.every(({ far }) => connected(far));
    },
    "not everybody comes back",
    { withinMs: 20_000 },
  );
  over = true;
  await Promise.all([...sent, ...talking]);
  for (const scene of scenes) judge(scene, await scene.cast.verdict(), { heartbeatMs, cutMs });
}

function judge(
  { name, noticed, dropped }: Scene,
  verdict: Verdict,
  { heartbeatMs, cutMs }: { heartbeatMs: number; cutMs: number },
): void {
  report("R8", `link cut for ${cutMs / 1_000} s, ${name} room, heartbeat ${heartbeatMs} ms`, {
    "client notices ms": Math.round(noticed),
    "server drops ms": Math.round(dropped),
    acked: verdict.acked,
    lost: verdict.lost,
    duplicate: verdict.duplicate,
    "told missing": verdict.told,
    "silent gaps": verdict.silentGaps,
  });
  assertClean(verdict, { toldIsFine: true });
  const slack = setting(400, 0);
  assert(noticed <= 1.5 * heartbeatMs + slack, `The client took ${noticed} ms`);
  assert(dropped <= 2 * heartbeatMs + 1_000 + slack, `The server took ${dropped} ms`);
}

Deno.test("R8 both sides notice a connection that has become silent, and nothing is lost", async () => {
  const heartbeatMs = 400;
  await using server = new TestChat({ rate: 0, heartbeatMs, logEntries: 10_000 });
  await using proxy = await FaultProxy.to(server.host);
  const scenes = [
    await scene("quiet", proxy.url, server.url),
    await scene("busy", proxy.url, server.url),
  ];
  await using _quiet = scenes[0]!.cast;
  await using _busy = scenes[1]!.cast;
  await partition(scenes, {
    heartbeatMs,
    cutMs: setting(2_500, 10_000),
    cut: () => proxy.blackhole(),
    heal: () => proxy.heal(),
  });
});

Deno.test("R8 both sides notice a cable that is pulled for a minute, and nothing is lost", {
  ignore: !FULL || !await mayMakeNamespaces(),
}, async () => {
  await using space = await NetNamespace.make();
  const args = ["--rate", "0", "--hostname", "0.0.0.0", "--log-entries", "20000"];
  await using server = await ServerProcess.start({ within: space.within, args });
  const at = (address: string) => `ws://${address}:${new URL(server.url).port}/`;
  const scenes = [
    await scene("quiet", at(space.cuttable), at(space.steady)),
    await scene("busy", at(space.cuttable), at(space.steady)),
  ];
  await using _quiet = scenes[0]!.cast;
  await using _busy = scenes[1]!.cast;
  await partition(scenes, {
    heartbeatMs: 25_000,
    cutMs: 60_000,
    cut: () => space.cut(),
    heal: () => space.heal(),
  });
});
