/**
 * RFC 6455, case by case, between a peer that knows nothing but bytes and a server.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { report } from "../chaos/setting.ts";
import { TestChat } from "../support/fixtures.ts";
import { type Case, CASES } from "./cases.ts";
import { type HandshakeCase, HANDSHAKES } from "./handshakes.ts";
import {
  CLOSE,
  frame,
  handshakeHeaders,
  PING,
  PONG,
  RawPeer,
  type Received,
  TEXT,
} from "./raw_peer.ts";
import { OF_THE_RUNTIME } from "./runtime_faults.ts";

/** `strict`: as the RFC has it. `lax`: the connection failed, but without the code that says why. */
type Verdict = "strict" | "lax" | { wrong: string };

const DIALECTS = ["plain", "v1"] as const;
const ALIVE = "alive?";

async function open(server: TestChat, dialect: typeof DIALECTS[number]): Promise<RawPeer> {
  if (dialect === "plain") {
    const peer = await RawPeer.open(server.host);
    await peer.next();
    return peer;
  }
  const peer = await RawPeer.open(server.host, "parley.v1");
  await peer.write(frame(JSON.stringify({ action: "hello" })));
  await peer.next();
  return peer;
}

/** The texts and pongs that came, and the code of the end: 0 where there was none, undefined while it goes on. */
interface Heard {
  texts: string[];
  pongs: Received[];
  code?: number;
}

/** Hears what comes until it is enough, or until the end. */
async function hear(peer: RawPeer, isEnough: (heard: Heard) => boolean): Promise<Heard> {
  const heard: Heard = { texts: [], pongs: [] };
  while (!isEnough(heard)) {
    const received = await peer.next();
    if (received === undefined) {
      heard.code ??= 0;
      break;
    }
    if (received.opcode === TEXT) heard.texts.push(received.text);
    if (received.opcode === PONG) heard.pongs.push(received);
    if (received.opcode === CLOSE) heard.code = codeOf(received);
  }
  return heard;
}

/** Does what a case says, and judges what comes of it. */
async function judge(peer: RawPeer, { bytes, pieceBytes, then }: Case): Promise<Verdict> {
  await peer.write(bytes, pieceBytes);
  switch (then.is) {
    case "echo":
    case "pongs": {
      const wanted = then.pongs;
      const [texts, count] = [then.is === "echo" ? 1 : 0, wanted.length];
      const heard = await hear(peer, (it) => it.texts.length >= texts && it.pongs.length >= count);
      if (heard.code !== undefined) return { wrong: `ended with ${heard.code}` };
      assertEquals(heard.pongs.map(({ payload }) => payload), wanted);
      if (then.is === "pongs") return "strict";
      const understood = /^Room (.*) does not exist$/s.exec(JSON.parse(heard.texts[0]!).message)
        ?.[1];
      return understood === then.text ? "strict" : { wrong: `understood ${understood}` };
    }
    case "open":
    case "failed": {
      await peer.write(frame(ALIVE, { opcode: PING }));
      const heard = await hear(peer, ({ pongs }) => pongs.some(({ text }) => text === ALIVE));
      const goesOn = heard.code === undefined;
      if (then.is === "open") return goesOn ? "strict" : { wrong: `ended with ${heard.code}` };
      if (goesOn) return { wrong: "goes on" };
      return heard.code === then.code ? "strict" : "lax";
    }
    case "closed": {
      const { texts, pongs, code = 0 } = await hear(peer, () => false);
      const said = [...texts, ...pongs.map(({ text }) => text)];
      if (said.length > 0) return { wrong: `says ${said}` };
      return then.codes.includes(code) ? "strict" : { wrong: `ended with ${code}` };
    }
    default:
      return then satisfies never;
  }
}

function codeOf({ payload }: Received): number {
  return payload.length < 2 ? 1005 : payload[0]! << 8 | payload[1]!;
}

async function judgeHandshake(peer: RawPeer, host: string, it: HandshakeCase): Promise<Verdict> {
  const headers = [...handshakeHeaders(host, it.changes), ...it.added ?? []];
  const head = await peer.request(it.line ?? "GET / HTTP/1.1", headers, it.body);
  const status = Number(/^HTTP\/1\.[01] (\d+)/.exec(head)?.[1] ?? 0);
  const answer = new Headers(
    head.split("\r\n").slice(1).map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  if (it.status !== 101) {
    if (status === 101) return { wrong: "a WebSocket" };
    if (status === 0) return "lax";
    const asks = answer.get("sec-websocket-version") === "13";
    if (it.status === 426 && it.name.includes("ersion") && !asks) {
      return { wrong: "does not say which version" };
    }
    return status === it.status ? "strict" : { wrong: `answered ${status}` };
  }
  const key = new Map(headers).get("Sec-WebSocket-Key");
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  assertEquals(
    [status, answer.get("upgrade")?.toLowerCase(), answer.get("connection")?.toLowerCase()],
    [101, "websocket", "upgrade"],
    it.name,
  );
  assertEquals(answer.get("sec-websocket-accept"), accept.digest("base64"), it.name);
  assertEquals(answer.get("sec-websocket-protocol"), it.chosen ?? null, it.name);
  assertEquals(answer.get("sec-websocket-extensions"), null, it.name);
  return "strict";
}

for (const dialect of DIALECTS) {
  Deno.test(`X3 RFC 6455, spoken as ${dialect}`, async () => {
    await using server = new TestChat({ rate: 0 });
    const verdicts = new Map<string, Verdict>();
    for (const it of CASES) {
      using peer = await open(server, dialect);
      verdicts.set(it.name, await judge(peer, it));
    }
    for (const it of HANDSHAKES) {
      using peer = await RawPeer.connect(server.host);
      verdicts.set(it.name, await judgeHandshake(peer, server.host, it));
    }
    assertEquals(verdicts.size, CASES.length + HANDSHAKES.length, "Each case needs its own name");
    const count = (verdict: Verdict) =>
      [...verdicts.values()].filter((it) => it === verdict).length;
    const wrong = [...verdicts].flatMap(([name, verdict]) =>
      typeof verdict === "string" ? [] : [`${name}: ${verdict.wrong}`]
    );
    report("X3", `${verdicts.size} cases, spoken as ${dialect}`, {
      "as the RFC says": count("strict"),
      "failed without a code": count("lax"),
      "the runtime's faults": wrong.length,
    });
    // What is mended there comes off that list.
    assertEquals(wrong.toSorted(), [...OF_THE_RUNTIME].toSorted());
    assertEquals(server.errors, []);
    assert(verdicts.size >= 270);
  });
}
