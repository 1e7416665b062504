import { assert, assertEquals } from "@std/assert";
import { createOps } from "../../src/ops/ops.ts";
import type { ChatOptions, Proof } from "../../src/server/chat.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import type { Entry } from "../../src/protocol/frames.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { chance, quantile, report, SEED, setting } from "./setting.ts";

const ROUNDS = setting(1, 10);
const JOINS = setting(300, 10_000);

/** All secret words begin with this: nothing that is sent to somebody who may not see them has it. */
const CANARY = "canary";
const API_TOKEN = "0123456789abcdef0123456789abcdef";

/** People who prove something, each by a token that is its `sub`. */
const PEOPLE: Record<string, Omit<Proof, "sub">> = {
  maker: { scope: "rooms:create" },
  barred: {},
  nowhere: { rooms: { "*": "none" } },
  elsewhere: { rooms: { "#another": "owner" } },
};

const OPTIONS: ChatOptions = {
  rate: 0,
  heartbeatMs: 3_600_000,
  secret: "a secret of the tests, of many characters",
  authenticate: (_request, token) => {
    const known = token === undefined ? undefined : PEOPLE[token];
    return known === undefined ? null : { sub: token!, ...known };
  },
  anonymous: "allow",
};

/** A room that somebody may not see, in the ways in which rooms are that. */
interface Hidden {
  readonly id: string;
  /** A room id of the same form that no room has. */
  readonly unknown: string;
  /** Links that open it to nobody here, by what is wrong with them. */
  readonly links: Readonly<Record<string, string>>;
}

/** Somebody who may not see a room, and the fields that its `join` has besides. */
interface Outsider {
  readonly what: string;
  readonly socket: RawSocket;
  readonly isPlain?: boolean;
  readonly join?: (hidden: Hidden) => Frame;
}

async function dialed(chat: TestChat, token?: string): Promise<RawSocket> {
  const socket = await chat.dial();
  socket.send({ action: "hello", body: token === undefined ? {} : { token } });
  socket.welcome = await socket.next();
  socket.id = String(socket.welcome.client_id);
  return socket;
}

/** The message or change that a client has sent last, among entries. */
function ownOf({ id }: RawSocket, entries: unknown): Entry | undefined {
  return (entries as Entry[] | undefined)?.findLast((entry) =>
    entry.from === id && !("event" in entry)
  );
}

async function ask(socket: RawSocket, action: string, fields: Frame): Promise<Frame> {
  socket.send({ action, ref: "asked", ...fields });
  const isAnswer = ({ ref, entries }: Frame) =>
    ref === "asked" || action === "message" && ownOf(socket, entries) !== undefined;
  const answer = await socket.until(isAnswer);
  const own = ownOf(socket, answer.entries);
  if (own !== undefined) return { seq: own.seq };
  assertEquals(answer.status, "success", JSON.stringify([action, fields, answer]));
  return answer;
}

/** Says something, and returns all that comes by the time that the server has answered. */
async function told(socket: RawSocket, frame: Frame, isPlain = false): Promise<Frame[]> {
  socket.send(frame);
  const isLast = ({ event, message }: Frame) =>
    isPlain ? message === "Invalid action" : event === "pong";
  socket.send({ action: isPlain ? "(nothing)" : "ping" });
  const frames: Frame[] = [];
  await socket.until((next) => {
    frames.push(next);
    return isLast(next);
  });
  return frames;
}

