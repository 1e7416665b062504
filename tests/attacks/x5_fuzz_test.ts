/**
 * A great many frames drawn by chance: whatever goes out to anybody can be read by the parsers of
 * other languages, and nothing breaks in the server.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { chance, FULL, report, SEED, setting } from "../chaos/setting.ts";
import { TestChat } from "../support/fixtures.ts";
import { bounded } from "../support/waiting.ts";
import { FuzzedFrames } from "./fuzzed_frames.ts";
import { HAS_PARSERS, StrictParsers } from "./strict_parsers.ts";

const FRAMES = setting(5_000, 1_000_000);
/** Frames that one sender says before it waits for an answer. */
const AT_ONCE = 200;
const MARK = "this-is-the-last-one";

/** Somebody who says things, and hands on all that it hears. */
class Sender {
  readonly #url: string;
  readonly #plain: boolean;
  readonly #heard: (text: string) => void;
  #socket: WebSocket | undefined;
  #wake: () => void = () => {};

  constructor(url: string, plain: boolean, heard: (text: string) => void) {
    this.#url = url;
    this.#plain = plain;
    this.#heard = heard;
  }

  /** Connects, unless it still is, and joins a room. */
  async enter(roomId: string): Promise<void> {
    if (this.#socket?.readyState === WebSocket.OPEN) return;
    const socket = new WebSocket(this.#url, this.#plain ? [] : ["parley.v1"]);
    const opened = new Promise<void>((resolve) => socket.onopen = () => resolve());
    socket.onmessage = ({ data }) => {
      this.#heard(data);
      if (data.includes(MARK)) this.#wake();
    };
    socket.onclose = () => this.#wake();
    await bounded(opened, () => "a sender does not get in");
    if (!this.#plain) socket.send(JSON.stringify({ action: "hello", body: { name: "Ana" } }));
    socket.send(JSON.stringify({ action: "join", body: roomId }));
    this.#socket = socket;
  }

  /** Says frames, and resolves when all were heard; to false where the connection has ended before. */
  async say(frames: (string | Uint8Array<ArrayBuffer>)[]): Promise<boolean> {
    const answered = new Promise<void>((resolve) => this.#wake = resolve);
    for (const frame of frames) this.#socket?.send(frame);
    this.#socket?.send(JSON.stringify({ action: "join", body: MARK }));
    await bounded(answered, () => "the last frame has no answer");
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  async leave(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
    socket.close(1000);
    await bounded(closed, () => "a sender does not get out");
  }
}

Deno.test(`X5 whatever is said, others can read what comes of it`, {
  ignore: !HAS_PARSERS,
}, async () => {
  await using server = new TestChat({ rate: 0, maxAway: 100, graceMs: 0 });
  await using parsers = await StrictParsers.start(FULL);
  const { host, roomId } = await server.host1();
  await using _host = host;
  const random = chance();
  const frames = new FuzzedFrames(random, [roomId, roomId.toUpperCase()]);
  let [out, internal] = [0, 0];
  const heard = (text: string) => {
    out++;
    if (/"(?:internal|Internal error)"/.test(text)) internal++;
    parsers.add(text);
  };
  const senders = [true, false, true, false].map((plain) => new Sender(server.url, plain, heard));
  const before = Object.getOwnPropertyNames(Object.prototype);
  let said = 0;
  for (let turn = 0; said < FRAMES; turn++) {
    const sender = senders[turn % senders.length]!;
    await sender.enter(roomId);
    if (await sender.say(Array.from({ length: AT_ONCE }, () => frames.next()))) said += AT_ONCE;
    await parsers.flush();
  }
  for (const sender of senders) await sender.leave();
  const verdicts = await parsers.finish();
  report("X5", `${said} frames, four senders of both dialects`, {
    "frames out": out,
    ...Object.fromEntries(
      Object.entries(verdicts).map(([name, count]) => [`read by ${name}`, count]),
    ),
    internal,
    "errors logged": server.errors.length,
  });
  for (const [language, count] of Object.entries(verdicts)) {
    assertEquals(count, `${out}`, `${language}, seed ${SEED}`);
  }
  assertEquals([internal, server.errors], [0, []]);
  assertEquals(Object.getOwnPropertyNames(Object.prototype), before);
  assert(out > said / 4, `Only ${out} frames went out`);
});
