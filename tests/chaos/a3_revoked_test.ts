import { assertEquals } from "@std/assert";
import { jwt } from "../../src/auth/jwt.ts";
import { withDeadline } from "../../src/protocol/deadline.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";
import { AUTH_SECRET, signWith } from "../support/issuer.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const PEOPLE = setting(6, 100);

/** The time that everybody has to be out, in milliseconds. */
const WITHIN_MS = 1_000;

const folder = tempFolder();

const OPTIONS = {
  rate: 0,
  authenticate: jwt({ secret: AUTH_SECRET }),
  anonymous: "allow" as const,
  heartbeatMs: 3_600_000,
};

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

/** A client of somebody whose tokens will be revoked. */
interface Revoked {
  token: string;
  session: string;
  /** Its connection, where it has one. */
  socket: RawSocket | undefined;
  /** The code with which that was closed. */
  closed?: number;
}

async function enter(chat: TestChat, token: string, roomId: string): Promise<Revoked> {
  const socket = await chat.dial();
  const welcome = await socket.ask({ action: "hello", body: { token } });
  assertEquals(welcome.status, "connected", JSON.stringify(welcome));
  const joined = await socket.ask({ action: "join", body: roomId });
  assertEquals(joined.status, "success", JSON.stringify(joined));
  return { token, session: String(welcome.session), socket };
}

/** The answer of a chat to somebody that comes (back). */
async function hello(chat: TestChat, body: Frame): Promise<Frame> {
  await using socket = await chat.dial();
  return await socket.ask({ action: "hello", body });
}

/** Revokes tokens of one person after the other at random nodes, while its clients are at all of them. */
async function story(what: string, nodes: readonly TestChat[], late: () => Promise<TestChat>) {
  const random = chance(SEED);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const token = await signWith(AUTH_SECRET, { sub: "root", scope: "admin" });
  await using admin = await nodes[0]!.dial();
  await admin.ask({ action: "hello", body: { token } });
  const { room_id } = await admin.ask({ action: "create", body: "Lobby" });
  const counts = { connected: 0, away: 0, "let in": 0, "not out": 0, "kept out wrongly": 0 };
  const revoked: Revoked[] = [];
  for (let i = 0; i < PEOPLE; i++) {
    const sub = `eve${i}`;
    const old = await signWith(AUTH_SECRET, { sub, iat: inSeconds(-10), exp: inSeconds(600) });
    const clients: Revoked[] = [];
    for (const node of nodes) {
      for (const isAway of [false, true]) {
        const client = await enter(node, old, String(room_id));
        clients.push(client);
        if (!isAway) continue;
        // Away, in the time in which it may come back.
        await client.socket?.close();
        client.socket = undefined;
      }
    }
    counts.connected += nodes.length;
    counts.away += nodes.length;
    const root = await pick(nodes).dial();
    await root.ask({ action: "hello", body: { token } });
    const answer = await root.ask({ action: "revoke", body: { sub } });
    assertEquals(answer.status, "success", JSON.stringify(answer));
    const closed = Promise.all(clients.map(async (client) => {
      if (client.socket !== undefined) client.closed = (await client.socket.closed()).code;
    }));
    await withDeadline(WITHIN_MS, closed);
    await root.close();
    counts["not out"] += clients.filter((client) =>
      client.socket !== undefined && client.closed !== 4502
    ).length;
    for (const { session } of clients) {
      const refused = await hello(pick(nodes), { token: old, session });
      if (refused.code !== "token_revoked") counts["let in"]++;
    }
    const fresh = await signWith(AUTH_SECRET, { sub, iat: inSeconds(2), exp: inSeconds(600) });
    const again = await hello(pick(nodes), { token: fresh });
    if (again.status !== "connected") counts["kept out wrongly"]++;
    revoked.push(pick(clients));
  }
  await using later = await late();
  for (const { token, session } of revoked) {
    const refused = await hello(later, { token, session });
    if (refused.code !== "token_revoked") counts["let in"]++;
  }
  report("A3", `${PEOPLE} people revoked, ${what}`, counts);
  assertEquals([counts["let in"], counts["not out"], counts["kept out wrongly"]], [0, 0, 0]);
}

Deno.test("A3 who is revoked is out everywhere within a second: one server with SQLite", async () => {
  const store = sqlite(`${folder}/revoked.db`);
  const chat = new TestChat({ ...OPTIONS, store });
  await story("one server with SQLite", [chat], async () => {
    await chat[Symbol.asyncDispose]();
    return new TestChat({ ...OPTIONS, store });
  });
});

Deno.test({
  name: "A3 who is revoked is out everywhere within a second: three nodes with NATS",
  ...NEEDS_NATS,
  async fn() {
    await using nats = await NatsServer.start();
    // Nodes that wait for a core are not cut off.
    const options = { ...OPTIONS, probeMs: 1_000, leaseMs: 5_000 };
    const node = () => workingNode({ hosts: nats.host, name: "revoked" }, options);
    await using a = await node();
    await using b = await node();
    await using c = await node();
    await story("three nodes with NATS, and one that comes later", [a, b, c], node);
  },
});