/** The ways to read, or to find something out, about a room; `seq` is in its log. */
function questions(id: string, seq: number): [action: string, fields: Frame][] {
  const join = (fields: Frame): [string, Frame] => ["join", { body: { room_id: id, ...fields } }];
  return [
    join({}),
    join({ last: 100 }),
    join({ after: 0, epoch: "aaaaaaaa" }),
    join({ after: seq + 1_000, last: 100 }),
    join({ room_name: "Lobby", room_token: "a".repeat(32) }),
    ["join", { body: id }],
    ["history", { room_id: id }],
    ["history", { room_id: id, before: seq + 1 }],
    ["history", { room_id: id, after: 0 }],
    ["history", { room_id: id, around: seq }],
    ["search", { room_id: id, text: CANARY }],
    ["rooms", {}],
    ["read", { room_id: id, seq }],
    ["typing", { room_id: id }],
    ["message", { room_id: id, body: "x" }],
    ["message", { room_id: id, body: "x", re: seq }],
    ["message", { room_id: id, re: seq, edit: "x" }],
    ["message", { room_id: id, re: seq, redact: true }],
    ["message", { room_id: id, re: seq, react: "👍" }],
    ["message", { room_id: id, re: seq, unreact: "👎" }],
    ["messages", { room_id: id, bodies: ["x", "y"] }],
    ["leave", { body: { room_id: id } }],
    ["kick", { body: { room_id: id, to: "maker" } }],
    ["role", { body: { room_id: id, to: "maker", role: "none" } }],
    ["room", { body: { room_id: id, topic: "x" } }],
    ["link", { body: { room_id: id, role: "reader" } }],
    ["links", { body: { room_id: id } }],
    ["unlink", { body: { room_id: id, id: "owner" } }],
    ["delete", { body: { room_id: id } }],
  ];
}

/** All of the API that tells something, and takes a room. */
const REQUESTS: readonly [method: string, rest: string][] = [
  ["GET", ""],
  ["GET", "/members"],
  ["GET", "/entries?after=0"],
  ["GET", "/roles"],
  ["GET", "/links"],
  ["GET", "/stream"],
  ["GET", "/stream?offset=-1&live=sse"],
  ["GET", "/stream?offset=-1&live=long-poll"],
  ["HEAD", "/stream"],
  ["POST", "/messages"],
  ["POST", "/hooks"],
  ["DELETE", ""],
];

/** Holds what is told about a hidden room against what is told about one that there is not. */
class Judge {
  questions = 0;
  leaks = 0;

  compare(what: string, hidden: Hidden, [about, otherwise]: [unknown, unknown]): void {
    this.questions++;
    const one = JSON.stringify(about).replaceAll(hidden.id, "ROOM");
    const other = JSON.stringify(otherwise).replaceAll(hidden.unknown, "ROOM");
    if (one === other && !one.includes(CANARY)) return;
    this.leak(`${what}, seed ${SEED}: ${one}\ninstead of ${other}`);
  }

  /** Checks that none of this is of what nobody may see. */
  sees(what: string, frames: unknown): void {
    this.questions++;
    const text = JSON.stringify(frames);
    if (text.includes(CANARY)) this.leak(`${what}, seed ${SEED}: ${text}`);
  }

  leak(text: string): void {
    this.leaks++;
    // deno-lint-ignore no-console -- this is what has to be looked into
    console.log(text);
  }
}

