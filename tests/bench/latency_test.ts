import { assert, assertEquals, assertMatch } from "@std/assert";
import { createChat } from "../../src/server/chat.ts";
import { FaultProxy } from "../chaos/fault_proxy.ts";
import { TestChat } from "../support/fixtures.ts";
import { shortest, until } from "../support/waiting.ts";
import { PunctualServer } from "./punctual_server.ts";
import { type Tampering, TamperingProxy } from "./tampering_proxy.ts";

const PROGRAM = new URL("../../bench/latency.ts", import.meta.url).href;

/** The time that the benchmark, a process of its own, may take until it is under way, in milliseconds. */
const STARTS_MS = 30_000;

/** The outcome of a run of the benchmark. */
interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
  /** The files in its folder, by name. */
  files: Record<string, string>;
  /** The first run of `summary.csv`, by column. */
  summary: Record<string, string>;
}

async function bench(...args: string[]): Promise<Outcome> {
  const out = await Deno.makeTempDir();
  try {
    const result = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", PROGRAM, "--out", out, "--warmup", "0.2", ...args],
    }).output();
    const files: Record<string, string> = {};
    for await (const { name } of Deno.readDir(out)) {
      files[name] = await Deno.readTextFile(`${out}/${name}`);
    }
    const [names = "", values = ""] = (files["summary.csv"] ?? "").split("\r\n");
    const fields = values.split(",");
    return {
      code: result.code,
      stdout: new TextDecoder().decode(result.stdout),
      stderr: new TextDecoder().decode(result.stderr),
      files,
      summary: Object.fromEntries(names.split(",").map((name, i) => [name, fields[i] ?? ""])),
    };
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

function rowsOf({ files }: Outcome): string[] {
  return (files["latency_results.csv"] ?? "").trimEnd().split("\r\n").slice(1);
}

/** Runs through a proxy that tampers with what the third client, a receiver, gets of message 5. */
async function benchThrough(tampering: Tampering, ...args: string[]): Promise<Outcome> {
  const chat = createChat({ rate: 0 });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, chat);
  const { port } = server.addr;
  const frameWith = `"@0.5.`;
  try {
    await using proxy = new TamperingProxy({
      ...{ port, tampering, connection: 2, frameWith, stallMs: 1_000 },
    });
    const outcome = await bench("--url", proxy.url, "--drain", "0.5", ...args);
    assert(proxy.tampered, outcome.stderr);
    return outcome;
  } finally {
    await chat.close();
    await server.shutdown();
  }
}

Deno.test("the benchmark writes exactly one row for each delivery", async () => {
  const outcome = await bench("--duration", "0.5", "--senders", "2", "--json");
  assertEquals(outcome.code, 0, outcome.stderr);
  const expected = 2 * 15 * 3;
  assertEquals(rowsOf(outcome).length, expected);
  const { status, sent, received, missing, max } = JSON.parse(outcome.stdout);
  assertEquals({ status, sent, received, missing }, {
    status: "ok",
    sent: 30,
    received: expected,
    missing: 0,
  });
  assertEquals(outcome.summary.received, String(expected));
  assertMatch(outcome.files["report.html"] ?? "", /All 90 deliveries came/);
  assert(max > 0 && max < 1_000);
});

Deno.test("a frame that is dropped is missing, and its receiver is named", async () => {
  const outcome = await benchThrough("drop", "--duration", "0.5");
  assertEquals(outcome.code, 1);
  assertMatch(outcome.stderr, /^Missing at receiver \w+, from sender \w+: messages 5$/m);
  assertEquals([outcome.summary.status, outcome.summary.missing], ["failed", "1"]);
  assertEquals(rowsOf(outcome).length, 44, "the other rows are kept");
});

Deno.test("a frame that comes twice is seen, although the client passes it over", async () => {
  const outcome = await benchThrough("double", "--duration", "0.5");
  assertEquals(outcome.code, 1);
  assertMatch(outcome.stderr, /^Duplicate on the wire to receiver \w+: seq \d+$/m);
  assertEquals([outcome.summary.status, outcome.summary.duplicate], ["failed", "1"]);
});

Deno.test("two frames that are swapped are seen", async () => {
  const outcome = await benchThrough("swap", "--duration", "0.5");
  assertEquals(outcome.code, 1);
  assertMatch(outcome.stderr, /^Reordered on the wire to receiver \w+: seq \d+$/m);
  assertEquals([outcome.summary.status, outcome.summary.reordered], ["failed", "1"]);
});

Deno.test("a stall shows in the scheduled latency, and the send-based one hides it", async () => {
  const hidden = await shortest(200, async () => {
    const outcome = await benchThrough("stall", "--duration", "3", "--rate", "80", "--json");
    assertEquals(outcome.code, 0, outcome.stderr);
    const { p99, send_p99 } = JSON.parse(outcome.stdout);
    assert(p99 > 900, `p99 is ${p99} ms`);
    return send_p99;
  });
  assert(hidden < 200, `send-based p99 is ${hidden} ms`);
});

Deno.test("a known latency is measured within a millisecond", async () => {
  const least = await shortest(21, async () => {
    await using server = new PunctualServer(20);
    const args = ["--url", server.url, "--duration", "1.5", "--clients", "2", "--json"];
    const outcome = await bench(...args);
    assertEquals(outcome.code, 0, outcome.stderr);
    return JSON.parse(outcome.stdout).min;
  });
  assert(least >= 20 && least < 21, `The shortest is ${least} ms`);
});

Deno.test("connections that are cut during the run cost time, and nothing else", async () => {
  await using server = new TestChat({ rate: 0 });
  await using proxy = await FaultProxy.to(server.host);
  const running = bench("--url", proxy.url, "--duration", "2", "--clients", "3");
  // So much has passed only when messages have: the run is under way.
  await until(() => proxy.passed.down >= 6_000, "no messages pass", { withinMs: STARTS_MS });
  proxy.reset();
  const { code, stderr, summary } = await running;
  assertEquals([code, stderr], [0, ""]);
  assertEquals([summary.missing, summary.duplicate, summary.reordered], ["0", "0", "0"]);
  assert(proxy.arrivals.length > 3, "Nothing was cut");
});

Deno.test("a server that dies during the run ends it, and the rows so far are kept", async () => {
  const chat = createChat({ rate: 0 });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, chat);
  const proxy = new TamperingProxy({
    ...{ port: server.addr.port, tampering: "none", connection: 1, frameWith: `"@0.5.` },
  });
  const running = bench("--url", proxy.url, "--duration", "60");
  await until(() => proxy.tampered, "message 5 does not come", { withinMs: STARTS_MS });
  await proxy[Symbol.asyncDispose]();
  const outcome = await running;
  await chat.close();
  await server.shutdown();
  assertEquals(outcome.code, 1);
  assertMatch(outcome.stderr, /^The connection of client \w+ ended: /);
  assertEquals(outcome.summary.status, "failed");
  assert(rowsOf(outcome).length > 5);
});

Deno.test("a server that cannot be reached is one line and exit code 1", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { code, stderr } = await bench("--url", `ws://127.0.0.1:${port}`);
  assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
});

Deno.test("a folder that cannot be written is one line and exit code 1", async () => {
  const file = await Deno.makeTempFile();
  const { code, stderr } = await bench("--out", `${file}/sub`);
  await Deno.remove(file);
  assertEquals(code, 1);
  assertMatch(stderr, /^Cannot write to .*\n$/);
});