/** Makes rooms of each kind that outsiders may not see, asks about them in every way, and counts what differs. */
async function outside(chat: TestChat, judge: Judge, random: () => number): Promise<void> {
  const letters = (count: number) =>
    Array.from({ length: count }, () => "0123456789abcdefghjkmnpqrstvwxyz"[random() * 32 | 0]).join(
      "",
    );
  const word = () => `${CANARY}${letters(6)}`;
  await using sockets = new AsyncDisposableStack();
  const come = async (token?: string) => sockets.use(await dialed(chat, token));
  const maker = await come("maker");
  const mate = await come();
  const api = createOps(chat.chat, { version: "1", store: "memory", apiToken: API_TOKEN });
  for (const join of ["open", "link", "closed"]) {
    for (const isNamed of [false, true]) {
      const barred = await come("barred");
      const banned = await come();
      const plain = sockets.use(await chat.plain());
      const gone = await come();
      const narrowed = await come("nowhere");
      const made = await ask(maker, "create", {
        body: isNamed ? { room_name: word(), room_id: `#${letters(12)}` } : word(),
      });
      const id = String(made.room_id);
      for (const socket of [mate, gone, banned, barred]) {
        await ask(socket, "join", { body: { room_id: id } });
      }
      await plain.ask({ action: "join", body: id });
      const room = (fields: Frame) => ({ body: { room_id: id, ...fields } });
      const { id: ended, link: endedLink } = await ask(maker, "link", room({ role: "member" }));
      const { link: anothers } = await ask(maker, "link", room({ role: "member", to: "nobody" }));
      await ask(maker, "message", { room_id: id, body: `${word()} ${CANARY}` });
      await ask(mate, "rename", { body: word() });
      await ask(maker, "room", room({ join, topic: word() }));
      for (const to of [banned.id, barred.id, plain.id]) {
        const reason = word();
        await ask(maker, "role", room({ to, role: "none", reason }));
      }
      await ask(gone, "leave", room({}));
      const { seq } = await ask(maker, "unlink", room({ id: ended }));
      const elsewhere = await ask(maker, "create", { body: "Elsewhere" });
      const hidden: Hidden = {
        id,
        unknown: isNamed ? `#${letters(12)}` : letters(16).replace(/.{4}(?=.)/g, "$&-"),
        links: {
          "of another room": String(elsewhere.link),
          "that is cut short": String(endedLink).replace(/.$/, (last) => last === "0" ? "1" : "0"),
        },
      };
      const outsiders: Outsider[] = [
        { what: "banned", socket: banned },
        { what: "banned by a sub, as another client", socket: await come("barred") },
        { what: "of a token for no room", socket: narrowed },
        { what: "of a token for another room", socket: await come("elsewhere") },
        { what: "banned, and plain", socket: plain, isPlain: true },
      ];
      if (join !== "open") {
        outsiders.push(
          { what: "a stranger", socket: await come() },
          { what: "a member who has left", socket: gone },
          { what: "plain", socket: sockets.use(await chat.plain()), isPlain: true },
        );
      }
      const links = [{}, ...Object.values(hidden.links).map((link) => ({ link }))];
      // What comes of it until here was for members.
      for (const { socket, isPlain } of outsiders) {
        await told(socket, { action: isPlain ? "(nothing)" : "pong" }, isPlain);
        if (isPlain) await told(socket, { action: "(nothing)" }, true);
      }
      for (const { what, socket, isPlain } of outsiders) {
        const name = `${what}, ${join} ${isNamed ? "named " : ""}room`;
        if (isPlain) {
          for (const body of [(id: string) => id, (room_id: string) => ({ room_id })]) {
            const about = (id: string) => told(socket, { action: "join", body: body(id) }, true);
            judge.compare(name, hidden, [await about(hidden.id), await about(hidden.unknown)]);
          }
          continue;
        }
        const asked = questions(hidden.id, Number(seq));
        const otherwise = questions(hidden.unknown, Number(seq));
        const order = asked.map((_, i) => i).sort(() => random() - 0.5);
        for (const i of order) {
          const [action, fields] = asked[i]!;
          const body = fields.body as Frame;
          const isJoin = action === "join" && typeof body === "object";
          for (const link of isJoin ? links : [{}]) {
            const frame = (fields: Frame) => ({
              ...{ action, ref: "asked", ...fields },
              ...isJoin && { body: { ...fields.body as Frame, ...link } },
            });
            judge.compare(`${name}: ${JSON.stringify(frame(fields))}`, hidden, [
              await told(socket, frame(fields)),
              await told(socket, frame(otherwise[i]![1])),
            ]);
          }
        }
        // A link that was good once says that there is such a room: whoever has one knows that.
        for (const link of [endedLink, anothers]) {
          judge.sees(
            `${name}: a link`,
            await told(socket, { action: "join", body: { room_id: id, link } }),
          );
        }
      }
      for (const bearer of ["barred", "nowhere", "elsewhere", "maker", "wrong", undefined]) {
        for (const [method, rest] of REQUESTS) {
          // Whoever owns a room reads it.
          if (bearer === "maker" && rest.startsWith("/stream")) continue;
          const about = async (roomId: string) => {
            const answer = await api(
              new Request(`http://localhost/api/v1/rooms/${encodeURIComponent(roomId)}${rest}`, {
                method,
                ...(bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } }),
                ...(method === "POST" ? { body: "{}" } : {}),
              }),
            );
            return [answer.status, [...answer.headers], await answer.text()];
          };
          judge.compare(`${method} ${rest} of ${bearer}`, hidden, [
            await about(hidden.id),
            await about(hidden.unknown),
          ]);
        }
      }
      for (const path of ["/metrics", "/healthz", "/readyz"]) {
        judge.sees(path, await (await api(new Request(`http://localhost${path}`))).text());
      }
      for (const path of ["/healthz", `/?${id}`]) {
        const answer = await fetch(`http://${chat.host}${path}`);
        judge.sees(path, await answer.text());
      }
    }
  }
}

/** Has people read who may see nothing of what was said before they came. */
async function sinceJoin(chat: TestChat, judge: Judge, random: () => number): Promise<void> {
  await using sockets = new AsyncDisposableStack();
  const come = async (token?: string) => sockets.use(await dialed(chat, token));
  const maker = await come("maker");
  const mate = await come();
  const { room_id } = await ask(maker, "create", { body: "Lobby" });
  const id = String(room_id);
  await ask(mate, "join", { body: { room_id } });
  const before: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { seq } = await ask(i % 2 ? mate : maker, "message", {
      room_id,
      body: `${CANARY} ${random().toString(36).slice(2)}`,
    });
    before.push(Number(seq));
  }
  await ask(maker, "message", { room_id, re: before[0], edit: `${CANARY} edited` });
  await ask(maker, "message", { room_id, re: before[1], redact: true });
  await ask(maker, "room", { body: { room_id, history: "since_join" } });
  const all = await told(maker, { action: "join", body: { room_id, last: 1_000 } });
  assert(JSON.stringify(all).includes(CANARY), "there is something to be seen");
  const reader = await come();
  await ask(maker, "role", { body: { room_id, to: reader.id, role: "reader" } });
  for (const socket of [reader, await come(), await come("barred")]) {
    judge.sees("a join", await told(socket, { action: "join", body: { room_id, last: 1_000 } }));
    // Somebody answers, after it came.
    await ask(maker, "message", { room_id, body: "now", re: before[2] });
    for (const seq of before) {
      for (const [action, fields] of questions(id, seq)) {
        if (action === "leave") continue;
        const frames = await told(socket, { action, ...fields });
        judge.sees(`since_join: ${action} ${JSON.stringify(fields)}`, frames);
      }
    }
  }
}

/** Reads as everybody who may not, over everything there is to read. */
async function spy(what: string, chat: TestChat): Promise<void> {
  const judge = new Judge();
  const random = chance(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    await outside(chat, judge, random);
    await sinceJoin(chat, judge, random);
  }
  report("A6", `people of 8 kinds who may not see a room, or its past, ask in every way, ${what}`, {
    questions: judge.questions,
    leaks: judge.leaks,
  });
  assertEquals(judge.leaks, 0);
}

const folder = tempFolder();

Deno.test("A6 a room that somebody may not see is one that there is not, in memory", async () => {
  await using chat = new TestChat(OPTIONS);
  await spy("memory", chat);
});

Deno.test("A6 a room that somebody may not see is one that there is not, with SQLite", async () => {
  await using chat = new TestChat({ ...OPTIONS, store: sqlite(`${folder}/leaks.db`) });
  await spy("SQLite", chat);
});

/** Says in which part of all pairs, one of each, the first took longer: 0.5 where the time says nothing. */
function longer(some: readonly number[], others: readonly number[]): number {
  const all = [
    ...some.map((ms) => ({ ms, some: true })),
    ...others.map((ms) => ({ ms, some: false })),
  ];
  let below = 0;
  let pairs = 0;
  for (const time of all.sort((a, b) => a.ms - b.ms)) {
    if (time.some) pairs += below;
    else below++;
  }
  return pairs / (some.length * others.length);
}

/** Asks in turn to come into a room that somebody may not see, and into two that there are not. */
async function time(what: string, chat: TestChat): Promise<void> {
  const random = chance(SEED);
  const { host, roomId } = await chat.host1();
  await using maker = host;
  for (let n = 1; n <= 50; n++) {
    maker.send({ action: "message", room_id: roomId, n, body: "x".repeat(1_000) });
    await maker.entries(1);
  }
  await ask(maker, "room", { body: { room_id: roomId, join: "closed" } });
  await using spy = await chat.v1();
  const kinds = [roomId, "0000-0000-0000-0000", "zzzz-zzzz-zzzz-zzzz"]
    .map((room_id) => ({ room_id, times: [] as number[] }));
  for (let i = 0; i < JOINS; i++) {
    for (const { room_id, times } of kinds.toSorted(() => random() - 0.5)) {
      const begin = performance.now();
      const { code } = await spy.ask({ action: "join", body: { room_id } });
      times.push(performance.now() - begin);
      assertEquals(code, "room_not_found");
    }
  }
  const [hidden = [], unknown = [], another = []] = kinds.map(({ times }) => times);
  const us = (ms: number) => `${Math.round(ms * 1_000)} us`;
  const apart = Math.abs(quantile(hidden, 0.5) - quantile(unknown, 0.5));
  const noise = quantile(unknown, 0.75) - quantile(unknown, 0.25);
  const missed = apart <= noise ? [] : [`${what}: the medians are further apart than the noise`];
  report("A6", `${JOINS} joins of each kind, over loopback, ${what}`, {
    "hidden p50": us(quantile(hidden, 0.5)),
    "unknown p50": us(quantile(unknown, 0.5)),
    "quartiles apart": us(noise),
    "hidden took longer than unknown": longer(hidden, unknown).toFixed(3),
    "one unknown than another": longer(another, unknown).toFixed(3),
  }, missed);
}

Deno.test("A6 the time says nothing of whether there is such a room, in memory", async () => {
  await using chat = new TestChat(OPTIONS);
  await time("memory", chat);
});

Deno.test("A6 the time says nothing of whether there is such a room, with SQLite", async () => {
  await using chat = new TestChat({ ...OPTIONS, store: sqlite(`${folder}/time.db`) });
  await time("SQLite", chat);
});

/** Counts the joins that an address may try until it is told to wait. */
async function tries(body: Frame): Promise<number> {
  await using chat = new TestChat({ ...OPTIONS, exempt: [], addressFailedJoins: 20 });
  const { host, roomId } = await chat.host1();
  await using maker = host;
  await ask(maker, "room", { body: { room_id: roomId, join: "closed" } });
  await using spy = await chat.v1();
  for (let count = 0;; count++) {
    const { code } = await spy.ask({ action: "join", body: { room_id: roomId, ...body } });
    if (code === "rate_limited") return count;
  }
}

Deno.test("A6 a join that is refused costs an address the same, whether or not there is such a room", async () => {
  const link = `owner.${"0".repeat(32)}`;
  const unknown = { room_id: "0000-0000-0000-0000" };
  const hidden = [await tries({}), await tries({ link })];
  assertEquals(hidden, [await tries(unknown), await tries({ ...unknown, link })]);
  report(
    "A6",
    "joins of an address until it is told to wait, without a link and with a wrong one",
    {
      "hidden": hidden.join(" and "),
      "unknown": hidden.join(" and "),
    },
  );
});
